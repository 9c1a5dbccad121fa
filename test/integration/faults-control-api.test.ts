/**
 * Between the control API and LAPI, Redis or the Central API something goes wrong: it says so, and nothing else breaks.
 * Longer than others, since one stack behind three faulty ways takes as long to start as all these tests.
 */
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keys } from '../../bouncer/shared/redis/keys.ts';
import { call } from '../../scripts/servers/http.ts';
import { type Fault, FaultProxy, GARBAGE, httpReply } from '../support/fault-proxy.ts';
import { makeCertificates } from '../support/internet/certificates.ts';
import type { Internet } from '../support/internet/internet.ts';
import { Workbench } from '../support/servers.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { startInternet, withCentralApi } from './control-api-crowdsec.ts';

const SLOW_MACHINE_MS = 40_000;
const LONG_MS = 120_000;
const HERE = makeCertificates(['localhost']);
/** Of an authority that is trusted, too: only the name is wrong. */
const ELSEWHERE = makeCertificates(['elsewhere.example'], 'another authority');

const BANNED = '127.9.0.1';
const FREE = '127.9.0.2';
/** Whose ban is lifted while LAPI is faulty: it may be lifted although the answer was lost. */
const LIFTED = '127.9.0.3';

let files: Workbench;
let stack: Stack;
let internet: Internet;
let toLapi: FaultProxy;
let toRedis: FaultProxy;
let toCapi: FaultProxy;
const rows: string[] = [];

beforeAll(async () => {
  files = await Workbench.open();
  const caFile = files.path('authorities.pem');
  await writeFile(caFile, HERE.authority + ELSEWHERE.authority);
  stack = await startStack({
    caddy: 'newest',
    banned: [BANNED],
    controlApi: { SSL_CERT_FILE: caFile, CROWDSEC_CA_FILE: caFile, HEARTBEAT_INTERVAL: '24h' },
    reroute: async (to, { CROWDSEC_LAPI_URL = '', REDIS_URL = '' }) => {
      if (to === 'bouncer') return {};
      toLapi = files.also(await FaultProxy.before(CROWDSEC_LAPI_URL, { certificates: HERE }));
      toRedis = files.also(await FaultProxy.before(REDIS_URL));
      return { CROWDSEC_LAPI_URL: toLapi.url, REDIS_URL: toRedis.url };
    },
  });
  internet = await startInternet(files, stack.crowdsec);
  toCapi = files.also(await FaultProxy.before(internet.capiUrl, { certificates: HERE }));
  internet.capi.machines.set('machine', 'password');
  const account = await withCentralApi(stack.crowdsec);
  await writeFile(account, `url: ${toCapi.url}/\nlogin: machine\npassword: password\n`);
});

afterAll(async () => {
  process.stdout.write(`\nthe control API\n${rows.join('\n')}\n\n`);
  await stack.stop();
  await files.stop();
});

const has = (part: string | RegExp) => expect.stringMatching(part) as string;

interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly hint: string;
}

async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const answer = await stack.controlApi.request(method, path, body);
  return { status: answer.status, body: JSON.parse(answer.body) as unknown };
}

/** A refusal in words: what is wrong, and what to do. */
async function problem(method: string, path: string, body?: unknown): Promise<Problem> {
  const answer = await ask(method, path, body);
  expect(answer.status, JSON.stringify(answer.body)).toBeGreaterThanOrEqual(400);
  const said = answer.body as Problem;
  expect(said.hint).not.toBe('');
  return said;
}

/** Whatever happens to the control API, Caddy does what it did. */
async function holds(): Promise<void> {
  expect(await stack.requestFrom(BANNED)).toMatchObject({ status: 403 });
  expect(await stack.requestFrom(FREE)).toMatchObject({ status: 200 });
}

