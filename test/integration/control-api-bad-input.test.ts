import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keys } from '../../bouncer/shared/redis/keys.ts';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { restoreWanted } from '../../bouncer/shared/redis/wanted-store.ts';
import { problemSchema } from '../../control-api/http/problem.ts';
import type { CrowdsecServer } from '../../scripts/servers/crowdsec-server.ts';
import { linkedRedis } from '../support/linked-redis.ts';
import { Workbench } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';
import { bodyWith, brokenBodies } from './control-api-broken-input.ts';
import { settingsFor } from './control-api-crowdsec.ts';
import { DOCUMENTED, type DocumentedRoute } from './control-api-routes.ts';
import { type ApiUnderTest, startApi, TEST_TOKEN } from './control-api-under-test.ts';

let workbench: Workbench;
let crowdsec: CrowdsecServer;
let link: RedisLink;
let api: ApiUnderTest;
let before: unknown;

beforeAll(async () => {
  workbench = await Workbench.open();
  const redis = await workbench.redis();
  crowdsec = await workbench.crowdsec();
  await crowdsec.ban('203.0.113.9');
  await crowdsec.ban('198.51.100.0/24');
  link = await linkedRedis(redis.url);
  await link.commands.hset('crowdsec:v1:settings', { enabled: 'true', policy: 'enforce', change: 'before' });
  await restoreWanted(link, { settings: {}, allowlist: {} }); // as a bouncer leaves it that has been there
  api = await startApi(workbench, { REDIS_URL: redis.url, ...settingsFor(crowdsec) });
  await waitFor(async () => (await api.get('/status')).status === 200, { what: 'the API to reach Redis' });
  await waitFor(async () => (await api.get('/diagnostics/config')).status === 200, { what: 'the start to be over' });
  before = await everything();
});

afterAll(async () => {
  link.stop();
  await workbench.stop();
});

/** All that a request could change: every key of Redis, LAPI's decisions, and what is installed of the Hub. */
async function everything() {
  // A look at Redis leaves a key behind that runs out by itself, to know whether it takes writes.
  const names = (await link.commands.keys('*')).filter((name) => name !== keys.diagnosed).sort();
  const values = await Promise.all(names.map((name) => link.commands.dump(name)));
  const alerts = JSON.parse(await crowdsec.cscli('decisions', 'list', '-o', 'json')) as {
    decisions: { id: number; value: string }[];
  }[];
  return {
    redis: Object.fromEntries(names.map((name, i) => [name, values[i]])),
    decisions: alerts.flatMap(({ decisions }) => decisions.map(({ id, value }) => `${id} ${value}`)),
    hub: await crowdsec.cscli('hub', 'list', '-o', 'json'),
  };
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly type?: string;
}

interface Answered {
  readonly status: number;
  readonly what: string;
}

/** Asks, and holds the answer to what every refusal owes: 4xx, a code, a sentence and a hint. */
async function refused(what: string, { method, path, body, type = 'application/json' }: Sent): Promise<Answered> {
  const where = `${method} ${path.slice(0, 120)}, ${what}`;
  const answer = await request(`${api.url}${path}`, {
    method: method as 'GET',
    headers: {
      authorization: `Bearer ${TEST_TOKEN}`,
      'x-forwarded-for': OWN_ADDRESS,
      ...(body === undefined ? {} : { 'content-type': type }),
    },
    ...(body === undefined ? {} : { body }),
  });
  const text = await answer.body.text();
  expect([
    where,
    answer.statusCode >= 400 && answer.statusCode < 500 ? '4xx' : `${answer.statusCode} ${text.slice(0, 300)}`,
  ]).toEqual([where, '4xx']);
  const problem = problemSchema.parse(JSON.parse(text));
  expect([where, problem.code !== '', problem.hint !== '', problem.detail !== '']).toEqual([where, true, true, true]);
  expect([where, text.includes('not the token')]).toEqual([where, false]);
  return { status: answer.statusCode, what: where };
}

const OWN_ADDRESS = '203.0.113.200';

/** A right value for every name in a path. A new one needs an entry here before its route is tested. */
const IN_PATH: Readonly<Record<string, string>> = {
  type: 'collections',
  author: 'crowdsecurity',
  name: 'caddy',
  id: '1',
  ip: '203.0.113.9',
};

/** And for what a query cannot be without. */
const IN_QUERY: Readonly<Record<string, string>> = { value: '192.0.2.1', format: 'csv' };

/** Where an address goes in, whatever the route; all other text is tried with two lines just the same. */
const ADDRESSES = new Set(['value', 'ip', 'range']);

/** Probes take anything: what asks them adds parameters of its own. */
const PROBES = new Set(['/healthz', '/readyz']);

const ROUTES = DOCUMENTED.filter(({ path }) => !PROBES.has(path)).map((route) => ({
  ...route,
  title: `${route.method} ${route.path}`,
}));

function known(values: Readonly<Record<string, string>>, name: string): string {
  const value = values[name];
  if (value === undefined) throw new Error(`no test knows a right value for "${name}": add it here`);
  return value;
}

