import type { CaddyAdmin, ServersSnapshot } from '../../caddy/admin-client.ts';
import type { AdminFailure, AdminResult } from '../../caddy/admin-result.ts';
import type { Capabilities } from '../../caddy/capabilities.ts';
import type { ManagedIds } from '../../caddy/managed-id.ts';

interface FakeServer {
  readonly routes?: readonly { readonly '@id'?: string }[];
}

const ok = <Value>(value: Value): AdminResult<Value> => ({ kind: 'ok', value });

/** The admin API of a Caddy that is a JSON document: ETags change with it, and a write that names an old one is stale. */
export class FakeCaddyAdmin {
  /** `undefined` where no HTTP app is configured. */
  servers: Readonly<Record<string, FakeServer>> | undefined = { srv0: { routes: [] } };
  capable: Capabilities = { clientIp: true, logAppend: true };
  /** Answers instead of the document, for as long as it is set. */
  fails: AdminFailure | undefined;
  refusesWrites: string | undefined;
  /** Called before each write arrives, as somebody else who is quicker. */
  beforeWrite: (() => void) | undefined;
  /** Called before each look at the ids, which follows a write. */
  beforeLook: (() => void) | undefined;
  /** When it last loaded a config, as Caddy from 2.9 on tells. */
  loaded: string | undefined;
  readonly calls: string[] = [];
  readonly written: unknown[] = [];
  isClosed = false;

  /** The same, as the type of the real one. */
  get asAdmin(): CaddyAdmin {
    return this as unknown as CaddyAdmin;
  }

  get text(): string {
    return JSON.stringify(this.servers);
  }

  idsOf(server: string): (string | undefined)[] {
    return (this.servers?.[server]?.routes ?? []).map((route) => route['@id']);
  }

  ping(): Promise<AdminResult<undefined>> {
    return this.#answer('ping', () => ok(undefined));
  }

  capabilities(): Promise<AdminResult<Capabilities>> {
    return this.#answer('capabilities', () => ok(this.capable));
  }

  lastLoad(): Promise<AdminResult<string | undefined>> {
    return this.#answer('load', () => ok(this.loaded));
  }

  readServers(): Promise<AdminResult<ServersSnapshot>> {
    return this.#answer('read', () => {
      if (this.servers === undefined) return { kind: 'no-http-app', message: 'no HTTP server is configured' };
      return ok({ json: Buffer.from(this.text), etag: `"${this.text}"` });
    });
  }

  writeServers(json: readonly Buffer[], etag: string): Promise<AdminResult<undefined>> {
    this.beforeWrite?.();
    return this.#answer('write', () => {
      if (etag !== `"${this.text}"`) return { kind: 'stale', message: 'the config was changed meanwhile' };
      const reason = this.refusesWrites;
      if (reason !== undefined) return { kind: 'rejected', status: 400, reason, message: `Caddy refused: ${reason}` };
      this.servers = JSON.parse(Buffer.concat(json).toString()) as Record<string, FakeServer>;
      this.written.push(this.servers);
      return ok(undefined);
    });
  }

  idsInPlace(server: string, ids: ManagedIds): Promise<AdminResult<boolean>> {
    this.beforeLook?.();
    const wanted = [ids.enter, ids.block, ids.leave].join();
    return this.#answer('ids', () => ok(this.idsOf(server).slice(0, 3).join() === wanted));
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  #answer<Value>(call: string, answer: () => AdminResult<Value>): Promise<AdminResult<Value>> {
    this.calls.push(call);
    return Promise.resolve(this.fails ?? answer());
  }
}
