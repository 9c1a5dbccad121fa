/** The list of decisions follows the real bouncer through the real Redis, whatever happens to either. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStack, type Stack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { type ApiUnderTest, startApi } from './control-api-under-test.ts';

/** More than a batch carries: they come as a snapshot. */
const MANY = 6_000;

let stack: Stack;
/** A control API that was not given the bouncer's token. */
let tokenless: ApiUnderTest;

beforeAll(async () => {
  const banned = Array.from({ length: MANY }, (_, i) => `198.18.${i >> 8}.${i & 255}`);
  stack = await startStack({ caddy: 'newest', controlApi: true, banned });
  tokenless = await startApi(stack.workbench, {
    REDIS_URL: stack.redis.url,
    CROWDSEC_LAPI_URL: stack.crowdsec.url,
    ...stack.crowdsec.controlEnvironment,
    BOUNCER_URL: stack.bouncer.url,
  });
});
afterAll(() => stack.stop());

interface Page {
  readonly decisions: readonly { readonly id: number; readonly value: string; readonly enforced: unknown }[];
  readonly total: number;
  readonly matching: number;
  readonly table: { readonly state: string; readonly reason?: string; readonly age_seconds?: number };
  readonly enforcement: { readonly state: string; readonly reason?: string };
  readonly facets: { readonly origin: Readonly<Record<string, number>> };
  readonly next_cursor?: string;
}

async function page(query = ''): Promise<Page> {
  const answer = await stack.controlApi.request('GET', `/decisions?${query}`);
  expect(answer.status, answer.body).toBe(200);
  return JSON.parse(answer.body) as Page;
}

const ask = async (method: string, path: string, body?: unknown) => {
  const answer = await stack.controlApi.request(method, path, body);
  return { status: answer.status, body: JSON.parse(answer.body) as Record<string, unknown> };
};

const untilTotal = (total: number, withinMs?: number) =>
  waitFor(async () => (await page('limit=1')).total === total, {
    what: `${total} decisions`,
    ...(withinMs === undefined ? {} : { withinMs }),
  });

describe('the list', () => {
  it('is what the bouncer enforces: all of it, page after page, each row once', async () => {
    await untilTotal(MANY);
    const seen = new Set<number>();
    let next: string | undefined = '';
    for (let pages = 0; next !== undefined; pages++) {
      const one: Page = await page(`sort=-value&limit=200${next === '' ? '' : `&cursor=${next}`}`);
      if (pages === 0) expect(one.decisions[0]).toMatchObject({ value: '198.18.23.111', enforced: true });
      for (const { id } of one.decisions) seen.add(id);
      next = one.next_cursor;
    }
    expect(seen.size).toBe(MANY);
    expect(await page('limit=1')).toMatchObject({
      matching: MANY,
      table: { state: 'live' },
      enforcement: { state: 'on' },
      facets: { origin: { 'cscli-import': MANY } },
    });
  });

  it('sees a ban, and the end of one, within the poll of the bouncer', async () => {
    const before = (await page('limit=1')).total;
    await stack.ban('127.30.0.1', { duration: '15s', reason: 'short' }); // not over before a slow machine has seen it
    await untilTotal(before + 1);
    expect((await page('q=127.30.0.1')).decisions).toMatchObject([{ value: '127.30.0.1', scenario: 'short' }]);
    await untilTotal(before, 40_000);
  });

  it('is exported whole, as CSV and JSON, with the same filters', async () => {
    const csv = await stack.controlApi.request('GET', '/decisions/export?format=csv&q=198.18.3.&sort=value');
    const lines = csv.body.trimEnd().split('\r\n');
    expect(lines[0]).toBe('value,country,as_name,scenario,origin,type,scope,duration,until,enforced,id');
    expect(lines).toHaveLength(1 + 256);
    expect(lines[1]).toMatch(
      /^198\.18\.3\.0,,,imported,cscli-import,ban,Ip,\d+h\d+m\d+s,[\dT:.Z-]+,(true|pending),\d+$/,
    );
    const all = await stack.controlApi.request('GET', '/decisions/export?format=json');
    expect(JSON.parse(all.body)).toHaveLength(MANY);
    const none = await stack.controlApi.request('GET', '/decisions/export?format=json&q=nobody');
    expect(JSON.parse(none.body)).toEqual([]);
  });

  it('says that nothing is enforced while the policy is to watch, or protection is off', async () => {
    await ask('PUT', '/policy', { policy: 'monitor' });
    expect(await page('limit=1')).toMatchObject({ decisions: [{ enforced: false }], enforcement: { state: 'off' } });
    await ask('PUT', '/policy', { policy: 'enforce' });
    await ask('PUT', '/enabled', { enabled: false });
    expect((await page('limit=1')).enforcement).toEqual({ state: 'off', reason: 'protection is switched off' });
    await ask('PUT', '/enabled', { enabled: true });
    expect(await page('limit=1')).toMatchObject({ decisions: [{ enforced: true }], enforcement: { state: 'on' } });
  });

  it('says that an allowlisted address is not enforced', async () => {
    await ask('POST', '/allowlist', { values: ['198.18.4.0/24'] });
    expect((await page('q=198.18.4.9')).decisions).toMatchObject([{ value: '198.18.4.9', enforced: false }]);
    const byEnforced = await page('sort=enforced&limit=1');
    expect(byEnforced.decisions[0]?.value).toMatch(/^198\.18\.4\./);
    await ask('DELETE', '/allowlist?value=198.18.4.0/24');
    expect((await page('q=198.18.4.9')).decisions).toMatchObject([{ enforced: true }]);
  });
});

