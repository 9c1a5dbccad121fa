import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const KEY = 'key-of-a-bench';
/** CrowdSec 1.7 reads its database in pages of this many and writes each as it comes. */
const PAGE = 30_000;
const SCENARIOS = [
  'http-probing',
  'http-bad-user-agent',
  'ssh-bf',
  'http-cve-2021-41773',
  'CVE-2023-22515',
  'smtp-spam',
];

/**
 * A LAPI for sets that would take a real one minutes to import: the stream endpoint alone, which answers as
 * CrowdSec 1.7 does, chunked, with `new` first and a `uuid` in every decision.
 */
export class FakeLapi {
  readonly url: string;
  readonly key = KEY;
  readonly bytes: number;
  readonly #pages: readonly Buffer[];
  #nextId: number;
  #added: string[] = [];
  readonly #close: () => Promise<void>;

  private constructor(pages: readonly Buffer[], nextId: number, port: number, close: () => Promise<void>) {
    this.#pages = pages;
    this.#nextId = nextId;
    this.bytes = pages.reduce((sum, page) => sum + page.length, 0);
    this.url = `http://127.0.0.1:${port}`;
    this.#close = close;
  }

  static async start(values: readonly string[]): Promise<FakeLapi> {
    // Written before anybody asks: what is measured is the reader.
    const pages = writePages(values);
    const answer: { lapi?: FakeLapi } = {};
    const server = createServer((request, response) => void answer.lapi?.answer(request, response));
    server.keepAliveTimeout = 0; // as in Go: an idle connection stays open
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const close = () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    const { port } = server.address() as AddressInfo;
    return (answer.lapi = new FakeLapi(pages, values.length + 1, port, close));
  }

  /** The next delta has it. */
  add(value: string): void {
    this.#added.push(decisionJson(this.#nextId++, value));
  }

  stop(): Promise<void> {
    return this.#close();
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    response.setHeader('content-type', 'application/json');
    if (request.headers['x-api-key'] !== KEY) return void response.writeHead(403).end('{"message":"access forbidden"}');
    if (url.pathname !== '/v1/decisions/stream') return void response.writeHead(404).end();
    if (url.searchParams.get('startup') === 'true') return this.#writeAll(response);
    response.end(`{"new": [${this.#added.splice(0).join(',')}], "deleted": []}\n`);
  }

  async #writeAll(response: ServerResponse): Promise<void> {
    const added = this.#added.splice(0).map((json) => `,${json}`);
    const end = Buffer.from(`${added.join('')}], "deleted": []}\n`);
    // A reader that goes away in the middle is its own affair.
    await pipeline(Readable.from([Buffer.from('{"new": ['), ...this.#pages, end]), response).catch(() => undefined);
  }
}

function writePages(values: readonly string[]): Buffer[] {
  const pages: Buffer[] = [];
  for (let start = 0; start < values.length; start += PAGE) {
    const rows = values.slice(start, start + PAGE).map((value, i) => decisionJson(start + i + 1, value));
    pages.push(Buffer.from((start === 0 ? '' : ',') + rows.join(',')));
  }
  return pages;
}

function decisionJson(id: number, value: string): string {
  return JSON.stringify({
    duration: `${1 + (id % 167)}h${id % 60}m${id % 59}s`,
    id,
    origin: id % 20 === 0 ? 'crowdsec' : 'CAPI',
    scenario: `crowdsecurity/${SCENARIOS[id % SCENARIOS.length]!}`,
    scope: 'Ip',
    type: 'ban',
    uuid: `00000000-0000-4000-8000-${id.toString(16).padStart(12, '0')}`,
    value,
  });
}
