import { inspect } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { backoffDelay } from '../../bouncer/shared/runtime/backoff.ts';
import { carriesToken } from '../../bouncer/shared/runtime/bearer.ts';
import { Secret } from '../../bouncer/shared/runtime/secret.ts';
import { Wake } from '../../bouncer/shared/runtime/wake.ts';
import { fakeLog } from '../support/fake-log.ts';

describe('a secret', () => {
  const secret = new Secret('hunter2-hunter2');

  it('shows its value only to whoever asks for it by name', () => {
    expect(secret.reveal()).toBe('hunter2-hunter2');
  });

  it.each([
    ['text', () => [secret, secret.toString()].join(' ')],
    ['JSON', () => JSON.stringify({ secret, deep: [{ secret }] })],
    ['an inspection', () => inspect({ secret, deep: [{ secret }] }, { depth: 9, showHidden: true })],
    ['a copy', () => JSON.stringify(Object.assign({}, secret)) + inspect(Object.entries(secret))],
    ['an error', () => new Error(`wrong: ${String(secret)}`, { cause: secret }).stack],
  ])('is not shown as %s', (_, show) => {
    expect(show()).not.toContain('hunter2');
  });

  it('is not shown by the logger, at any depth', () => {
    const { log, lines } = fakeLog();
    log.child({ secret }).warn({ config: { token: secret }, list: [secret], error: new Error('x', { cause: secret }) });
    expect(lines).toHaveLength(1);
    expect(JSON.stringify(lines)).toContain('[secret]');
    expect(JSON.stringify(lines)).not.toContain('hunter2');
  });
});

describe('the logger', () => {
  it('shows what an error said', () => {
    const { log, lines } = fakeLog();
    log.error({ error: new TypeError('no such luck') }, 'it failed');
    expect(lines[0]).toMatchObject({ msg: 'it failed', error: { type: 'TypeError', message: 'no such luck' } });
  });
});

describe('a bearer token', () => {
  const token = new Secret('right-token');

  it.each(['Bearer right-token', 'bearer right-token', 'BEARER   right-token  '])('is carried by "%s"', (header) => {
    expect(carriesToken(header, token)).toBe(true);
  });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Bearer wrong-token',
    'Bearer right-toke',
    'Bearer right-token2',
    'Bearer right-token right-token',
    'Basic right-token',
    'right-token',
    'xBearer right-token',
    `Bearer ${'x'.repeat(100_000)}`,
  ])('is not carried by %j', (header) => {
    expect(carriesToken(header, token)).toBe(false);
  });

  it('that is empty lets nobody in', () => {
    for (const header of [undefined, '', 'Bearer', 'Bearer '])
      expect(carriesToken(header, new Secret('')), String(header)).toBe(false);
  });
});

describe('a wait between tries', () => {
  const bounds = { firstMs: 500, longestMs: 30_000 };
  const shortest = (attempt: number) => backoffDelay(attempt, bounds, () => 0);
  const longest = (attempt: number) => backoffDelay(attempt, bounds, () => 1);

  it.each([
    [1, 250, 500],
    [2, 500, 1_000],
    [6, 8_000, 16_000],
    [7, 15_000, 30_000],
    [8, 15_000, 30_000],
    [1_000_000, 15_000, 30_000],
  ])('before try %i is from %i to %i ms', (attempt, least, most) => {
    expect([shortest(attempt), longest(attempt)]).toEqual([least, most]);
  });

  it('differs from one client to the next', () => {
    expect(new Set(Array.from({ length: 20 }, () => backoffDelay(7, bounds))).size).toBeGreaterThan(1);
  });
});

describe('an alarm clock', () => {
  afterEach(() => void vi.useRealTimers());
  const never = new AbortController().signal;

  it('sleeps as long as it should, and says that nobody knocked', async () => {
    vi.useFakeTimers();
    const woke = vi.fn();
    void new Wake().sleep(1_000, never).then(woke);
    await vi.advanceTimersByTimeAsync(999);
    expect(woke).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(woke).toHaveBeenCalledWith(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('wakes at a knock, and leaves no timer behind', async () => {
    vi.useFakeTimers();
    const wake = new Wake();
    const sleeping = wake.sleep(1e12, never);
    wake.knock();
    await expect(sleeping).resolves.toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not lose a knock that comes before the sleep; many knocks are one', async () => {
    vi.useFakeTimers();
    const wake = new Wake();
    for (let i = 0; i < 3; i++) wake.knock();
    await expect(wake.sleep(1e9, never)).resolves.toBe(true);
    const woke = vi.fn();
    void wake.sleep(10, never).then(woke);
    await vi.advanceTimersByTimeAsync(10);
    expect(woke).toHaveBeenCalledWith(false);
  });

  it('wakes at the stop signal, at once when it came before', async () => {
    const stop = new AbortController();
    const sleeping = new Wake().sleep(1e9, stop.signal);
    stop.abort();
    await expect(sleeping).resolves.toBe(false);
    await expect(new Wake().sleep(1e9, stop.signal)).resolves.toBe(false);
  });

  it.each([0, -5, -Infinity])('does not sleep for %d ms', async (milliseconds) => {
    await expect(new Wake().sleep(milliseconds, never)).resolves.toBe(false);
  });

  it('sleeps longer than a timer of Node can, not shorter', async () => {
    vi.useFakeTimers();
    const woke = vi.fn();
    void new Wake().sleep(Infinity, never).then(woke);
    await vi.advanceTimersByTimeAsync(86_400_000);
    expect(woke).not.toHaveBeenCalled();
  });
});
