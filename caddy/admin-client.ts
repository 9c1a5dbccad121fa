/**
 * Caddy's admin API, as far as we use it. Nothing here knows what our routes mean.
 *
 * undici's `request` and not `fetch`: Caddy 2.6 sends the ETag as a trailer, which `fetch` hides, and a unix socket
 * needs an empty Host header, which `fetch` forbids.
 */
import { Readable } from 'node:stream';
import { Client, type Dispatcher, errors } from 'undici';
import type { AdminAddress } from './admin-address.ts';
import { AdminWords, type AdminResult } from './admin-result.ts';
import { CAPABILITY_PROBES, type Capabilities } from './capabilities.ts';
import type { ManagedIds } from './managed-id.ts';

/** Milliseconds and bytes. A Caddy that loads a config lets every other call wait, so none of these is short. */
export interface AdminLimits {
  readonly connectMs: number;
  readonly smallCallMs: number;
  readonly readMs: number;
  /** 1,000,000 addresses load in 5 s on a quiet machine, and every server of a Caddy loads its own. */
  readonly writeMs: number;
  /** The config of all servers: 1,000,000 addresses take 18 MB a server. */
  readonly configBytes: number;
  /** Caddy 2.11 reads no more of a request. */
  readonly writeBytes: number;
  readonly smallBytes: number;
  /** Caddy's metrics are 10 kB, and grow with the metrics of requests where somebody switched those on. */
  readonly metricsBytes: number;
}

const ADMIN_LIMITS: AdminLimits = {
  connectMs: 3_000,
  smallCallMs: 15_000,
  readMs: 60_000,
  writeMs: 180_000,
  configBytes: 256 * 1024 * 1024,
  writeBytes: 100 * 1024 * 1024,
  smallBytes: 4 * 1024 * 1024,
  metricsBytes: 256 * 1024,
};

const SERVERS = '/config/apps/http/servers';

/** Seconds since 1970, as a float. */
const LAST_LOAD = /^caddy_config_last_reload_success_timestamp_seconds (\S+)$/m;

/** The JSON of all servers, and the ETag that a write must name to be sure that nobody wrote in between. */
export interface ServersSnapshot {
  readonly json: Buffer;
  readonly etag: string;
}

interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly path: string;
  readonly limitMs: number;
  readonly limitBytes: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | readonly Buffer[];
}

interface Reply {
  readonly body: Buffer;
  readonly etag: string | undefined;
}

export class CaddyAdmin {
  readonly address: AdminAddress;
  readonly #limits: AdminLimits;
  readonly #words: AdminWords;
  readonly #client: Client;

