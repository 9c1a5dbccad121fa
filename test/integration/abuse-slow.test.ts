/** Clients that send slowly, never read, or come in hundreds, to both HTTP servers; their limits are short here. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBouncerApp } from '../../bouncer/http/app.ts';
import { BouncerMetrics } from '../../bouncer/http/metrics.ts';
import { HttpServer } from '../../bouncer/http/server.ts';
import type { LookupAnswer } from '../../bouncer/lookup.ts';
import type { BouncerStatus } from '../../bouncer/shared/domain/status.ts';
import type { RequestLimits } from '../../bouncer/shared/http/request-limits.ts';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { appendEvent } from '../../bouncer/shared/redis/event-log.ts';
import { Secret } from '../../bouncer/shared/runtime/secret.ts';
import { call } from '../../scripts/servers/http.ts';
import { freePort } from '../../scripts/servers/ports.ts';
import { API_PREFIX } from '../../scripts/servers/sidecar.ts';
import { linkedRedis } from '../support/linked-redis.ts';
import { Workbench } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';
import { exchange, head, portOf, RawClient } from './abuse-http.ts';
import { type ApiUnderTest, startApi, TEST_TOKEN } from './control-api-under-test.ts';

/** Long enough for an honest request on a busy machine, short enough to be waited for. */
const LIMITS: RequestLimits = {
  headersMs: 3_000,
  requestMs: 5_000,
  lookEveryMs: 100,
  stalledMs: 300_000,
  connections: 60,
};
const PING_MS = 1_000;
const STALLED_MS = 6_000; // longer than the limits of a request, which would not be seen otherwise
const TOKEN_LINE = { Authorization: `Bearer ${TEST_TOKEN}` };

let workbench: Workbench;
let link: RedisLink;
let api: ApiUnderTest;
let apiPort: number;
let bouncerPort: number;

beforeAll(async () => {
  workbench = await Workbench.open();
  const redis = await workbench.redis();
  link = await linkedRedis(redis.url);
  api = await startApi(workbench, { REDIS_URL: redis.url }, { requestLimits: LIMITS, eventPingMs: PING_MS });
  apiPort = portOf(api.url);
  bouncerPort = await freePort();
  const app = createBouncerApp({
    status: () => ({ ready: true, reasons: ['x'.repeat(100_000)] }) as unknown as BouncerStatus,
    metrics: new BouncerMetrics({
      decisions: () => [],
      streamAgeSeconds: () => undefined,
      streamRole: () => 'alone',
      laneEntries: () => 0,
    }),
    token: new Secret(TEST_TOKEN),
    refresh: () => Promise.resolve([]),
    lookup: (address) => ({ address }) as unknown as LookupAnswer,
    bans: () => ({ addresses: [], ranges: [], exceptions: [] }),
  });
  const listen = { host: '127.0.0.1', port: bouncerPort, isLoopback: true };
  const server = workbench.also(new HttpServer(app, listen, 'BOUNCER_LISTEN', { ...LIMITS, stalledMs: STALLED_MS }));
  await server.start();
});

afterAll(async () => {
  link.stop();
  await workbench.stop();
});

const SERVERS = [
  ['the control API', () => apiPort, `PUT ${API_PREFIX}/enabled`],
  ['the bouncer', () => bouncerPort, 'POST /refresh'],
] as const;