/** Runs the fault, then waits until `well` answers 200 again, and notes how long that took. */
async function during(fault: string, proxy: FaultProxy, is: Fault, work: () => Promise<void>, well: string[]) {
  proxy.set(is);
  try {
    await work();
    await holds();
  } finally {
    proxy.heal();
  }
  const startedAt = performance.now();
  const [method = '', path = ''] = well;
  await waitFor(async () => (await ask(method, path)).status === 200, {
    what: `${method} ${path} to succeed`,
    withinMs: SLOW_MACHINE_MS,
  });
  rows.push(`  ${fault.padEnd(44)} converged ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
}

const COMMON: readonly { fault: string; is: Fault }[] = [
  { fault: 'cut at once', is: { kind: 'cut', afterBytes: 0 } },
  { fault: 'cut in the middle of an answer', is: { kind: 'cut', afterBytes: 60 } },
  { fault: 'garbage', is: { kind: 'answer', bytes: GARBAGE, then: 'stay' } },
  { fault: 'a shorter answer than said', is: httpReply(200, { body: '[{"id"', length: 900 }) },
  { fault: 'a web page', is: httpReply(200, { body: '<html>It works!</html>' }) },
  { fault: '429', is: httpReply(429, { headers: { 'retry-after': '1' } }) },
  { fault: '500', is: httpReply(500, { body: '{"message":"database is locked"}' }) },
  { fault: '503', is: httpReply(503, { headers: { 'retry-after': '1' } }) },
];

describe('between the control API and LAPI', () => {
  it.each(COMMON)(
    '$fault: what needs it says so, nothing is claimed to be done, the rest works',
    async ({ fault, is }) => {
      await during(`LAPI: ${fault}`, toLapi, is, lapiIsMissed, ['GET', '/alerts']);
    },
  );

  it('a certificate for another name is refused', async () => {
    toLapi.present(ELSEWHERE);
    const { code, detail } = await problem('GET', '/alerts');
    expect({ code, detail }).toMatchObject({ code: 'lapi_unavailable', detail: has('TLS') });
    toLapi.present(HERE);
    expect((await ask('GET', '/alerts')).status).toBe(200);
  });

  it.each<{ fault: string; is: Fault }>([
    { fault: 'answers 0.3 s late', is: { kind: 'delay', ms: 300 } },
    { fault: 'answers byte by byte', is: { kind: 'drip', everyMs: 0 } },
  ])('$fault: they are answers', async ({ fault, is }) => {
    const works = async () => expect((await ask('GET', '/alerts')).status).toBe(200);
    await during(`LAPI: ${fault}`, toLapi, is, works, ['GET', '/alerts']);
  });

  async function lapiIsMissed(): Promise<void> {
    const { status, code } = await problem('GET', '/alerts');
    expect({ status, code }).toEqual({ status: code === 'lapi_unavailable' ? 503 : 502, code: has(/^lapi_/) });
    expect(await problem('DELETE', `/decisions?value=${LIFTED}`)).toMatchObject({ code: has(/^lapi_/) });
    await waitFor(
      async () => {
        const { engine } = (await ask('GET', '/status')).body as { engine: { state: string; error?: string } };
        return engine.state === 'unreachable' && engine.error !== undefined;
      },
      { what: 'the status to tell of LAPI', withinMs: SLOW_MACHINE_MS },
    );
    const { status: decisions, body } = await ask('GET', '/decisions');
    expect(decisions).toBe(200);
    expect(JSON.stringify(body)).toContain(BANNED);
  }
});

describe('between the control API and Redis', () => {
  it.each<{ fault: string; is: Fault }>([
    ...COMMON.filter(({ is }) => is.kind === 'cut'),
    { fault: 'garbage', is: { kind: 'answer', bytes: GARBAGE, then: 'stay' } },
    { fault: 'a shorter answer than said', is: { kind: 'answer', bytes: '$900\r\nredis_version', then: 'end' } },
    { fault: 'half-open', is: { kind: 'half_open' } },
  ])('$fault: 503 with a hint, and what needs no Redis works', { timeout: LONG_MS }, async ({ fault, is }) => {
    const isMissed = async () => {
      await waitFor(async () => (await ask('GET', '/status')).status === 503, {
        what: 'the status to be refused',
        withinMs: SLOW_MACHINE_MS,
      });
      const said = await problem('GET', '/status');
      expect(said).toMatchObject({ status: 503, code: 'redis_unavailable', hint: has('REDIS_URL') });
      expect(await problem('PUT', '/enabled', { enabled: false })).toMatchObject({ code: 'redis_unavailable' });
      expect(await root('/healthz')).toMatchObject({ status: 200 });
      const ready = await root('/readyz');
      expect(ready.status).toBe(503);
      expect(ready.body).toContain('Redis is not available');
      expect((await ask('GET', '/alerts')).status).toBe(200);
      const { redis } = (await ask('GET', '/diagnostics/connectivity')).body as {
        redis: { status: string; hint: string };
      };
      expect(redis.status).toBe('unreachable');
    };
    await during(`Redis: ${fault}`, toRedis, is, isMissed, ['GET', '/status']);
    await waitFor(async () => (await root('/readyz')).status === 200, {
      what: 'it to be ready',
      withinMs: SLOW_MACHINE_MS,
    });
  });

  it('memory full: a change is refused with the reason, reading goes on, and the switch works again afterwards', async () => {
    await stack.redis.command('CONFIG SET maxmemory-policy noeviction');
    await stack.redis.command('CONFIG SET maxmemory 1');
    const said = await problem('PUT', '/enabled', { enabled: false });
    expect(said).toMatchObject({ status: 503, code: 'redis_unavailable', detail: has('OOM') });
    expect(await ask('GET', '/status')).toMatchObject({ status: 200, body: { enabled: true } });
    // What was found a moment ago is told again for a while.
    const found = await waitFor(
      async () => {
        const { redis } = (await ask('GET', '/diagnostics/connectivity')).body as { redis: { status: string } };
        return redis.status === 'unwritable' ? redis : undefined;
      },
      { what: 'the diagnostics to look again', withinMs: SLOW_MACHINE_MS },
    );
    expect(found).toMatchObject({ error: has('OOM'), hint: has('maxmemory') });
    await holds();
    await stack.redis.command('CONFIG SET maxmemory 0');
    expect((await ask('PUT', '/enabled', { enabled: true })).status).toBe(200);
  });

  it('garbage in the place of a bouncer’s status costs nobody else’s', async () => {
    await stack.redis.command(`SET ${keys.status('nobody')} {not-json`);
    const { body, status } = await ask('GET', '/status');
    expect(status).toBe(200);
    expect(body).toMatchObject({ bouncer: { state: 'enforcing' } });
    await stack.redis.command(`DEL ${keys.status('nobody')}`);
  });
});

describe('between the control API and the Central API', () => {
  const heartbeat = () => ask('POST', '/console/heartbeat');
  const state = async () =>
    ((await ask('GET', '/status')).body as { heartbeat: { state: string; last_error?: string; hint?: string } })
      .heartbeat;

  it('is reached when nothing is wrong', async () => {
    expect(await heartbeat()).toMatchObject({ status: 200, body: { sent: true } });
    expect(await state()).toMatchObject({ state: 'online' });
  });

  it.each([
    { fault: 'cut at once', is: { kind: 'cut', afterBytes: 0 }, code: 'capi_unreachable', hint: /443/ },
    {
      fault: 'cut in the middle of an answer',
      is: { kind: 'cut', afterBytes: 60 },
      code: 'capi_unreachable',
      hint: /443/,
    },
    { fault: 'garbage', is: { kind: 'answer', bytes: GARBAGE, then: 'stay' }, code: 'capi_unreachable', hint: /443/ },
    {
      fault: 'a shorter answer than said',
      is: httpReply(200, { body: '{', length: 900 }),
      code: 'capi_unreachable',
      hint: /443/,
    },
    { fault: '429', is: httpReply(429, { headers: { 'retry-after': '1' } }), code: 'capi_refused', hint: /wait/ },
    { fault: '500', is: httpReply(500), code: 'capi_refused', hint: /nothing to do here/ },
    {
      fault: '503',
      is: httpReply(503, { headers: { 'retry-after': '1' } }),
      code: 'capi_refused',
      hint: /nothing to do here/,
    },
  ] satisfies { fault: string; is: Fault; code: string; hint: RegExp }[])(
    '$fault: the heartbeat fails, with the reason and what to do',
    async ({ fault, is, code, hint }) => {
      const fails = async () => {
        const said = await problem('POST', '/console/heartbeat');
        expect(said).toMatchObject({ status: 502, code, hint: has(hint) });
        expect(await state()).toMatchObject({ state: 'degraded', last_error: said.detail, hint: said.hint });
      };
      await during(`Central API: ${fault}`, toCapi, is, fails, ['POST', '/console/heartbeat']);
      expect(await state()).toMatchObject({ state: 'online' });
    },
  );

  it('a certificate for another name is refused, by the heartbeat and by the diagnosis', async () => {
    toCapi.present(ELSEWHERE);
    expect(await problem('POST', '/console/heartbeat')).toMatchObject({
      code: 'capi_unreachable',
      detail: has(/^tls: /),
    });
    const { capi } = (await ask('GET', '/diagnostics/connectivity')).body as { capi: object };
    expect(capi).toMatchObject({ status: 'unreachable', hint: has('SSL_CERT_FILE') });
    toCapi.present(HERE);
    expect(await heartbeat()).toMatchObject({ status: 200 });
  });

  it.each<{ fault: string; is: Fault }>([
    { fault: 'answers 0.5 s late', is: { kind: 'delay', ms: 500 } },
    { fault: 'answers byte by byte', is: { kind: 'drip', everyMs: 0 } },
  ])('$fault: they are answers', async ({ fault, is }) => {
    const works = async () => expect(await heartbeat()).toMatchObject({ status: 200 });
    await during(`Central API: ${fault}`, toCapi, is, works, ['POST', '/console/heartbeat']);
  });
});

describe('half-open, all but Redis', () => {
  it('ends at a time limit, and holds up nobody else', { timeout: LONG_MS }, async () => {
    for (const proxy of [toLapi, toCapi]) proxy.set({ kind: 'half_open' });
    const waiting = Promise.all([problem('GET', '/alerts'), problem('POST', '/console/heartbeat')]);
    expect((await root('/healthz')).status).toBe(200);
    expect((await ask('GET', '/decisions')).status).toBe(200);
    await holds();
    const [alerts, heartbeat] = await waiting;
    expect(alerts).toMatchObject({ status: 503, code: 'lapi_unavailable' });
    expect(heartbeat).toMatchObject({ status: 502, code: 'capi_unreachable' });
    for (const proxy of [toLapi, toCapi]) proxy.heal();
    expect((await ask('GET', '/alerts')).status).toBe(200);
    expect((await ask('POST', '/console/heartbeat')).status).toBe(200);
  });
});

function root(path: string) {
  return call({ url: `${stack.controlApi.url}${path}` });
}
