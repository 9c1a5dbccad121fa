import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { serve, type LoopbackServer } from '../bench/measure/loopback-server.ts';

const SERVERS = '/config/apps/http/servers';
interface Route {
  readonly '@id'?: string;
  readonly handle: readonly object[];
}

type Servers = Readonly<Record<string, { readonly routes: readonly Route[] }>>;

const USERS_OWN: Servers = { srv0: { routes: [{ handle: [{ handler: 'static_response', body: 'the site' }] }] } };

/** A Caddy that costs nothing: its admin API over one server, and the route that proves the lane. */
export class FakeCaddy {
  #servers: Servers = USERS_OWN;
  #server: LoopbackServer | undefined;
  writes = 0;

  static async start(): Promise<FakeCaddy> {
    const caddy = new FakeCaddy();
    caddy.#server = await serve((request, response) => void caddy.#answer(request, response));
    return caddy;
  }

  /** Where it is administered, and where it serves. */
  get url(): string {
    return `http://${this.#server?.address ?? ''}`;
  }

  /** What `caddy reload` does to rules that are not in the user's file. */
  reload(): void {
    this.#servers = USERS_OWN;
  }

  stop(): Promise<void> {
    return this.#server?.stop() ?? Promise.resolve();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    const body = await text(request);
    if (url.startsWith('/.crowdsec-lane/')) response.writeHead(this.#provesLane(url) ? 204 : 404).end();
    else if (url === SERVERS && method === 'PATCH') this.#write(request, response, body);
    else if (url === SERVERS) response.setHeader('etag', this.#etag).end(JSON.stringify(this.#servers));
    else if (url.startsWith(SERVERS)) response.end(JSON.stringify(this.#idAt(url) ?? null));
    else response.end('{}');
  }

  #write(request: IncomingMessage, response: ServerResponse, body: string): void {
    if (request.headers['if-match'] !== this.#etag) return void response.writeHead(412).end('{"error":"stale"}');
    this.#servers = JSON.parse(body) as Servers;
    this.writes++;
    response.end();
  }

  get #etag(): string {
    return `"${SERVERS} ${createHash('sha256').update(JSON.stringify(this.#servers)).digest('hex')}"`;
  }

  #idAt(url: string): string | undefined {
    const [, server = '', index = ''] = /servers\/([^/]+)\/routes\/(\d+)\/@id$/.exec(url) ?? [];
    return this.#servers[server]?.routes[Number(index)]?.['@id'];
  }

  /** As the `file` matcher of the pushed route does: by asking the file system for the secret's file. */
  #provesLane(url: string): boolean {
    const root = /"root":"([^"]+\/proof)"/.exec(JSON.stringify(this.#servers))?.[1];
    return root !== undefined && existsSync(join(root, url.slice(url.lastIndexOf('/') + 1)));
  }
}
