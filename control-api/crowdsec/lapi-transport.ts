import { readFileSync } from 'node:fs';
import { Agent, type Dispatcher, request } from 'undici';
import { VERSION } from '../version.ts';

export interface LapiTransportOptions {
  /** `http://`, `https://` or `unix:///path/to.sock`. */
  readonly url: string;
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

export interface LapiReply {
  readonly status: number;
  readonly text: string;
}

export interface LapiRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
}

/** LAPI checks machine logins for a name and a version around exactly one slash; Node's default is refused. */
export const USER_AGENT = `caddy-crowdsec-sidecar/${VERSION}`;

/** No answer of LAPI to us is larger; an import's alert with all its decisions can be some megabytes. */
const LARGEST_REPLY = 64 * 1024 * 1024;

/** HTTP to LAPI, over tcp, TLS or a unix socket; never through a proxy. */
export class LapiTransport {
  readonly origin: string;
  readonly #dispatcher: Agent;

  constructor({ url, caFile, certFile, keyFile }: LapiTransportOptions) {
    const socketPath = url.startsWith('unix:') ? url.slice('unix://'.length) : undefined;
    this.origin = socketPath === undefined ? url.replace(/\/+$/, '') : 'http://localhost';
    this.#dispatcher = new Agent({
      connections: 8,
      maxResponseSize: LARGEST_REPLY,
      connect: {
        timeout: 5_000,
        ...(socketPath === undefined ? {} : { socketPath }),
        ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
        ...(certFile === undefined ? {} : { cert: readFileSync(certFile) }),
        ...(keyFile === undefined ? {} : { key: readFileSync(keyFile) }),
      },
    });
  }

  /** @throws what undici throws: the caller turns it into words with `describeNetworkError`. */
  async send({ method, path, headers, body, timeoutMs }: LapiRequest): Promise<LapiReply> {
    const reply: Dispatcher.ResponseData = await request(`${this.origin}${path}`, {
      method,
      dispatcher: this.#dispatcher,
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        'user-agent': USER_AGENT,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    });
    return { status: reply.statusCode, text: await reply.body.text() };
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }
}
