import { readFileSync } from 'node:fs';
import { Agent } from 'undici';

/** How LAPI is reached: over TCP or a unix socket, with a client certificate or without. */
export interface LapiEndpoint {
  /** As the user wrote it, for messages. */
  readonly url: string;
  readonly certificates: {
    readonly caFile?: string | undefined;
    readonly certFile?: string | undefined;
    readonly keyFile?: string | undefined;
  };
}

/** Milliseconds and bytes. */
export interface LapiLimits {
  readonly connectMs: number;
  readonly firstByteMs: number;
  readonly deltaFirstByteMs: number;
  readonly silenceMs: number;
  /** A whole pull, first byte to last. */
  readonly pullMs: number;
  readonly replyBytes: number;
}

export const LAPI_LIMITS: LapiLimits = {
  connectMs: 5_000,
  /** LAPI computes a whole startup reply before its first byte: 2 s at 200,000 decisions on a small machine. */
  firstByteMs: 60_000,
  /** Changes are few. A LAPI that hangs is told of after this, and not after a minute. */
  deltaFirstByteMs: 15_000,
  silenceMs: 20_000,
  pullMs: 180_000,
  /** Twice a million decisions. */
  replyBytes: 512 * 1024 * 1024,
};

/** @throws Error when a certificate file cannot be read. */
export function createLapiAgent(
  { url, certificates }: LapiEndpoint,
  limits: LapiLimits,
): { agent: Agent; baseUrl: string } {
  const socketPath = socketPathOf(url);
  const read = (path: string | undefined) => (path === undefined ? {} : readFileSync(path));
  const agent = new Agent({
    connections: 1,
    // No keep-alive: a connection that LAPI, or a proxy before it, just closed would cost a complete pull.
    pipelining: 0,
    headersTimeout: limits.firstByteMs,
    bodyTimeout: limits.silenceMs,
    connect: {
      timeout: limits.connectMs,
      ...(socketPath === undefined ? {} : { socketPath }),
      ...(certificates.caFile === undefined ? {} : { ca: read(certificates.caFile) as Buffer }),
      ...(certificates.certFile === undefined ? {} : { cert: read(certificates.certFile) as Buffer }),
      ...(certificates.keyFile === undefined ? {} : { key: read(certificates.keyFile) as Buffer }),
    },
  });
  // On a unix socket the name is of no use to LAPI, but HTTP/1.1 wants one.
  return { agent, baseUrl: socketPath === undefined ? url.replace(/\/+$/, '') : 'http://localhost' };
}

/** `unix:///run/lapi.sock` → `/run/lapi.sock`. */
function socketPathOf(url: string): string | undefined {
  return url.startsWith('unix://') ? url.slice('unix://'.length) : undefined;
}