describe('without the bouncer’s token', () => {
  it('a ban is confirmed by what the bouncer says in Redis', async () => {
    const ban = await tokenless.post('/decisions', { values: ['127.31.0.1'], force: true });
    expect(ban).toMatchObject({ status: 200, body: { added: 1, confirmed: true, missing: [] } });
    expect(await stack.requestFrom('127.31.0.1')).toMatchObject({ status: 403 });
  });

  it('and so is an unban', async () => {
    const unban = await tokenless.delete('/decisions?value=127.31.0.1');
    expect(unban).toMatchObject({ status: 200, body: { deleted: 1, confirmed: true, allowed_again: true } });
    expect(await stack.requestFrom('127.31.0.1')).toMatchObject({ status: 200 });
  });

  it('a look-up tells what Redis knows, and that it does', async () => {
    const lookup = await tokenless.get('/lookup/198.18.4.9');
    expect(lookup.body).toMatchObject({
      verdict: 'banned',
      source: 'table',
      caddies: [{ enforced: 'yes' }],
      notes: [expect.stringMatching(/^BOUNCER_TOKEN is not set here/)],
    });
  });
});

describe('the caller', () => {
  it('does not ban itself, by its connection or by what its proxy says', async () => {
    const own = await ask('POST', '/decisions', { values: ['127.0.0.1'] });
    expect(own).toMatchObject({ status: 422, body: { code: 'ban_refused' } });
    expect(own.body['detail']).toMatch(/it is your own address \(127\.0\.0\.1\)/);
  });
});

describe('alerts', () => {
  it('are CrowdSec’s own, one by one too', async () => {
    const id = await stack.ban('127.32.0.1', { reason: 'an alert' });
    const list = await ask('GET', '/alerts?ip=127.32.0.1');
    expect(list).toMatchObject({ status: 200, body: { alerts: [{ id, scenario: 'an alert', decisions_count: 1 }] } });
    expect(await ask('GET', `/alerts/${id}`)).toMatchObject({
      status: 200,
      body: { id, source: { value: '127.32.0.1' } },
    });
    expect(await ask('GET', '/alerts/4000000')).toMatchObject({ status: 404, body: { code: 'no_such_alert' } });
    const long = await ask('GET', '/alerts?include_community=true');
    expect(JSON.stringify(long.body).length).toBeLessThan(100_000);
    expect(long.body['alerts']).toContainEqual(expect.objectContaining({ decisions_count: MANY }));
    await stack.unban('127.32.0.1');
  });
});

describe('when Redis loses everything', () => {
  it('the list comes back whole', async () => {
    await untilTotal(MANY);
    await stack.redis.wipe();
    await stack.ban('127.33.0.1');
    await untilTotal(MANY + 1);
    await waitFor(async () => (await page('limit=1')).table.state === 'live', { what: 'the list to be live' });
  });

  it('and while it is gone, the last list is shown with its age', async () => {
    await stack.redis.stop();
    const stale = await waitFor(
      async () => {
        const one = await page('limit=1');
        return one.table.state === 'stale' ? one : undefined;
      },
      { what: 'the list to be stale' },
    );
    expect(stale).toMatchObject({ total: MANY + 1, table: { reason: expect.stringMatching(/^Redis/) as string } });
    expect(stale.table.age_seconds).toBeGreaterThanOrEqual(3);
    expect(stale.enforcement.state).toBe('pending');
    const unban = await ask('DELETE', '/decisions?value=127.33.0.1');
    expect(unban).toMatchObject({ status: 200, body: { deleted: 1, confirmed: true } });
    expect(await stack.requestFrom('127.33.0.1')).toMatchObject({ status: 200 });
    await stack.redis.start();
    await untilTotal(MANY);
  });
});
