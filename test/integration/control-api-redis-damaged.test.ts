/** Redis answers, and takes no writes or has lost everything: the API says what is known, and takes nothing for gone. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STATUS_TTL_MS } from '../../bouncer/shared/redis/status-store.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';

const BANNED = '203.0.113.5';
const LONG_MS = 60_000;

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ caddy: 'newest', controlApi: true, banned: [BANNED] });
});
afterAll(() => stack.stop());

async function ask(method: string, path: string, body?: unknown) {
  const answer = await stack.controlApi.request(method, path, body);
  return { status: answer.status, headers: answer.headers, body: JSON.parse(answer.body) as Record<string, unknown> };
}

const bouncerState = async () => ((await ask('GET', '/status')).body['bouncer'] as { state: string }).state;

const untilEnforcing = () =>
  waitFor(async () => (await bouncerState()) === 'enforcing', { what: 'the bouncer to be heard', withinMs: LONG_MS });

describe('memory full', () => {
  it('makes the bouncer unheard and not offline, and diagnostics name Redis alone', { timeout: 150_000 }, async () => {
    await untilEnforcing();
    await stack.redis.command('CONFIG SET maxmemory-policy noeviction');
    await stack.redis.command('CONFIG SET maxmemory 1');
    const seen = new Set<string>();
    await waitFor(async () => seen.add(await bouncerState()).has('unknown'), {
      what: `what the bouncer said to run out, after ${STATUS_TTL_MS} ms`,
      withinMs: LONG_MS,
    });
    expect([...seen]).toEqual(['enforcing', 'unknown']);
    expect((await ask('GET', '/status')).body).toMatchObject({
      bouncer: { reasons: [expect.stringMatching(/^Redis takes no writes \(OOM .* goes on blocking$/) as string] },
    });
    expect((await ask('GET', '/diagnostics/connectivity')).body).toMatchObject({
      redis: { status: 'unwritable', hint: expect.stringContaining('maxmemory') as string },
      bouncer: { status: 'unknown', error: 'Redis takes no writes, so no bouncer can say how it is' },
    });
    expect((await ask('GET', '/decisions')).body).toMatchObject({
      table: { state: 'stale', reason: expect.stringContaining('Redis takes no writes') as string },
      enforcement: { state: 'pending', reason: expect.stringContaining('Redis takes no writes') as string },
    });
    expect((await stack.requestFrom(BANNED)).status).toBe(403);
    await stack.redis.command('CONFIG SET maxmemory 0');
    await untilEnforcing();
  });
});

describe('an entry of the allowlist, after a wipe', () => {
  const TRUSTED = '198.51.100.7';
  const remove = () => ask('DELETE', `/allowlist?value=${TRUSTED}`);

  it('can be removed as soon as it is asked for: the bouncer gives it back first', async () => {
    expect(await ask('POST', '/allowlist', { values: [TRUSTED] })).toMatchObject({ status: 200 });
    await stack.redis.wipe();
    // A slow machine may need more than one answer lasts; none of them says that there is no such entry.
    const statuses: number[] = [];
    await waitFor(async () => statuses[statuses.push((await remove()).status) - 1] !== 503, {
      what: 'the settings to be restored',
      withinMs: LONG_MS,
    });
    expect([200, 202]).toContain(statuses.at(-1));
    expect(await remove()).toMatchObject({ status: 404, body: { code: 'not_allowlisted' } });
  });

  it('is not called unknown while no bouncer could give it back, and is there when one has', async () => {
    expect(await ask('POST', '/allowlist', { values: [TRUSTED] })).toMatchObject({ status: 200 });
    await stack.bouncer.stop();
    await stack.redis.wipe();
    expect(await remove()).toMatchObject({
      status: 503,
      headers: { 'retry-after': '5' },
      body: { code: 'settings_not_restored', hint: expect.stringContaining('Start the bouncer') as string },
    });
    await stack.bouncer.start();
    await waitFor(async () => [200, 202].includes((await remove()).status), {
      what: 'the entry to be removed',
      withinMs: LONG_MS,
    });
  });
});
