import { describe, expect, it } from 'vitest';
import { appAlone, authorized, configured, TOKEN } from './control-api-harness.ts';

const ANYWHERE = '/api/v1/nothing';

/** As @hono/node-server tells where a request comes from. */
const from = (remoteAddress: string) => ({ incoming: { socket: { remoteAddress } } });

async function flood(app: ReturnType<typeof appAlone>, count: number, headers: Record<string, string>, peer: string) {
  for (let i = 0; i < count; i++) await app.request(ANYWHERE, { headers }, from(peer));
}

describe('a flood of requests', () => {
  it('is answered 429 with the time to wait, and only to whom it comes from', async () => {
    const app = appAlone();
    await flood(app, 1_000, {}, '192.0.2.1');
    const refused = await app.request(ANYWHERE, {}, from('192.0.2.1'));
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(10);
    expect(refused.headers.get('content-type')).toBe('application/problem+json');
    expect(await refused.json()).toMatchObject({
      code: 'too_many_requests',
      hint: expect.stringMatching(/^Wait \d+ s/) as string,
    });
    expect((await app.request(ANYWHERE, {}, from('192.0.2.2'))).status).toBe(404);
  });

  it('of strangers does not shut out who holds the token, even from the same address', async () => {
    const app = appAlone(configured);
    await flood(app, 1_001, {}, '127.0.0.1');
    expect((await app.request(ANYWHERE, {}, from('127.0.0.1'))).status).toBe(429);
    expect(
      (await app.request(ANYWHERE, { headers: { authorization: 'Bearer wrong' } }, from('127.0.0.1'))).status,
    ).toBe(429);
    expect((await app.request(ANYWHERE, { headers: authorized }, from('127.0.0.1'))).status).toBe(404);
  });

  it('of one token is limited as well, and its browser sessions each on their own', async () => {
    const app = appAlone();
    const signedIn = await app.request('/api/v1/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: TOKEN }),
    });
    await flood(app, 3_000, authorized, '192.0.2.1');
    expect((await app.request(ANYWHERE, { headers: authorized }, from('192.0.2.9'))).status).toBe(429);
    const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
    expect((await app.request(ANYWHERE, { headers: { cookie } }, from('192.0.2.1'))).status).toBe(404);
  });

  it('never shuts out probes, the page and streams', async () => {
    const app = appAlone();
    await flood(app, 1_001, {}, '192.0.2.1');
    for (const path of ['/healthz', '/readyz', '/', '/assets/app.js', '/api/v1/cerberus/crowdsec/events']) {
      expect([path, (await app.request(path, {}, from('192.0.2.1'))).status]).not.toEqual([path, 429]);
    }
  });
});
