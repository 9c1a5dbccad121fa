import { describe, expect, it } from 'vitest';
import { appAlone, authorized, configured, json, TOKEN } from './control-api-harness.ts';

const STATUS = '/api/v1/cerberus/crowdsec/status';
const ENABLED = '/api/v1/cerberus/crowdsec/enabled';
const HEARTBEAT = '/api/v1/cerberus/crowdsec/console/heartbeat';

async function problemOf(response: Response) {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const body = (await response.json()) as Record<string, unknown>;
  expect(Object.keys(body)).toEqual(
    expect.arrayContaining(['type', 'title', 'status', 'detail', 'code', 'hint', 'request_id']),
  );
  expect(body['status']).toBe(response.status);
  expect(body['request_id']).toBe(response.headers.get('x-request-id'));
  return body;
}

describe('who may do what', () => {
  it('reads without a token on loopback when none was set, as the seed document shows', async () => {
    const response = await appAlone().request('/openapi.json');
    expect(response.status).toBe(200);
  });

  it('asks for the generated token before it changes anything, and says which file holds it', async () => {
    const response = await appAlone().request(ENABLED, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{"enabled":false}',
    });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    const problem = await problemOf(response);
    expect(problem).toMatchObject({ code: 'token_required' });
    expect(problem['hint']).toContain('/state/control-api-token');
  });

  it('lets a bare POST force a heartbeat when no token was set, and not when one was', async () => {
    expect((await appAlone().request(HEARTBEAT, { method: 'POST' })).status).not.toBe(401);
    expect((await appAlone(configured).request(HEARTBEAT, { method: 'POST' })).status).toBe(401);
  });

  it('asks for a configured token before it tells anything', async () => {
    const app = appAlone(configured);
    for (const path of [STATUS, '/metrics', '/openapi.json', '/nowhere']) {
      expect([path, (await app.request(path)).status]).toEqual([path, 401]);
    }
    expect((await app.request('/openapi.json', { headers: authorized })).status).toBe(200);
    expect((await app.request('/healthz')).status).toBe(200);
  });

  it.each([
    'Bearer',
    'Bearer wrong',
    `Basic ${TOKEN}`,
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(0, -1)}`,
    `bearer  x ${TOKEN}`,
  ])('refuses %j', async (authorization) => {
    const response = await appAlone(configured).request(STATUS, { headers: { authorization } });
    expect(response.status).toBe(401);
  });

  it('never repeats a wrong token', async () => {
    const response = await appAlone(configured).request(STATUS, {
      headers: { authorization: 'Bearer hunter2hunter2' },
    });
    expect(await response.text()).not.toContain('hunter2');
  });

  it('answers 429 to a flood of wrong tokens, and still lets the right one in', async () => {
    const app = appAlone(configured);
    const knock = () => app.request('/openapi.json', { headers: { authorization: 'Bearer wrong' } });
    for (let i = 0; i < 20; i++) expect((await knock()).status).toBe(401);
    const refused = await knock();
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('60');
    expect((await app.request('/openapi.json', { headers: authorized })).status).toBe(200);
  });
});

describe('a browser session', () => {
  const signIn = (app: ReturnType<typeof appAlone>, token: string, headers: Record<string, string> = {}) =>
    app.request('/api/v1/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ token }),
    });

  it('opens with the token, is a cookie that scripts cannot read, and closes', async () => {
    const app = appAlone(configured);
    const signedIn = await signIn(app, TOKEN);
    const cookie = signedIn.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^crowdsec_session_[0-9a-f]{12}=[\w-]{43}; .*HttpOnly.*SameSite=Strict/);
    expect(cookie).not.toContain('Secure');
    const headers = { cookie: cookie.split(';')[0] ?? '' };
    expect((await app.request('/openapi.json', { headers })).status).toBe(200);
    await app.request('/api/v1/session', { method: 'DELETE', headers });
    expect((await app.request('/openapi.json', { headers })).status).toBe(401);
  });

  it('goes on beside one at another control API on the same host: browsers keep their cookies together', async () => {
    const [one, other] = [appAlone(configured), appAlone(configured)];
    const jar = new Map<string, string>();
    for (const app of [one, other]) {
      const [pair = ''] = ((await signIn(app, TOKEN)).headers.get('set-cookie') ?? '').split(';');
      const [name = '', value = ''] = pair.split('=');
      jar.set(name, value);
    }
    const cookie = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    for (const app of [one, other])
      expect((await app.request('/openapi.json', { headers: { cookie: cookie() } })).status).toBe(200);
    await other.request('/api/v1/session', { method: 'DELETE', headers: { cookie: cookie() } });
    expect((await one.request('/openapi.json', { headers: { cookie: cookie() } })).status).toBe(200);
  });

  it('is marked Secure under a public https URL', async () => {
    const signedIn = await signIn(appAlone(configured), TOKEN, { host: 'crowdsec.example.com' });
    expect(signedIn.headers.get('set-cookie')).toContain('Secure');
  });

  it('does not open with a wrong token', async () => {
    const response = await signIn(appAlone(configured), 'wrong');
    expect(await problemOf(response)).toMatchObject({ status: 401, code: 'wrong_token' });
    expect(response.headers.get('set-cookie')).toBeNull();
  });
});

describe('names and origins', () => {
  const app = appAlone();
  const ask = (headers: Record<string, string>, method = 'GET') =>
    app.request('http://localhost:8080/openapi.json', { method, headers: { host: 'localhost:8080', ...headers } });

  it.each(['localhost:8080', '127.0.0.1:8080', '[::1]:8080', 'LOCALHOST', 'crowdsec.example.com'])(
    'answers to %s',
    async (host) => {
      expect((await ask({ host })).status).toBe(200);
    },
  );

  it.each([
    'evil.example',
    '127.0.0.1.evil.example',
    'localhost.evil.example:8080',
    'crowdsec.example.com:81',
    '192.0.2.7:8080',
  ])('refuses a request for %s: DNS rebinding', async (host) => {
    expect(await problemOf(await ask({ host }))).toMatchObject({ status: 403, code: 'host_not_allowed' });
  });

  it.each([
    [{ origin: 'https://evil.example' }],
    [{ origin: 'http://localhost:3000' }],
    [{ origin: 'null' }],
    [{ origin: 'http://crowdsec.example.com' }],
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site' }],
  ])('refuses a change from another page: %j', async (headers) => {
    const response = await ask({ ...authorized, ...(headers as Record<string, string>) }, 'POST');
    expect(await problemOf(response)).toMatchObject({ status: 403, code: 'origin_not_allowed' });
  });

  it.each([
    [{ origin: 'http://localhost:8080' }],
    [{ origin: 'https://crowdsec.example.com', host: 'crowdsec.example.com' }],
  ])('takes requests of its own page: %j', async (headers) => {
    expect((await ask({ ...(headers as Record<string, string>), 'sec-fetch-site': 'same-origin' })).status).toBe(200);
  });
});

describe('what clients send', () => {
  const app = appAlone();
  const put = (body: string, headers: Record<string, string> = json) =>
    app.request(ENABLED, { method: 'PUT', headers, body });

  it.each([
    ['{"enabled":', 'invalid_json'],
    ['', 'invalid_json'],
    ['{}', 'invalid_request'],
    ['[]', 'invalid_request'],
    ['{"enabled":"true"}', 'invalid_request'],
    ['{"enabled":true,"also":1}', 'invalid_request'],
  ])('refuses %j', async (body, code) => {
    const problem = await problemOf(await put(body));
    expect(problem).toMatchObject({ status: 400, code });
  });

  it('names each field that is wrong', async () => {
    const problem = await problemOf(await put('{"enabled":1}'));
    expect(problem['errors']).toEqual([
      { path: 'json.enabled', message: expect.stringContaining('boolean') as string },
    ]);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'refuses a body of type %s: a form can be posted across origins',
    async (type) => {
      const response = await put('{"enabled":true}', { ...json, 'content-type': type, 'content-length': '16' });
      expect(await problemOf(response)).toMatchObject({ status: 415, code: 'unsupported_media_type' });
    },
  );

  it('refuses two megabytes', async () => {
    const body = `{"enabled":"${'x'.repeat(2_000_000)}"}`;
    const response = await put(body, { ...json, 'content-length': String(body.length) });
    expect(await problemOf(response)).toMatchObject({ status: 413, code: 'body_too_large' });
  });

  it('names the methods of a path', async () => {
    const response = await app.request(ENABLED, { method: 'DELETE', headers: authorized });
    expect(response.headers.get('allow')).toBe('PUT');
    expect(await problemOf(response)).toMatchObject({ status: 405, code: 'method_not_allowed' });
  });

  it('answers 404 as a problem too', async () => {
    expect(await problemOf(await app.request('/api/v1/nothing'))).toMatchObject({ status: 404, code: 'not_found' });
  });
});

describe('without Redis', () => {
  it('says so, with what to do, and that blocking goes on', async () => {
    const response = await appAlone().request(STATUS);
    expect(response.headers.get('retry-after')).toBe('5');
    const problem = await problemOf(response);
    expect(problem).toMatchObject({ status: 503, code: 'redis_unavailable' });
    expect(problem['hint']).toContain('REDIS_URL');
  });

  it('is alive and not ready', async () => {
    const app = appAlone();
    expect((await app.request('/healthz')).status).toBe(200);
    const ready = await app.request('/readyz');
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual({ ready: false, reasons: ['Redis is not available: not connected yet'] });
  });

  it('counts requests by route and never by path', async () => {
    const app = appAlone();
    await app.request('/healthz');
    await app.request('/lookup/203.0.113.9');
    const metrics = await (await app.request('/metrics')).text();
    expect(metrics).toContain('crowdsec_api_requests_total{route="GET /healthz",status="200"} 1');
    expect(metrics).not.toContain('203.0.113.9');
  });
});