/** The route's URL, right but for what `changes` says of its path and query. */
function urlOf(route: DocumentedRoute, changes: Readonly<Record<string, string>> = {}): string {
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(changes[name] ?? known(IN_PATH, name)),
  );
  const query = new URLSearchParams();
  const inPath = new Set(route.parameters.filter((it) => it.in === 'path').map(({ name }) => name));
  for (const { name, in: place, required } of route.parameters) {
    if (place === 'query' && required === true) query.set(name, known(IN_QUERY, name));
  }
  for (const [name, value] of Object.entries(changes)) if (!inPath.has(name)) query.set(name, value);
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}

const named = (route: DocumentedRoute, place: 'path' | 'query') =>
  route.parameters.filter((it) => it.in === place).map(({ name }) => name);

describe('bad input, over every route of /openapi.json', () => {
  it.each(ROUTES)('$title: another method', async (route) => {
    const taken = new Set(DOCUMENTED.filter(({ path }) => path === route.path).map(({ method }) => method));
    for (const method of ['GET', 'PUT', 'POST', 'PATCH', 'DELETE']) {
      if (!taken.has(method)) await refused('another method', { method, path: urlOf(route) });
    }
  });

  it.each(ROUTES)('$title: another content type, broken JSON, 2 MB', async (route) => {
    const { method } = route;
    const path = urlOf(route);
    const form = await refused('a form', {
      method,
      path,
      body: 'enabled=false',
      type: 'application/x-www-form-urlencoded',
    });
    expect(form).toMatchObject({ status: 415 });
    expect(await refused('text', { method, path, body: '{}', type: 'text/plain' })).toMatchObject({ status: 415 });
    expect(await refused('broken JSON', { method, path, body: '{"enabled":' })).toMatchObject({ status: 400 });
    const large = JSON.stringify({ reason: 'x'.repeat(2_000_000) });
    // A GET has no body to measure: that there is one is refused already.
    expect(await refused('2 MB', { method, path, body: large })).toMatchObject({
      status: method === 'GET' ? 400 : 413,
    });
  });

  it.each(ROUTES)('$title: unknown fields and wrong types', async (route) => {
    const { method, bodies } = route;
    await refused('an unknown parameter', { method, path: urlOf(route, { nonsense: '1' }) });
    if (bodies.length === 0) await refused('a body where there is none', { method, path: urlOf(route), body: '{}' });
    for (const { what, value } of bodies.flatMap(brokenBodies)) {
      await refused(what, { method, path: urlOf(route), body: JSON.stringify(value) });
    }
  });

  it.each(ROUTES)('$title: text of two lines, and ten thousand values', async (route) => {
    const { method } = route;
    const many = Array.from({ length: 10_000 }, (_, i) => `10.1.${i >> 8}.${i & 255}`).join(',');
    for (const name of [...named(route, 'path'), ...named(route, 'query')]) {
      await refused(`${name} of two lines`, { method, path: urlOf(route, { [name]: '1.2.3.4\n5.6.7.8' }) });
      await refused(`${name} of ten thousand`, { method, path: urlOf(route, { [name]: many }) });
      await refused(`${name} of a thousand`, { method, path: urlOf(route, { [name]: many.slice(0, 8_000) }) });
    }
    for (const name of named(route, 'query')) {
      await refused(`${name} twice`, { method, path: `${urlOf(route, { [name]: 'true' })}&${name}=true` });
    }
  });

  /** Everybody, the caller, and a network of one’s own: nobody is banned or allowed by such a slip. */
  it.each(ROUTES)('$title: 0.0.0.0/0, the caller’s own address, a private range', async (route) => {
    const { method, bodies } = route;
    const isReading = method === 'GET';
    // "Add my address", and one's own network, are what an allowlist is for.
    const isAllowing = route.path.endsWith('/allowlist') && method === 'POST';
    const addresses =
      isReading || isAllowing
        ? ['0.0.0.0/0', '::/0']
        : ['0.0.0.0/0', '::/0', OWN_ADDRESS, '127.0.0.1', '192.168.1.0/24'];
    for (const address of addresses) {
      for (const name of [...named(route, 'path'), ...named(route, 'query')].filter((it) => ADDRESSES.has(it))) {
        await refused(`${name} ${address}`, { method, path: urlOf(route, { [name]: address }) });
      }
      for (const body of bodies.map((form) => bodyWith(form, address)).filter((it) => it !== undefined)) {
        await refused(address, { method, path: urlOf(route), body: JSON.stringify(body) });
      }
    }
  });

  it('is a problem too where it is no request at all', async () => {
    const { statusCode, body } = await request(`${api.url}/healthz?${'x'.repeat(20_000)}`);
    expect(problemSchema.parse(await body.json())).toMatchObject({ status: 431, code: 'headers_too_large' });
    expect(statusCode).toBe(431);
  });

  it('has changed nothing', async () => {
    expect(await everything()).toEqual(before);
  });
});
