import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DRIFT_MS, PUSH_MS, type World, worldOf } from './bouncer-world.ts';

let world: World;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(1); // backoff without jitter: each wait at its longest
  world = worldOf();
});

afterEach(async () => {
  await world.reconciler.stop();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('a change of decisions', () => {
  it('goes out at once when it is the first, and then at most one push an interval goes', async () => {
    await world.start();
    await world.wants();
    for (let i = 0; i < 12; i++) {
      await world.wait(1_000);
      await world.wants();
    }
    expect(world.pushTimes()).toEqual([0, 5_000, 10_000]);
  });

  it('between two pushes costs nothing: only the newest wish is pushed', async () => {
    await world.start();
    for (let i = 0; i < 10; i++) await world.wants();
    await world.wait(PUSH_MS);
    expect(world.caddy.pushes.map(({ version }) => version)).toEqual([1, 10]);
  });

  it('that comes while a push is under way is pushed after it', async () => {
    world.caddy.pushMs = 100;
    await world.start();
    await world.wants();
    await world.wait(50);
    await world.wants();
    await world.wait(50);
    expect(world.reconciler.isSettled).toBe(false);
    await world.wait(PUSH_MS + 100);
    expect(world.caddy.pushes.map(({ version }) => version)).toEqual([1, 2]);
    expect(world.reconciler.isSettled).toBe(true);
  });

  it('leaves Caddy following, which one of the settings does not, nor the first complete set', async () => {
    const isFollowing = () => world.reconciler.isFollowing;
    world.caddy.pushMs = 100;
    await world.start();
    await world.wants({ addOnly: true });
    await world.wait(100);
    expect([world.reconciler.isSettled, isFollowing()]).toEqual([true, false]);
    await world.wants();
    expect(isFollowing()).toBe(false);
    await world.wait(PUSH_MS + 100);
    expect(isFollowing()).toBe(true);
    await world.wants();
    expect([world.reconciler.isSettled, isFollowing()]).toEqual([false, true]);
    await world.wants({ wishVersion: 2, isUrgent: true });
    expect(isFollowing()).toBe(false);
    await world.wait(100);
    expect(isFollowing()).toBe(true);
    world.takeOut();
    world.caddy.mood = 'busy';
    await world.wait(DRIFT_MS);
    expect(isFollowing()).toBe(false);
  });

  it('after a quiet time goes out at once', async () => {
    await world.start();
    await world.wants();
    await world.wait(60_000);
    await world.wants();
    expect(world.pushTimes()).toEqual([0, 60_000]);
  });

  it.each([
    [400, 5_000],
    [500, 5_000],
    [501, 5_010],
    [2_000, 20_000],
  ])('waits longer where pushes cost more: %i ms each means %i ms between two', async (pushMs, interval) => {
    world.caddy.pushMs = pushMs;
    await world.start();
    await world.wants();
    await world.wait(pushMs);
    await world.wants();
    await world.wait(interval + pushMs - 1);
    expect(world.caddy.pushes).toHaveLength(1);
    await world.wait(1);
    expect(world.caddy.pushes).toHaveLength(2);
  });
});

describe('an urgent change', () => {
  it('does not wait for the interval, also while a push is under way', async () => {
    world.caddy.pushMs = 100;
    await world.start();
    await world.wants();
    await world.wait(50);
    await world.wants({ isUrgent: true });
    await world.wait(150);
    expect(world.pushTimes()).toEqual([100, 200]);
  });

  it('that changes nothing does not let the next one skip the interval', async () => {
    await world.start();
    await world.wants();
    world.reconciler.changed(true);
    await world.wait(0);
    await world.wants();
    expect(world.caddy.pushes).toHaveLength(1);
    await world.wait(PUSH_MS);
    expect(world.caddy.pushes).toHaveLength(2);
  });
});

describe('before anything is known', () => {
  it('Caddy is left alone', async () => {
    await world.start();
    await world.wait(60_000);
    expect([world.caddy.rounds, world.caddy.looks]).toEqual([0, 0]);
    expect(world.reconciler.status.state).toBe('unknown');
    expect(world.reconciler.isSettled).toBe(false);
  });

  it('a restored set is pushed as one that may only be added', async () => {
    await world.start();
    await world.wants({ addOnly: true });
    expect(world.caddy.desired.map(({ addOnly }) => addOnly)).toEqual([true]);
  });

  it('rules of an earlier run stay, and are not said to follow settings that they know nothing of', async () => {
    world.caddy.hasOldRules = true;
    await world.start();
    await world.wants({ addOnly: true, change: 'before' });
    await world.wants({ addOnly: true, change: 'now', wishVersion: 2, isUrgent: true });
    expect(world.caddy.pushes).toEqual([]);
    expect(world.reconciler.isSettled).toBe(false);
    expect(world.reconciler.status).toMatchObject({ state: 'in_sync', change: undefined });
    expect(world.reconciler.status.error).toContain('LAPI has not told all decisions since the bouncer started');
    expect(world.reconciler.trouble).toBe(world.reconciler.status.error);
    const { rounds } = world.caddy;
    await world.wait(10 * DRIFT_MS);
    expect(world.caddy.rounds).toBe(rounds); // a look now and then is enough
    await world.wants({ change: 'now', wishVersion: 2, isUrgent: true });
    expect(world.reconciler.isSettled).toBe(true);
    expect(world.reconciler.status).toMatchObject({ state: 'in_sync', change: 'now', error: undefined });
  });
});

describe('rules that somebody took out', () => {
  it('are put back within one look, however recent the last push is', async () => {
    await world.start();
    await world.wants();
    await world.wait(500);
    world.takeOut();
    await world.wait(DRIFT_MS);
    expect(world.caddy.holds).toBe(1);
    expect(world.pushTimes()).toEqual([0, 1_000]);
    expect(world.events).toContain('drift');
    expect(world.reconciler.status.drifts).toBe(1);
  });

  it('are not said to be there until they are put back', async () => {
    await world.start();
    await world.wants();
    world.takeOut();
    world.caddy.mood = 'busy';
    await world.wait(DRIFT_MS);
    expect(world.reconciler.isSettled).toBe(false);
    expect(world.reconciler.trouble).toMatch(/does not hold|changing/);
    world.caddy.mood = 'well';
    await world.wait(DRIFT_MS);
    expect(world.reconciler.isSettled).toBe(true);
  });

  it('again and again, are put back ever more slowly, and at once again after a calm minute', async () => {
    await world.start();
    await world.wants();
    const fight = setInterval(() => world.takeOut(), 100);
    await world.wait(300_000);
    clearInterval(fight);
    const repairs = world.caddy.pushes.length - 1;
    expect(repairs).toBeGreaterThan(10);
    expect(repairs).toBeLessThan(25);
    expect(world.pushTimes().slice(1, 6)).toEqual([1_000, 2_000, 3_000, 4_000, 5_000]);
    await world.wait(100_000);
    const before = world.caddy.pushes.length;
    world.takeOut();
    await world.wait(DRIFT_MS);
    expect(world.caddy.pushes).toHaveLength(before + 1);
  });

  it('every quarter of a minute for an hour, by a person at work, are put back at once each time', async () => {
    await world.start();
    await world.wants();
    for (let reloads = 1; reloads <= 240; reloads++) {
      await world.wait(15_000 - DRIFT_MS);
      world.takeOut();
      await world.wait(DRIFT_MS);
      expect(world.caddy.pushes).toHaveLength(1 + reloads);
    }
  });

  it('are noticed while a change waits for its interval', async () => {
    await world.start();
    await world.wants();
    await world.wait(1_500);
    await world.wants();
    world.takeOut();
    await world.wait(DRIFT_MS);
    expect(world.caddy.holds).toBe(2);
  });

  it('from a server that was added are noticed by the second look, where Caddy tells that it loaded a config', async () => {
    await world.start();
    await world.wants();
    const { rounds } = world.caddy;
    await world.wait(10_000);
    expect(world.caddy.rounds).toBe(rounds);
    world.caddy.hasNewConfig = true;
    await world.wait(2 * DRIFT_MS);
    expect(world.caddy.rounds).toBe(rounds + 1);
    await world.wait(10_000);
    expect(world.caddy.rounds).toBe(rounds + 1);
  });

  it('from a server that was added are noticed within a minute, by reading everything', async () => {
    await world.start();
    await world.wants();
    const { rounds } = world.caddy;
    await world.wait(59_000);
    expect(world.caddy.rounds).toBe(rounds);
    await world.wait(2_000);
    expect(world.caddy.rounds).toBe(rounds + 1);
  });
});

describe('a stop', () => {
  it('in the middle of a push ends it, and nothing more is said', async () => {
    world.caddy.pushMs = 10_000;
    await world.start();
    await world.wants();
    await world.wait(1_000);
    const { length } = world.events;
    await world.reconciler.stop();
    expect(world.events).toHaveLength(length);
    await vi.runAllTimersAsync();
    expect(world.caddy.pushes).toEqual([]);
  });

  it('between two looks ends them', async () => {
    await world.start();
    await world.wants();
    await world.reconciler.stop();
    const { looks, rounds } = world.caddy;
    await world.wait(3_600_000);
    expect([world.caddy.looks, world.caddy.rounds]).toEqual([looks, rounds]);
  });

  it('may come before a start', async () => {
    await expect(worldOf().reconciler.stop()).resolves.toBeUndefined();
  });
});

it('leaves no timer or listener after 10,000 looks', async () => {
  const add = vi.spyOn(AbortSignal.prototype, 'addEventListener');
  const remove = vi.spyOn(AbortSignal.prototype, 'removeEventListener');
  await world.start();
  await world.wants();
  await world.wait(10_000 * DRIFT_MS);
  expect(world.caddy.looks).toBeGreaterThan(9_000);
  expect(add.mock.calls.length - remove.mock.calls.length).toBe(1);
  expect(world.caddy.pushes).toHaveLength(1);
});
