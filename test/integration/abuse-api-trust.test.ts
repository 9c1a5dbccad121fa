/** OWASP API Security Top 10 (2023), points 6 to 10; 1 to 5 are in abuse-api. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { call, type HttpAnswer } from '../../scripts/servers/http.ts';
import { API_PREFIX } from '../../scripts/servers/sidecar.ts';
import { linkedRedis } from '../support/linked-redis.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { appAlone } from '../unit/control-api-harness.ts';
import { exchange, head, portOf } from './abuse-http.ts';
import { DOCUMENTED } from './control-api-routes.ts';
import { startApi } from './control-api-under-test.ts';

const SCENARIO = '=HYPERLINK("http://evil.example")<script>alert(1)</script>';

let stack: Stack;

/** A server that nobody has a reason to call, and that remembers who did. */
const trap = { port: 0, calls: [] as string[], stop: () => Promise.resolve() };

beforeAll(async () => {
  const server = createServer((request, response) => {
    trap.calls.push(`${request.method ?? ''} ${request.url ?? ''} ${JSON.stringify(request.headers)}`);
    response.end('trapped');
  });
  server.on('connect', (request, socket) => {
    trap.calls.push(`CONNECT ${request.url ?? ''}`);
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  trap.port = (server.address() as AddressInfo).port;
  stack = await startStack({ caddy: 'newest', controlApi: true });
  stack.workbench.also({ stop: () => new Promise<void>((resolve) => void server.close(() => resolve())) });
  await stack.ban('198.18.0.1', { reason: SCENARIO });
  await stack.ban('198.18.0.2');
  await waitFor(async () => Number(((await json('GET', '/decisions')) as { total?: number }).total) === 2, {
    what: 'the decisions to be listed',
    withinMs: 60_000,
  });
});
beforeEach(() => void trap.calls.splice(0));
afterAll(() => stack.stop());

const ask = (method: string, path: string, body?: unknown) => stack.controlApi.request(method, path, body);
const json = async (method: string, path: string, body?: unknown) =>
  JSON.parse((await ask(method, path, body)).body) as unknown;

/** Without the token. */
const stranger = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  call({ url: `${stack.controlApi.url}${path}`, headers, method });

describe('API6, flows that hurt when they are repeated or made in bulk', () => {
  it('lifts many at once only when they are as many as were shown, and never all of them by an empty filter', async () => {
    const wrong = await ask('POST', '/decisions/delete', { filter: { origin: ['cscli'] }, expected: 1 });
    expect(wrong.status).toBe(409);
    for (const filter of [{}, { q: '' }, { origin: [] }]) {
      expect((await ask('POST', '/decisions/delete', { filter, expected: 2 })).status).toBe(400);
    }
    expect(await json('GET', '/decisions')).toMatchObject({ total: 2 });
  });

  it('bans no more than a thousand at once, not the caller, and not everybody', async () => {
    const many = Array.from({ length: 1_001 }, (_, i) => `198.19.${i >> 8}.${i & 255}`);
    for (const values of [many, ['127.0.0.1'], ['0.0.0.0/0'], ['::/0'], ['0.0.0.0/1', '128.0.0.0/1']]) {
      expect((await ask('POST', '/decisions', { values })).status).toBeGreaterThanOrEqual(400);
    }
    expect(await json('GET', '/decisions')).toMatchObject({ total: 2 });
  });
});

describe('API7, requests that the server is made to send', () => {
  const target = () => `http://127.0.0.1:${trap.port}/steal`;

  it('none by any text that a request may carry', async () => {
    const url = target();
    const encoded = encodeURIComponent(url);
    const headers = {
      'x-forwarded-host': `127.0.0.1:${trap.port}`,
      forwarded: `host=127.0.0.1:${trap.port}`,
      referer: url,
      'x-callback-url': url,
    };
    await stranger(`${API_PREFIX}/status`, headers);
    for (const path of [
      `/decisions?q=${encoded}`,
      `/lookup/${encoded}`,
      `/hub/items?q=${encoded}`,
      `/hub/items/collections/${encoded}/x`,
      `/hub/items/collections/x/${encoded}`,
      `/alerts/${encoded}`,
    ]) {
      await ask('GET', path);
    }
    for (const [path, body] of [
      ['/decisions', { values: [url] }],
      ['/decisions', { values: ['198.18.9.9'], reason: url, duration: '1m' }],
      ['/allowlist', { values: [url] }],
      ['/console/enroll', { enrollment_key: url }],
    ] as const)
      await ask('POST', path, body);
    expect((await ask('POST', `/hub/items/collections/${encoded}/x`)).status).toBeGreaterThanOrEqual(400);
    expect(trap.calls).toEqual([]);
  });

  it('none as a proxy, neither daemon', async () => {
    for (const port of [portOf(stack.controlApi.url), portOf(stack.bouncer.url)]) {
      const [answer] = await exchange(port, head(`GET ${target()}`));
      expect(answer?.body ?? '').not.toContain('trapped');
      await exchange(port, head(`CONNECT 127.0.0.1:${trap.port}`));
    }
    expect(trap.calls).toEqual([]);
  });
});

describe('API8, configuration', () => {
  const cases: readonly (readonly [string, string, number])[] = [
    ['GET', '/', 200],
    ['GET', '/healthz', 200],
    ['GET', `${API_PREFIX}/status`, 401],
    ['GET', '/nowhere', 401],
    ['TRACE', '/healthz', 405],
    ['OPTIONS', `${API_PREFIX}/enabled`, 401],
  ];

  it.each(cases)(
    '%s %s carries what browsers need, says nothing of the software, and lets no other page read',
    async (method, path, status) => {
      const answer = await stranger(
        path,
        { origin: stack.controlApi.url, 'access-control-request-method': 'PUT' },
        method,
      );
      expect(answer.status).toBe(status);
      expect(answer.headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
        'content-security-policy': expect.stringContaining("default-src 'none'") as string,
      });
      const names = Object.keys(answer.headers);
      for (const told of ['server', 'x-powered-by', 'via']) expect(names).not.toContain(told);
      expect(names.filter((name) => name.startsWith('access-control-'))).toEqual([]);
    },
  );

  it('an error names no file, no line and no library', async () => {
    const broken = await Promise.all([
      stranger('/%'),
      ask('PUT', '/enabled', 7),
      ask('GET', '/lookup/%ff'),
      ask('GET', '/decisions?cursor=%00'),
    ]);
    for (const { status, body } of broken) {
      expect(status).toBeLessThan(500);
      expect(body).not.toMatch(/node_modules|\.[jt]s:\d|at \w+ \(|ioredis|undici|hono|zod/i);
    }
  });
});

describe('API9, what is served and nobody remembers', () => {
  it('nothing that is not in /openapi.json, but for the page, its files and the metrics', () => {
    const app = appAlone();
    const documented = new Set(
      DOCUMENTED.map(({ method, path }) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
    );
    const served = app.routes
      .filter(({ method, path }) => method !== 'ALL' && !path.includes('*'))
      .map(({ method, path }) => `${method} ${path}`);
    expect(served.length).toBeGreaterThanOrEqual(documented.size);
    const strangers = served.filter((route) => !documented.has(route));
    for (const route of strangers) expect(route).not.toContain('/api/');
  });

  it.each([
    '/api',
    '/api/v2/cerberus/crowdsec/status',
    '/api/v0/status',
    '/debug/pprof/',
    '/admin',
    '/server-status',
    '/.env',
    '/.git/config',
    '/actuator/env',
    '/swagger',
    '/docs',
    '/package.json',
    '/assets/',
    '/assets/index.js.map',
    '/graphql',
    '/config/',
  ])('neither daemon has %s', async (path) => {
    const { status } = await stranger(path);
    expect([401, 404]).toContain(status);
    expect((await stack.bouncer.get(path)).status).toBe(404);
    const token = await call({ url: `${stack.controlApi.url}${path}`, headers: { authorization: authorization() } });
    expect(token.status).toBe(404);
  });

  function authorization(): string {
    const env = stack.controlApi.spec.env ?? {};
    return `Bearer ${env['CONTROL_API_TOKEN'] ?? ''}`;
  }
});

describe('API10, what other servers say', () => {
  const shown = (answer: HttpAnswer) => [
    answer.status,
    answer.headers['content-type'],
    answer.headers['x-content-type-options'],
  ];

  it('a scenario that is a script and a formula stays text, in every form', async () => {
    const page = await ask('GET', '/decisions?q=198.18.0.1');
    expect(shown(page)).toEqual([200, 'application/json', 'nosniff']);
    expect((JSON.parse(page.body) as { decisions: { scenario: string }[] }).decisions[0]?.scenario).toBe(SCENARIO);
    const csv = await ask('GET', '/decisions/export?format=csv&q=198.18.0.1');
    expect(shown(csv)[2]).toBe('nosniff');
    expect(csv.headers['content-disposition']).toMatch(/^attachment/);
    expect(csv.body).toContain(`"'=HYPERLINK`);
    expect((await stack.bouncer.get('/metrics')).body).not.toContain('HYPERLINK');
  });

  it('a LAPI that redirects, or is something else, gets no password sent on, and is only "not well"', async () => {
    const answers: Record<string, [number, Record<string, string>, string]> = {
      redirect: [307, { location: `http://127.0.0.1:${trap.port}/v1/watchers/login` }, ''],
      page: [200, { 'content-type': 'text/html' }, '<html>'],
      list: [200, { 'content-type': 'application/json' }, '[]'],
      null: [200, { 'content-type': 'application/json' }, 'null'],
      number: [200, { 'content-type': 'application/json' }, '{"code":200,"token":7,"expire":{}}'],
      deep: [200, { 'content-type': 'application/json' }, '['.repeat(200_000)],
      teapot: [418, {}, 'x'.repeat(100_000)],
    };
    let kind = '';
    const lapi = createServer((request, response) => {
      request.resume();
      const [status, headers, body] = answers[kind] ?? [500, {}, ''];
      response.writeHead(status, headers).end(body);
    });
    await new Promise<void>((resolve) => lapi.listen(0, '127.0.0.1', resolve));
    stack.workbench.also({ stop: () => new Promise<void>((resolve) => void lapi.close(() => resolve())) });
    const api = await startApi(stack.workbench, {
      REDIS_URL: stack.redis.url,
      CROWDSEC_LAPI_URL: `http://127.0.0.1:${(lapi.address() as AddressInfo).port}`,
      CROWDSEC_MACHINE_ID: 'a-machine',
      CROWDSEC_MACHINE_PASSWORD: 'a-password-that-stays-here',
    });
    for (kind of Object.keys(answers)) {
      for (const path of ['/status', '/alerts', '/decisions', '/diagnostics/connectivity']) {
        const answer = await api.get(path);
        expect([kind, path, answer.status < 500 || [502, 503, 504].includes(answer.status)]).toEqual([
          kind,
          path,
          true,
        ]);
        expect(JSON.stringify(answer.body)).not.toContain('a-password-that-stays-here');
      }
      expect((await api.post('/decisions', { values: ['198.18.9.9'] })).status).toBeGreaterThanOrEqual(400);
    }
    expect(trap.calls).toEqual([]);
  });

  it('what somebody wrote to Redis breaks nothing', async () => {
    const link = await linkedRedis(stack.redis.url);
    const garbage = ['', 'null', '[]', '{"state":7}', '{"__proto__":{"enabled":false}}', '\0\xff', '{'.repeat(10_000)];
    for (const text of garbage) {
      await link.commands.set('crowdsec:v1:status:somebody', text);
      await link.commands.set('crowdsec:v1:enrollment', text);
      await link.commands.set('crowdsec:v1:heartbeat', text);
      for (const path of ['/status', '/console/status', '/decisions', '/diagnostics/config']) {
        expect([text.slice(0, 40), path, (await ask('GET', path)).status]).toEqual([text.slice(0, 40), path, 200]);
      }
    }
    await link.commands.del('crowdsec:v1:status:somebody', 'crowdsec:v1:enrollment', 'crowdsec:v1:heartbeat');
    link.stop();
    await stack.untilBlocked('198.18.0.1', 60_000);
  });
});