describe.each(SERVERS)('%s', (_name, port, change) => {
  /** Opens a connection for each, drips, and gives back what each got by the time that all of them are closed. */
  async function drip(first: string, drop: string): Promise<number[]> {
    const clients = await Promise.all([1, 2, 3].map(() => RawClient.open(port())));
    for (const client of clients) client.send(first);
    const dripping = setInterval(() => clients.forEach((client) => client.send(drop)), 200);
    try {
      expect((await call({ url: `http://127.0.0.1:${port()}/healthz` })).status).toBe(200);
      await Promise.all(clients.map((client) => client.untilClosed()));
    } finally {
      clearInterval(dripping);
      for (const client of clients) client.close();
    }
    return clients.map((client) => client.answers.at(-1)?.status ?? 0);
  }

  /** All of them wait at the same time, so that the limits are waited for once. */
  const slow: Record<'head' | 'nothing' | 'body' | 'second', Promise<number[]>> = {} as never;

  beforeAll(() => {
    const type = { ...TOKEN_LINE, 'Content-Type': 'application/json', 'Content-Length': '100000' };
    slow.head = drip('GET /healthz HTTP/1.1\r\nHost: localhost\r\n', 'X-Drop: 1\r\n');
    slow.nothing = drip('', '');
    slow.body = drip(head(change, type), ' ');
    slow.second = drip('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\n', 'X-Drop: 1\r\n');
    for (const outcome of Object.values(slow)) outcome.catch(() => undefined); // each is awaited where it is tested
  });

  it('answers 408 to headers that never end, and others meanwhile', async () => {
    expect(await slow.head).toEqual([408, 408, 408]);
  });

  it('answers 408 to a connection on which nothing is ever said', async () => {
    expect(await slow.nothing).toEqual([408, 408, 408]);
  });

  it('closes on a body that never ends, and has not acted on it', async () => {
    // The bouncer needs no body: it has answered by then, and does not wait for more than the limit either.
    expect(await slow.body).toEqual(change.startsWith('PUT') ? [408, 408, 408] : [202, 202, 202]);
  });

  it('closes a second request on one connection that never ends', async () => {
    for (const status of await slow.second) expect([200, 408]).toContain(status);
  });

  it('closes connections above its limit at once, and serves again when they are gone', async () => {
    const clients = await Promise.all(Array.from({ length: LIMITS.connections + 20 }, () => RawClient.open(port())));
    await waitFor(() => clients.filter(({ isClosed }) => isClosed).length >= 20, { what: 'those above to be closed' });
    for (const client of clients) client.close();
    await waitFor(async () => (await call({ url: `http://127.0.0.1:${port()}/healthz` })).status === 200, {
      what: 'it to serve again',
    });
  });

  it('reads no more of a large head than it takes', async () => {
    const [answer] = await exchange(port(), head('GET /healthz', { 'X-Large': 'x'.repeat(40_000) }));
    expect(answer?.status).toBe(431);
  });
});

describe('what a slow client of the control API is told', () => {
  it('is a problem that says what to do', async () => {
    const client = await RawClient.open(apiPort);
    client.send('GET /healthz HTTP/1.1\r\n');
    await client.untilClosed();
    const [answer] = client.answers;
    expect(answer?.headers).toMatchObject({ 'content-type': 'application/problem+json', connection: 'close' });
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({
      status: 408,
      code: 'request_timeout',
      hint: expect.stringContaining('again') as string,
    });
  });
});

describe('a follower of /events that reads nothing', () => {
  /** So many of this size are more than all buffers on the way hold. */
  const LARGE = 'x'.repeat(8_000);
  const COUNT = 1_500;

  const follow = async () => {
    const client = await RawClient.open(apiPort);
    client.send(head(`GET ${API_PREFIX}/events`, { ...TOKEN_LINE, Connection: 'keep-alive' }));
    await waitFor(() => client.answers.some(({ body }) => body.includes(': connected')), { what: 'the stream' });
    return client;
  };

  it('is cut off, costs no memory that grows, and takes nothing from one who reads', { timeout: 120_000 }, async () => {
    const [reader, ...silent] = [await follow(), await follow(), await follow(), await follow()];
    for (const client of silent) client.stopReading();
    const heapBefore = process.memoryUsage().heapUsed;
    for (let i = 0; i < COUNT; i += 100) {
      const batch = Array.from({ length: 100 }, (_, n) => `${i + n} ${LARGE}`);
      const at = new Date().toISOString();
      await Promise.all(batch.map((message) => appendEvent(link, { at, by: 'a test', kind: 'test', message })));
    }
    await waitFor(() => reader.bytesReceived > COUNT * LARGE.length, {
      what: 'the reader to have every event',
      withinMs: 60_000,
    });
    // A paused socket hears of its end only when it reads again, so the server is asked: places are free again.
    await waitFor(async () => (await connectionsOf(apiPort)) === 1, {
      what: 'the silent ones to be cut',
      withinMs: 60_000,
    });
    for (const client of silent) {
      expect(client.bytesReceived).toBeLessThan(COUNT * LARGE.length);
      client.close();
    }
    reader.close();
    // The reader's own copy is in this process, too.
    const grown = process.memoryUsage().heapUsed - heapBefore - COUNT * LARGE.length;
    expect(grown).toBeLessThan(150e6);
  });
});

it('a client that asks and asks, and never reads an answer, is cut off', async () => {
  const client = await RawClient.open(bouncerPort);
  client.stopReading();
  client.send('GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(200)); // 20 MB of answers
  await waitFor(async () => (await connectionsOf(bouncerPort)) === 0, { what: 'it to be cut', withinMs: 60_000 });
  client.close();
});

/** What the server still holds, by the kernel's own table: a socket that is not read from hears of no end. */
async function connectionsOf(port: number): Promise<number> {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map((row) => row.trim().split(/\s+/));
  return rows.filter(([, address, , state]) => address === local && state === '01').length;
}