  constructor(address: AdminAddress, limits: Partial<AdminLimits> = {}) {
    this.address = address;
    this.#limits = { ...ADMIN_LIMITS, ...limits };
    this.#words = new AdminWords(address);
    this.#client = new Client(address.kind === 'unix' ? 'http://caddy' : address.origin, {
      connect: {
        timeout: this.#limits.connectMs,
        ...(address.kind === 'unix' ? { socketPath: address.path } : {}),
      },
      // No keep-alive: each reload replaces Caddy's admin server, and a call on a connection that is just being closed
      // would fail for no reason that people could act on.
      pipelining: 0,
      // The time limit of the whole call rules; see #send.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** Ends every call that is under way; they report `unreachable`. */
  async close(): Promise<void> {
    await this.#client.destroy();
  }

  /** Whether Caddy answers at all. */
  async ping(): Promise<AdminResult<undefined>> {
    return nothing(await this.#call(this.#small('/config/admin')));
  }

  async readServers(): Promise<AdminResult<ServersSnapshot>> {
    const { readMs: limitMs, configBytes: limitBytes } = this.#limits;
    const result = await this.#call({ method: 'GET', path: SERVERS, limitMs, limitBytes });
    if (result.kind !== 'ok') return result;
    const { body, etag } = result.value;
    if (isNull(body)) return this.#words.noHttpApp();
    if (etag === undefined) return this.#words.notCaddy('without an ETag');
    return { kind: 'ok', value: { json: body, etag } };
  }

  /** Replaces all servers in one reload, if nothing changed since `etag` was read. An unchanged config is not reloaded. */
  async writeServers(json: readonly Buffer[], etag: string): Promise<AdminResult<undefined>> {
    const { writeMs: limitMs, smallBytes: limitBytes, writeBytes } = this.#limits;
    const bytes = json.reduce((sum, chunk) => sum + chunk.length, 0);
    if (bytes > writeBytes) return this.#words.tooLarge(bytes, writeBytes);
    const headers = { 'content-type': 'application/json', 'if-match': etag };
    return nothing(await this.#call({ method: 'PATCH', path: SERVERS, limitMs, limitBytes, headers, body: json }));
  }

  /** Asks what this Caddy understands; see capabilities.ts. */
  async capabilities(): Promise<AdminResult<Capabilities>> {
    const clientIp = await this.#adapts(CAPABILITY_PROBES.clientIp);
    if (clientIp.kind !== 'ok') return clientIp;
    const logAppend = await this.#adapts(CAPABILITY_PROBES.logAppend);
    if (logAppend.kind !== 'ok') return logAppend;
    return { kind: 'ok', value: { clientIp: clientIp.value, logAppend: logAppend.value } };
  }

  /**
   * When Caddy last loaded a config, in its own words: the same words later mean that it has the same config. Undefined
   * where it does not tell: before 2.9, or with more metrics than are worth reading for this.
   */
  async lastLoad(): Promise<AdminResult<string | undefined>> {
    const result = await this.#call({ ...this.#small('/metrics'), limitBytes: this.#limits.metricsBytes });
    if (result.kind === 'unreachable') return result;
    const text = result.kind === 'ok' ? result.value.body.toString('latin1') : '';
    return { kind: 'ok', value: LAST_LOAD.exec(text)?.[1] };
  }

  /**
   * Whether a server's first three routes are the ones with these ids: cheap enough for every second, at any size.
   * A name that no URL path can carry is only asked whether the ids exist, which misses a route put before ours.
   */
  async idsInPlace(server: string, ids: ManagedIds): Promise<AdminResult<boolean>> {
    const path = isAddressable(server) ? `${SERVERS}/${encodeURIComponent(server)}/routes` : undefined;
    for (const [index, id] of [ids.enter, ids.block, ids.leave].entries()) {
      const found = path === undefined ? await this.#idExists(id) : await this.#idIs(`${path}/${index}/@id`, id);
      if (found.kind !== 'ok' || !found.value) return found;
    }
    return { kind: 'ok', value: true };
  }

  /** A small part of the config, as JSON text; undefined where there is none. */
  async readPath(path: string): Promise<AdminResult<string | undefined>> {
    const result = await this.#call(this.#small(path));
    if (result.kind === 'no-http-app') return { kind: 'ok', value: undefined };
    if (result.kind === 'rejected' && result.status !== 403) return { kind: 'ok', value: undefined };
    if (result.kind !== 'ok') return result;
    const { body } = result.value;
    return { kind: 'ok', value: isNull(body) ? undefined : body.toString('utf8').trim() };
  }

  async #idIs(path: string, id: string): Promise<AdminResult<boolean>> {
    const result = await this.readPath(path);
    return result.kind === 'ok' ? { kind: 'ok', value: result.value === JSON.stringify(id) } : result;
  }

  /** Caddy finds the id first (404 if it cannot) and walks the path to it then, which may fail. */
  async #idExists(id: string): Promise<AdminResult<boolean>> {
    const result = await this.#call(this.#small(`/id/${id}/@id`));
    if (result.kind === 'unreachable' || (result.kind === 'rejected' && result.status === 403)) return result;
    return { kind: 'ok', value: result.kind !== 'rejected' || result.status !== 404 };
  }

  async #adapts(caddyfile: string): Promise<AdminResult<boolean>> {
    const { smallCallMs: limitMs, smallBytes: limitBytes } = this.#limits;
    const headers = { 'content-type': 'text/caddyfile' };
    const result = await this.#call({ method: 'POST', path: '/adapt', limitMs, limitBytes, headers, body: caddyfile });
    if (result.kind === 'ok') return { kind: 'ok', value: true };
    return result.kind === 'rejected' && result.status === 400 ? { kind: 'ok', value: false } : result;
  }

  #small(path: string): Call {
    return { method: 'GET', path, limitMs: this.#limits.smallCallMs, limitBytes: this.#limits.smallBytes };
  }

  async #call(call: Call): Promise<AdminResult<Reply>> {
    try {
      // Caddy replaces its admin server at each reload, and closes what the old one had just accepted. Every call may
      // be made twice: a write names the config that it was computed for, and finds a newer one the second time.
      return await this.#send(call).catch((error: unknown) => {
        if (!isClosedByPeer(error)) throw error;
        return this.#send(call);
      });
    } catch (error) {
      if (error instanceof TooLarge) return this.#words.notCaddy(`with more than ${call.limitBytes} bytes`);
      return this.#words.unreachable(error, call.limitMs);
    }
  }

  async #send({ method, path, limitMs, limitBytes, headers, body }: Call): Promise<AdminResult<Reply>> {
    const response = await this.#client.request({
      method,
      path,
      headers: { ...headers, ...(this.address.kind === 'unix' ? { host: '' } : {}) },
      body: typeof body === 'object' ? Readable.from(body) : (body ?? null),
      signal: AbortSignal.timeout(limitMs),
    });
    const read = await readBody(response.body, limitBytes);
    if (response.statusCode >= 300) return this.#words.refusal(response.statusCode, read.toString('utf8'));
    return { kind: 'ok', value: { body: read, etag: etagOf(response) } };
  }
}

class TooLarge extends Error {}

function isClosedByPeer(error: unknown): boolean {
  return error instanceof errors.SocketError || (error as NodeJS.ErrnoException).code === 'ECONNRESET';
}

async function readBody(body: Dispatcher.ResponseData['body'], limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limitBytes) throw new TooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Caddy's answer where there is nothing, with a line end. */
function isNull(json: Buffer): boolean {
  return json.length < 8 && json.toString('utf8').trim() === 'null';
}

/** A header since 2.7, a trailer before; trailers are complete only after the body was read. */
function etagOf({ headers, trailers }: Dispatcher.ResponseData): string | undefined {
  const header = headers['etag'] ?? trailers['etag'];
  return typeof header === 'string' && header !== '' ? header : undefined;
}

/** Caddy splits the decoded path at each slash, and Go cleans dots and empty parts out of it. */
function isAddressable(server: string): boolean {
  return server !== '' && server !== '.' && server !== '..' && !server.includes('/');
}

function nothing(result: AdminResult<Reply>): AdminResult<undefined> {
  return result.kind === 'ok' ? { kind: 'ok', value: undefined } : result;
}
