/** What the page does to decisions, against the real CrowdSec, Redis, Caddy and bouncer. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStack, type Stack } from '../support/stack.ts';

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ caddy: 'newest', controlApi: true, bouncer: { CROWDSEC_POLL_INTERVAL: '60s' } });
});
afterAll(() => stack.stop());

interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
}

async function ask<Body = Record<string, unknown>>(
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer<Body>> {
  const answer = await stack.controlApi.request(method, path, body);
  return { status: answer.status, body: JSON.parse(answer.body) as Body };
}

interface Page {
  readonly decisions: { readonly id: number; readonly value: string; readonly enforced: boolean | 'pending' }[];
  readonly total: number;
  readonly matching: number;
}

const page = async (query: string) => (await ask<Page>('GET', `/decisions?${query}`)).body;

/** Loopback is all that a test on one machine can send requests from, so its bans have to be forced. */
const ban = (values: string[], more: object = {}) => ask('POST', '/decisions', { values, force: true, ...more });

const statusOf = async (address: string) => (await stack.requestFrom(address)).status;

describe('a ban', () => {
  it('is answered when Caddy blocks, and is in the list at once', async () => {
    const answer = await ban(['127.9.0.1'], { duration: '4d', reason: 'it was me' });
    expect(answer).toMatchObject({ status: 200, body: { added: 1, confirmed: true, missing: [], failed: [] } });
    expect(await statusOf('127.9.0.1')).toBe(403);
    const { decisions } = await page('q=127.9.0.1');
    expect(decisions).toMatchObject([
      {
        value: '127.9.0.1',
        scenario: 'it was me',
        origin: 'cscli',
        type: 'ban',
        scope: 'Ip',
        enforced: true,
        duration: expect.stringMatching(/^(96h0m0s|95h59m\d+s)$/) as string,
      },
    ]);
  });

  it('takes any spelling, and a thousand values at once', async () => {
    const values = Array.from({ length: 998 }, (_, i) => `127.8.${i >> 8}.${i & 255}`);
    const answer = await ban([...values, ' 127[.]7[.]0[.]1 ', '::ffff:127.7.0.0/120']);
    expect(answer).toMatchObject({ status: 200, body: { added: 1_000, confirmed: true } });
    expect(await statusOf('127.8.3.1')).toBe(403);
    expect(await statusOf('127.7.0.77')).toBe(403);
    // Compared as sets: with a locked database, LAPI may store a decision twice (see lapi-decisions.ts).
    const { body } = await stack.controlApi.request('GET', '/decisions/export?format=json&q=127.8.');
    const listed = JSON.parse(body) as readonly { readonly value: string }[];
    expect(new Set(listed.map(({ value }) => value))).toEqual(new Set(values));
  });

  it('is previewed without being done', async () => {
    await ask('POST', '/allowlist', { values: ['203.0.113.7'] });
    const values = ['203.0.113.0/24', '203.0.113.4', 'nonsense', '192.168.1.1', '127.7.0.1'];
    const answer = await ask('POST', '/decisions?preview=true', { values });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        summary: 'covers 256 addresses, 1 allowlisted, 3 refused',
        values: ['203.0.113.0/24', '203.0.113.4'],
        allowlisted: [{ value: '203.0.113.0/24', by: '203.0.113.7' }],
        refused: [
          { value: 'nonsense', code: 'not_an_address' },
          { value: '192.168.1.1', code: 'private_range' },
          { value: '127.7.0.1', code: 'own_address' },
        ].map((entry) => (entry.value === '127.7.0.1' ? { ...entry, code: 'private_range' } : entry)),
      },
    });
    const forced = await ask('POST', '/decisions?preview=true', { values: ['127.7.0.1'], force: true });
    expect(forced.body).toMatchObject({ already_banned: [{ value: '127.7.0.1', by: { value: '127.7.0.1' } }] });
    expect(await page('q=203.0.113.0')).toMatchObject({ matching: 0 });
  });
});

