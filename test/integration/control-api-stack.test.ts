import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStack, type Stack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';

let stack: Stack;

async function call(method: string, path: string, body?: unknown) {
  const answer = await stack.controlApi.request(method, path, body);
  return { status: answer.status, body: JSON.parse(answer.body) as Record<string, unknown> };
}

beforeAll(async () => {
  stack = await startStack({ caddy: 'newest', controlApi: true, banned: ['203.0.113.5', '198.51.100.0/24'] });
  await waitFor(async () => (await call('GET', '/status')).status === 200, { what: 'the API to reach Redis' });
});

afterAll(() => stack.stop());

/** The built programs beside a real Caddy: what is answered is what visitors see. */
describe('protection, switched through Redis', () => {
  it('lets everybody in once PUT /enabled has answered "off", and nobody banned once it has answered "on"', async () => {
    await stack.untilBlocked('203.0.113.5');
    const off = await call('PUT', '/enabled', { enabled: false });
    expect(off).toMatchObject({ status: 200, body: { confirmed: true, missing: [] } });
    expect((await stack.requestFrom('203.0.113.5')).status).toBe(200);
    const on = await call('PUT', '/enabled', { enabled: true });
    expect(on).toMatchObject({ status: 200, body: { confirmed: true } });
    expect((await stack.requestFrom('203.0.113.5')).status).toBe(403);
    expect((await call('GET', '/status')).body).toMatchObject({ enabled: true, bouncer: { state: 'enforcing' } });
  });

  it('only watches once PUT /policy has answered "monitor"', async () => {
    expect(await call('PUT', '/policy', { policy: 'monitor' })).toMatchObject({
      status: 200,
      body: { confirmed: true },
    });
    expect((await stack.requestFrom('203.0.113.5')).status).toBe(200);
    await call('PUT', '/policy', { policy: 'enforce' });
    expect((await stack.requestFrom('203.0.113.5')).status).toBe(403);
  });

  it('enforces and counts what the community and the subscribed lists say', async () => {
    await stack.ban('198.18.7.1', { origin: 'CAPI', reason: 'http:scan' });
    await stack.ban('198.18.7.2', { origin: 'lists:firehol', reason: 'firehol' });
    await stack.untilBlocked('198.18.7.1');
    await stack.untilBlocked('198.18.7.2');
    const listed = async (origin: string) => JSON.stringify((await call('GET', `/decisions?origin=${origin}`)).body);
    await waitFor(async () => (await listed('community')).includes('"value":"198.18.7.1"'), {
      what: 'the list to show it',
    });
    await waitFor(async () => (await listed('lists')).includes('"value":"198.18.7.2"'), { what: 'and the other' });
    const status = async () => JSON.stringify((await call('GET', '/status')).body);
    await waitFor(async () => (await status()).includes('"community":1,"lists":1'), { what: 'both to be counted' });
    expect((await call('DELETE', '/decisions?value=198.18.7.1')).status).toBe(200);
    expect((await stack.requestFrom('198.18.7.1')).status).toBe(200);
  });

  it('stays off over a restart of the control API, the bouncer and Caddy', async () => {
    await call('PUT', '/enabled', { enabled: false });
    await stack.controlApi.restart();
    await stack.bouncer.restart('alive');
    await stack.caddy.restart();
    await stack.untilServed('203.0.113.5');
    expect((await call('GET', '/status')).body).toMatchObject({ enabled: false });
    await call('PUT', '/enabled', { enabled: true });
    await stack.untilBlocked('203.0.113.5');
  });

  it('names the Caddy that cannot be reached, and 202 means "not yet"', async () => {
    await stack.caddy.stop();
    const answer = await call('PUT', '/enabled', { enabled: true });
    await stack.caddy.start();
    expect(answer).toMatchObject({ status: 202, body: { confirmed: false } });
    expect(String((answer.body['missing'] as string[])[0])).toContain(stack.caddy.admin);
    expect(String((answer.body['missing'] as string[])[0])).toContain('; the bouncer keeps trying');
    expect(answer.body['took_ms']).toBeLessThan(5_000);
    await stack.untilBlocked('203.0.113.5');
  });
});

