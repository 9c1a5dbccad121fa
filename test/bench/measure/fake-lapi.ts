import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { serve, type LoopbackServer } from './loopback-server.ts';

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
  readonly key = KEY;
  /** Of a full reply. */
  readonly bytes: number;
  readonly #pages: readonly Buffer[];
  readonly #server: LoopbackServer;
  #nextId: number;
  #added: string[] = [];

  private constructor(pages: readonly Buffer[], nextId: number, server: LoopbackServer) {
    this.#pages = pages;
    this.#nextId = nextId;
    this.#server = server;
    this.bytes = pages.reduce((sum, page) => sum + page.length, 0);
  }

  static async start(values: readonly string[]): Promise<FakeLapi> {
    // Written before anybody asks: what is measured is the reader.
    const pages = writePages(values);
    const server = await serve((request, response) => void lapi.#answer(request, response));
    const lapi = new FakeLapi(pages, values.length + 1, server);
    return lapi;
  }

  get url(): string {
    return `http://${this.#server.address}`;
  }

  /** The next delta has it. */
  add(value: string): void {
    this.#added.push(decisionJson(this.#nextId++, value));
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
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
