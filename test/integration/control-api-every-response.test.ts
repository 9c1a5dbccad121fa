/** Every line of /openapi.json, answered by the real programs: what is documented happens, and what happens is documented. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStack, type Stack } from '../support/stack.ts';
import type { Internet } from '../support/internet/internet.ts';
import { waitFor } from '../support/wait-for.ts';
import { settingsBeside, startInternet, withCentralApi } from './control-api-crowdsec.ts';
import { checkDocumented, neverProduced } from './control-api-documented.ts';
import { DOCUMENTED } from './control-api-routes.ts';
import { type Answer, type ApiUnderTest, startApi, TEST_TOKEN } from './control-api-under-test.ts';

const KEY = 'abcdefghijklmnop';
const CADDY = '/hub/items/collections/crowdsecurity/caddy';

let stack: Stack;
let internet: Internet;
let api: ApiUnderTest;

beforeAll(async () => {
  stack = await startStack({ caddy: 'newest', banned: ['198.18.0.1', '198.18.0.2'] });
  const { workbench, crowdsec } = stack;
  internet = await startInternet(workbench, crowdsec);
  internet.capi.keys.add(KEY);
  await withCentralApi(crowdsec);
  api = await startApi(workbench, {
    ...(await settingsBeside(stack)),
    HTTPS_PROXY: internet.proxyUrl,
  });
  await waitFor(async () => (await api.get('/status')).status === 200, { what: 'the API to reach Redis' });
  await waitFor(async () => ((await api.get('/decisions')).body as { total: number }).total === 2, {
    what: 'the decisions to be read',
  });
});

afterAll(() => stack.stop());

/** Asks, one after the other. @returns `request status`, for all of them. */
async function statuses(requests: Readonly<Record<string, () => Promise<Answer>>>): Promise<Record<string, number>> {
  const seen: Record<string, number> = {};
  for (const [name, ask] of Object.entries(requests)) seen[name] = (await ask()).status;
  return seen;
}

const all = (status: number, requests: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.keys(requests).map((name) => [name, status]));

async function idOf(value: string): Promise<number> {
  const { body } = await api.get(`/decisions?q=${value}`);
  return (body as { decisions: { id: number }[] }).decisions[0]?.id ?? 0;
}

async function expectAll(status: number, requests: Readonly<Record<string, () => Promise<Answer>>>): Promise<void> {
  expect(await statuses(requests)).toEqual(all(status, requests));
}