describe('the allowlist', () => {
  it('lets an address in although its range is banned, from the moment of the answer', async () => {
    await stack.untilBlocked('198.51.100.7');
    const added = await call('POST', '/allowlist', { values: [' 198.51.100[.]7 '], reason: 'the office' });
    expect(added).toMatchObject({ status: 200, body: { values: ['198.51.100.7'], confirmed: true } });
    expect((await stack.requestFrom('198.51.100.7')).status).toBe(200);
    expect((await stack.requestFrom('198.51.100.8')).status).toBe(403);
    expect((await call('GET', '/allowlist')).body).toMatchObject({
      total: 1,
      entries: [{ value: '198.51.100.7', reason: 'the office' }],
    });
    const removed = await call('DELETE', '/allowlist?value=198.51.100.7');
    expect(removed).toMatchObject({ status: 200, body: { confirmed: true } });
    expect((await stack.requestFrom('198.51.100.7')).status).toBe(403);
    expect((await call('DELETE', '/allowlist?value=198.51.100.7')).body).toMatchObject({ code: 'not_allowlisted' });
  });

  it('forgets an entry when its time is over', async () => {
    await call('POST', '/allowlist', { values: ['203.0.113.5'], duration: '10s' }); // as long as the answer may take
    expect((await stack.requestFrom('203.0.113.5')).status).toBe(200);
    await stack.untilBlocked('203.0.113.5', 30_000);
    expect((await call('GET', '/allowlist')).body).toMatchObject({ total: 0 });
  });

  it.each([
    ['everybody', { values: ['0.0.0.0/0'] }],
    ['everybody, IPv6', { values: ['::/0'] }],
    ['two lines', { values: ['1.2.3.4\n5.6.7.8'] }],
    ['no address', { values: ['999.1.1.1'] }],
    ['nothing', { values: [] }],
    ['ten thousand values', { values: Array.from({ length: 10_000 }, () => '192.0.2.1') }],
    ['a reason of two lines', { values: ['192.0.2.1'], reason: 'a\nb' }],
    ['a negative duration', { values: ['192.0.2.1'], duration: '-5s' }],
    ['an unknown field', { values: ['192.0.2.1'], forever: true }],
  ])('refuses %s', async (_what, body) => {
    expect((await call('POST', '/allowlist', body)).status).toBe(400);
    expect((await call('GET', '/allowlist')).body).toMatchObject({ total: 0 });
  });
});

describe('GET /alerts', () => {
  it('shows what CrowdSec decided and why', async () => {
    await stack.ban('192.0.2.44', { reason: 'seen in a test' });
    const { body } = await call('GET', '/alerts?ip=192.0.2.44');
    expect(body).toMatchObject({
      alerts: [{ scenario: 'seen in a test', source: { value: '192.0.2.44' }, decisions: [{ type: 'ban' }] }],
    });
    expect((await call('GET', '/alerts?limit=1')).body['alerts']).toHaveLength(1);
  });

  it('says 503 while LAPI is down, and that it will come back', async () => {
    await stack.crowdsec.stop();
    const answer = await call('GET', '/alerts');
    await stack.crowdsec.start();
    expect(answer).toMatchObject({
      status: 503,
      body: {
        code: 'lapi_unavailable',
        detail: expect.stringMatching(
          /^LAPI not available: connection refused; it last answered the bouncer /,
        ) as string,
      },
    });
  });

  it.each(['?ip=nonsense', '?since=yesterday', '?limit=0', '?nonsense=1'])('refuses %s', async (query) => {
    expect((await call('GET', `/alerts${query}`)).status).toBe(400);
  });
});
