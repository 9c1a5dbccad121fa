/** What a web page of somebody else can do with the browser of an operator, who may be signed in. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogger } from '../../bouncer/shared/runtime/logger.ts';
import { loadConfig } from '../../control-api/config.ts';
import { startControlApi } from '../../control-api/service.ts';
import { call, type HttpAnswer } from '../../scripts/servers/http.ts';
import type { RedisServer } from '../../scripts/servers/redis-server.ts';
import { API_PREFIX } from '../../scripts/servers/sidecar.ts';
import { Workbench } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';
import { type ApiUnderTest, startApi, TEST_TOKEN } from './control-api-under-test.ts';

const PUBLIC = 'https://crowdsec.example.com';

let workbench: Workbench;
let redis: RedisServer;
let api: ApiUnderTest;
let cookie: string;

beforeAll(async () => {
  workbench = await Workbench.open();
  redis = await workbench.redis();
  api = await startApi(workbench, { REDIS_URL: redis.url, CONTROL_API_PUBLIC_URL: PUBLIC });
  await waitFor(async () => (await api.get('/status')).status === 200, {
    what: 'the API to reach Redis',
    withinMs: 60_000,
  });
  const headers = { 'content-type': 'application/json' };
  const signedIn = await call({
    url: `${api.url}/api/v1/session`,
    method: 'POST',
    headers,
    body: JSON.stringify({ token: TEST_TOKEN }),
  });
  cookie = signedIn.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  expect(cookie).toMatch(/^crowdsec_session_[0-9a-f]{12}=/);
});

afterAll(() => workbench.stop());

const change = (headers: Record<string, string>, body = '{"enabled":true}') =>
  call({ url: `${api.url}${API_PREFIX}/enabled`, method: 'PUT', headers: { cookie, ...headers }, body });
const codeOf = ({ status, body }: HttpAnswer) =>
  `${status} ${(JSON.parse(body) as { code?: string }).code ?? ''}`.trim();
const JSON_TYPE = { 'content-type': 'application/json' };

describe('a change with the cookie of a signed-in browser (CSRF)', () => {
  it.each([
    ['https://evil.example'],
    ['http://localhost:3000'],
    ['http://127.0.0.1'],
    ['http://crowdsec.example.com'],
    ['https://crowdsec.example.com.evil.example'],
    ['https://evil.example/https://crowdsec.example.com'],
    ['https://sub.crowdsec.example.com'],
    ['null'],
    [''],
    ['file://'],
  ])('is refused from the origin "%s", whatever else the browser says', async (origin) => {
    for (const site of ['cross-site', 'same-site', 'same-origin', 'none', undefined]) {
      const headers = { ...JSON_TYPE, origin, ...(site === undefined ? {} : { 'sec-fetch-site': site }) };
      expect([site, codeOf(await change(headers))]).toEqual([site, '403 origin_not_allowed']);
    }
  });

  it.each([
    ['cross-site', '403 origin_not_allowed'],
    ['same-site', '403 origin_not_allowed'],
    ['same-origin', '202'],
    ['none', '202'],
    [undefined, '202'], // no browser of today; and one of old would have to send JSON, which a form cannot
  ])('without an Origin and with Sec-Fetch-Site %s is %s', async (site, expected) => {
    const headers = { ...JSON_TYPE, ...(site === undefined ? {} : { 'sec-fetch-site': site }) };
    expect(codeOf(await change(headers))).toBe(expected);
  });

  it('is taken from its own pages', async () => {
    expect(codeOf(await change({ ...JSON_TYPE, origin: api.url, 'sec-fetch-site': 'same-origin' }))).toBe('202');
    const published = { ...JSON_TYPE, origin: PUBLIC, host: 'crowdsec.example.com' };
    expect(codeOf(await change(published))).toBe('202');
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain; application/json',
    'application/json-patch+json',
  ])('is refused as %s, which a form or a beacon sends without asking', async (type) => {
    expect(codeOf(await change({ 'content-type': type }))).toBe('415 unsupported_media_type');
  });

  it('gets no permission when a browser asks for one first, from anywhere', async () => {
    for (const origin of ['https://evil.example', api.url]) {
      const headers = {
        origin,
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'content-type',
      };
      const answer = await call({ url: `${api.url}${API_PREFIX}/enabled`, method: 'OPTIONS', headers });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  it('cannot sign the browser in as somebody else, or out', async () => {
    const headers = { ...JSON_TYPE, cookie, origin: 'https://evil.example' };
    for (const [method, body] of [
      ['POST', JSON.stringify({ token: TEST_TOKEN })],
      ['DELETE', undefined],
    ] as const) {
      const answer = await call({
        url: `${api.url}/api/v1/session`,
        method,
        headers,
        ...(body === undefined ? {} : { body }),
      });
      expect(codeOf(answer)).toBe('403 origin_not_allowed');
      expect(answer.headers['set-cookie']).toBeUndefined();
    }
  });
});

describe('what another page reads with the cookie', () => {
  it('is nothing: no answer may be read across origins, be framed, be a script or open a stream', async () => {
    const answer = await call({ url: `${api.url}${API_PREFIX}/status`, headers: { cookie } });
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    expect(answer.headers).toMatchObject({ 'x-frame-options': 'DENY', 'cross-origin-resource-policy': 'same-origin' });
    const stream = await call({
      url: `${api.url}${API_PREFIX}/events`,
      headers: { cookie, origin: 'https://evil.example' },
    });
    expect(codeOf(stream)).toBe('403 origin_not_allowed');
  });
});

/** No token was set: reading needs none on this machine, which is where rebinding would come in. */
describe('without a token of the user (the default on one machine)', () => {
  let open: string;

  beforeAll(async () => {
    const environment = {
      CONTROL_API_LISTEN: '127.0.0.1:0',
      REDIS_URL: redis.url,
      STATE_DIR: workbench.path('open'),
      CROWDSEC_LAPI_URL: 'http://127.0.0.1:1',
      CROWDSEC_CONFIG_DIR: workbench.path('none'),
      CSCLI: 'no-such-cscli',
    };
    const config = loadConfig({ flags: {}, environment });
    if (config.kind === 'invalid') throw new Error(JSON.stringify(config.problems));
    const service = workbench.also(await startControlApi(config.values, createLogger('control-api', 'silent', false)));
    open = `http://127.0.0.1:${service.port}`;
    await waitFor(async () => (await call({ url: `${open}${API_PREFIX}/status` })).status === 200, {
      what: 'the open API to reach Redis',
    });
  });

  it('curl reads, and a page whose name was made to mean 127.0.0.1 does not (DNS rebinding)', async () => {
    expect((await call({ url: `${open}${API_PREFIX}/status` })).status).toBe(200);
    for (const host of [
      'evil.example',
      `evil.example:${new URL(open).port}`,
      'localhost.evil.example',
      '127.0.0.1.nip.example',
    ]) {
      for (const path of [
        `${API_PREFIX}/status`,
        `${API_PREFIX}/events`,
        '/',
        '/metrics',
        '/openapi.json',
        '/api/v1/session',
      ]) {
        const answer = await call({ url: `${open}${path}`, headers: { host } });
        expect([host, path, codeOf(answer)]).toEqual([host, path, '403 host_not_allowed']);
      }
    }
  });

  it('the heartbeat that a bare POST forces is not forced by another page', async () => {
    const url = `${open}${API_PREFIX}/console/heartbeat`;
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { host: 'evil.example' },
    ]) {
      expect((await call({ url, method: 'POST', headers: headers })).status).toBe(403);
    }
    expect((await call({ url, method: 'POST' })).status).not.toBe(403);
  });

  it('changes need the token that only this user can read, from every page and none', async () => {
    const signedOut = await call({ url: `${open}/api/v1/session`, method: 'DELETE' });
    const [name = ''] = signedOut.headers['set-cookie']?.[0]?.split('=') ?? [];
    expect(name).toMatch(/^crowdsec_session_/);
    for (const headers of [{}, { origin: open }, { cookie: `${name}=guessed` }]) {
      const answer = await call({
        url: `${open}${API_PREFIX}/enabled`,
        method: 'PUT',
        headers: { ...JSON_TYPE, ...headers },
        body: '{"enabled":false}',
      });
      expect(answer.status).toBe(401);
    }
  });
});