describe('every documented answer', () => {
  it('that all is well, of what only reads', async () => {
    await stack.ban('198.18.0.3', { reason: 'an alert' });
    const alerts = (await api.get('/alerts')).body as { alerts: { id: number }[] };
    await expectAll(200, {
      healthz: () => api.request('/healthz'),
      readyz: () => api.request('/readyz'),
      session: () => api.request('/api/v1/session'),
      status: () => api.get('/status'),
      console: () => api.get('/console/status'),
      connectivity: () => api.get('/diagnostics/connectivity'),
      config: () => api.get('/diagnostics/config'),
      items: () => api.get('/hub/items'),
      item: () => api.get(CADDY),
      presets: () => api.get('/hub/presets'),
      allowlist: () => api.get('/allowlist'),
      decisions: () => api.get('/decisions'),
      history: () => api.get('/decisions/history'),
      csv: () => api.get('/decisions/export?format=csv'),
      json: () => api.get('/decisions/export?format=json'),
      lookup: () => api.get('/lookup/198.18.0.1'),
      alert: () => api.get(`/alerts/${alerts.alerts[0]?.id ?? 0}`),
    });
  });

  it('that all is well, of a stream', async () => {
    const gone = new AbortController();
    const path = '/api/v1/cerberus/crowdsec/events';
    const headers = { authorization: `Bearer ${TEST_TOKEN}` };
    const answer = await fetch(`${api.url}${path}`, { headers, signal: gone.signal });
    const first = await answer.body?.getReader().read();
    checkDocumented('GET', path, answer.status, answer.headers.get('content-type') ?? '', String(first?.value));
    gone.abort();
    expect(answer.status).toBe(200);
  });

  it('that a change is done', async () => {
    await expectAll(200, {
      'sign in': () => api.request('/api/v1/session', 'POST', { token: TEST_TOKEN }),
      'sign out': () => api.request('/api/v1/session', 'DELETE'),
      enabled: () => api.put('/enabled', { enabled: true }),
      policy: () => api.put('/policy', { policy: 'enforce' }),
      allow: () => api.post('/allowlist', { values: ['192.0.2.7'] }),
      'allow no longer': () => api.delete('/allowlist?value=192.0.2.7'),
      ban: () => api.post('/decisions', { values: ['198.18.1.1', '198.18.1.2', '198.18.1.3'] }),
      'unban by value': () => api.delete('/decisions?value=198.18.1.1'),
      'unban by id': async () => api.delete(`/decisions/${await idOf('198.18.1.2')}`),
      'unban many': async () => api.post('/decisions/delete', { ids: [await idOf('198.18.1.3')] }),
      drill: () => api.post('/diagnostics/drill'),
    });
  });

  it('that CrowdSec, the Hub and the Console have followed', async () => {
    await expectAll(200, {
      update: () => api.post('/hub/update'),
      upgrade: () => api.post('/hub/upgrade'),
      install: () => api.post(CADDY),
      remove: () => api.delete(CADDY),
      'install a preset': () => api.post('/hub/presets/http-probing?preview=true'),
      'remove a preset': () => api.delete('/hub/presets/http-probing?preview=true'),
      enroll: () => api.post('/console/enroll', { enrollment_key: KEY }),
      heartbeat: () => api.post('/console/heartbeat'),
      forget: () => api.delete('/console/enrollment'),
    });
  });

  it('that a request was not understood, for every route that can refuse one', async () => {
    const refusable = DOCUMENTED.filter(({ statuses: known }) => known.includes('default'));
    expect(refusable.length).toBeGreaterThan(30);
    const inPath: Readonly<Record<string, string>> = { type: 'collections', author: 'a', name: 'b' };
    await expectAll(
      400,
      Object.fromEntries(
        refusable.map(({ method, path }) => {
          const concrete = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => inPath[name] ?? '1');
          const ask = () => api.request(`${concrete}?nonsense=1`, method as 'GET' | 'PUT' | 'POST' | 'DELETE');
          return [`${method} ${path}`, ask];
        }),
      ),
    );
  });

  it('that a change is written and not yet in effect, while Caddy is gone', { timeout: 150_000 }, async () => {
    await api.post('/decisions', { values: ['198.18.2.1', '198.18.2.2', '198.18.2.3'] });
    const [second, third] = [await idOf('198.18.2.2'), await idOf('198.18.2.3')];
    await stack.caddy.stop();
    await expectAll(202, {
      enabled: () => api.put('/enabled', { enabled: true }),
      policy: () => api.put('/policy', { policy: 'enforce' }),
      allow: () => api.post('/allowlist', { values: ['192.0.2.8'] }),
      'allow no longer': () => api.delete('/allowlist?value=192.0.2.8'),
      ban: () => api.post('/decisions', { values: ['198.18.2.9'] }),
      'unban by value': () => api.delete('/decisions?value=198.18.2.1'),
      'unban by id': () => api.delete(`/decisions/${second}`),
      'unban many': () => api.post('/decisions/delete', { ids: [third] }),
      drill: () => api.post('/diagnostics/drill'),
    });
    await stack.caddy.start();
  });

  it('that the API is not ready, while Redis is gone', async () => {
    await stack.redis.stop();
    await waitFor(async () => (await api.request('/readyz')).status === 503, { what: 'the API to notice' });
    await stack.redis.start();
  });

  it('has been produced here', () => {
    expect(neverProduced()).toEqual([]);
  });
});
