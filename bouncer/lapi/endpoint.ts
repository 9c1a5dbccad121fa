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

/** The longest reply that is read: twice a million decisions. */
export const REPLY_LIMIT_BYTES = 512 * 1024 * 1024;

/** LAPI computes a whole startup reply before its first byte: 2 s at 200,000 decisions on a small machine. */
const FIRST_BYTE_LIMIT_MS = 60_000;
const SILENCE_LIMIT_MS = 20_000;
const CONNECT_LIMIT_MS = 5_000;

/** @throws Error when a certificate file cannot be read. */
export function createLapiAgent({ url, certificates }: LapiEndpoint): { agent: Agent; baseUrl: string } {
  const socketPath = socketPathOf(url);
  const read = (path: string | undefined) => (path === undefined ? {} : readFileSync(path));
  const agent = new Agent({
    connections: 1,
    headersTimeout: FIRST_BYTE_LIMIT_MS,
    bodyTimeout: SILENCE_LIMIT_MS,
    connect: {
      timeout: CONNECT_LIMIT_MS,
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