describe('an unban', () => {
  it('by id is answered only after Caddy lets the address through', async () => {
    await ban(['127.9.0.2']);
    expect(await statusOf('127.9.0.2')).toBe(403);
    const [row] = (await page('q=127.9.0.2')).decisions;
    const answer = await ask('DELETE', `/decisions/${row?.id ?? 0}`);
    expect(await statusOf('127.9.0.2')).toBe(200);
    expect(answer).toMatchObject({
      status: 200,
      body: {
        deleted: 1,
        confirmed: true,
        allowed_again: true,
        still_covered_by: [],
        lifted: [{ value: '127.9.0.2' }],
      },
    });
    expect(answer.body['summary']).toMatch(/^1 decision lifted: allowed again, \d+\.\d s$/);
    expect(await page('q=127.9.0.2')).toMatchObject({ matching: 0 });
    expect(await ask('DELETE', `/decisions/${row?.id ?? 0}`)).toMatchObject({
      status: 404,
      body: { code: 'no_such_decision' },
    });
  });

  it('by value lifts every decision on it, however LAPI spells it', async () => {
    await ban(['127.9.0.3']);
    await ban(['127.9.0.3'], { reason: 'again' });
    await stack.ban('127.9.0.3/32', { reason: 'a third, as a range' });
    await stack.bouncer.get('/refresh?wait', 'POST');
    const answer = await ask('DELETE', '/decisions?value=127.9.0.3');
    expect(answer).toMatchObject({ status: 200, body: { deleted: 3, confirmed: true, allowed_again: true } });
    expect(await statusOf('127.9.0.3')).toBe(200);
  });

  it('names the range that still covers the address', async () => {
    await ban(['127.9.5.0/24'], { reason: 'the whole block' });
    await ban(['127.9.5.5']);
    const answer = await ask('DELETE', '/decisions?value=127.9.5.5');
    expect(answer).toMatchObject({
      status: 200,
      body: {
        deleted: 1,
        confirmed: true,
        allowed_again: false,
        still_covered_by: [{ value: '127.9.5.0/24', scenario: 'the whole block', origin: 'cscli' }],
      },
    });
    expect(answer.body['summary']).toBe(
      '1 decision lifted, but 127.9.5.0/24 ("the whole block", cscli) still covers it',
    );
    expect(await statusOf('127.9.5.5')).toBe(403);
    expect(await ask('DELETE', '/decisions?value=127.9.5.5')).toMatchObject({
      status: 404,
      body: { detail: expect.stringContaining('127.9.5.0/24') as string },
    });
    expect(await ask('DELETE', '/decisions?value=127.9.5.0/24')).toMatchObject({ body: { allowed_again: true } });
    expect(await statusOf('127.9.5.5')).toBe(200);
  });

  it('in bulk lifts what a filter finds, says what failed, and refuses when the list changed', async () => {
    await ban(
      Array.from({ length: 120 }, (_, i) => `127.6.0.${i}`),
      { reason: 'in bulk' },
    );
    const filter = { q: 'in bulk' };
    expect(await ask('POST', '/decisions/delete', { filter, expected: 119 })).toMatchObject({
      status: 409,
      body: { code: 'matches_changed' },
    });
    expect(await statusOf('127.6.0.7')).toBe(403);
    const [row] = (await page('q=127.6.0.7&limit=1')).decisions;
    const ids = [row?.id ?? 0, 4_000_000];
    expect(await ask('POST', '/decisions/delete', { ids })).toMatchObject({
      status: 202,
      body: { asked: 2, deleted: 1, failed: [{ id: 4_000_000, reason: expect.any(String) as string }] },
    });
    const answer = await ask('POST', '/decisions/delete', { filter, expected: 119 });
    expect(answer).toMatchObject({ status: 200, body: { deleted: 119, failed: [], allowed_again: true } });
    expect(await statusOf('127.6.0.8')).toBe(200);
  });
});

describe('a look-up', () => {
  it('says why an address is blocked, by the bouncer’s own word', async () => {
    await ban(['127.9.0.9'], { reason: 'noise' });
    const { body } = await ask('GET', '/lookup/127.9.0.9');
    expect(body).toMatchObject({
      address: '127.9.0.9',
      verdict: 'banned',
      source: 'bouncer',
      notes: [],
      decisions: [{ scenario: 'noise' }],
      caddies: [{ enforced: 'yes' }],
      alert: { scenario: 'noise' },
    });
    expect((await ask('GET', '/lookup/8.8.8.8')).body).toMatchObject({ verdict: 'clear', country: 'US', alert: null });
  });
});

describe('when a part is gone', () => {
  it('LAPI: a ban and an unban are refused with its age, the list stays', async () => {
    await stack.crowdsec.stop();
    const refused = await ban(['127.9.0.77']);
    expect(refused).toMatchObject({ status: 503, body: { code: 'lapi_unavailable' } });
    expect(await ask('DELETE', '/decisions?value=127.9.0.9')).toMatchObject({ status: 503 });
    expect(await ask('GET', '/alerts?ip=127.9.0.9')).toMatchObject({ status: 503, body: { code: 'lapi_unavailable' } });
    expect((await page('q=127.9.0.9')).matching).toBe(1);
    expect((await ask('GET', '/lookup/127.9.0.9')).body).toMatchObject({
      verdict: 'banned',
      alert: null,
      notes: [expect.stringMatching(/^LAPI not available/) as string],
    });
    await stack.crowdsec.start();
  });

  it('Caddy: an unban is not called done', async () => {
    await ban(['127.9.0.10']);
    await stack.caddy.stop();
    const answer = await ask('DELETE', '/decisions?value=127.9.0.10');
    expect(answer).toMatchObject({ status: 202, body: { deleted: 1, confirmed: false, allowed_again: false } });
    expect(answer.body['missing']).not.toEqual([]);
    expect(answer.body['summary']).toMatch(/^1 decision lifted, not yet confirmed by Caddy: /);
    await stack.caddy.start();
    await stack.untilServed('127.9.0.10');
  });

  it('the bouncer: a look-up falls back to the table and says so, and the list is stale', async () => {
    await stack.bouncer.stop();
    const { body } = await ask('GET', '/lookup/127.9.0.9');
    expect(body).toMatchObject({ verdict: 'banned', source: 'table' });
    expect(body['notes']).toEqual([expect.stringMatching(/^the bouncer does not answer: .*Redis/)]);
    expect(await ask('GET', '/decisions?q=127.9.0.9')).toMatchObject({
      body: {
        table: { state: 'stale', reason: 'no bouncer is alive' },
        enforcement: { state: 'pending' },
        decisions: [{ enforced: 'pending' }],
      },
    });
    const unban = await ask('DELETE', '/decisions?value=127.9.0.9');
    expect(unban).toMatchObject({ status: 202, body: { deleted: 1, confirmed: false, allowed_again: false } });
    expect(String((unban.body['missing'] as string[])[0])).toMatch(/^no bouncer is alive/);
  });
});
