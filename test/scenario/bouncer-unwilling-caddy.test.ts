import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type World, worldOf } from './bouncer-world.ts';

let world: World;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(1);
  world = worldOf();
});

afterEach(async () => {
  await world.reconciler.stop();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const stateOf = ({ reconciler: { status, isSettled, trouble } }: World) => ({
  state: status.state,
  isSettled,
  trouble,
});

describe('a Caddy that is gone', () => {
  it('is asked again at growing intervals of at most 2 s, and gets the newest wish when it is back', async () => {
    world.caddy.mood = 'gone';
    await world.start();
    await world.wants();
    const tries: number[] = [];
    for (let ms = 50, seen = world.caddy.rounds; tries.length < 5; ms += 50) {
      await world.wait(50);
      if (world.caddy.rounds > seen) tries.push(ms);
      seen = world.caddy.rounds;
    }
    expect(tries).toEqual([250, 750, 1_750, 3_750, 5_750]);
    expect(stateOf(world)).toEqual({ state: 'unreachable', isSettled: false, trouble: 'Caddy is gone' });
    await world.wants();
    world.caddy.mood = 'well';
    await world.wait(2_000);
    expect(world.caddy.pushes.map(({ version }) => version)).toEqual([2]);
    expect(stateOf(world)).toEqual({ state: 'in_sync', isSettled: true, trouble: undefined });
  });

  it('and comes back without our rules gets them within the look that finds it', async () => {
    await world.start();
    await world.wants();
    world.caddy.mood = 'gone';
    await world.wait(10_000);
    expect(stateOf(world)).toMatchObject({ state: 'unreachable', isSettled: false });
    world.caddy.mood = 'well';
    world.takeOut();
    await world.wait(2_000);
    expect(world.caddy.holds).toBe(1);
    expect(stateOf(world)).toMatchObject({ state: 'in_sync', isSettled: true });
  });

  it('is told of in the log once, not at every try', async () => {
    world.caddy.mood = 'gone';
    await world.start();
    await world.wants();
    await world.wait(60_000);
    expect(world.warnings()).toHaveLength(1);
    expect(world.events.filter((event) => event.startsWith('state'))).toEqual(['state unreachable Caddy is gone']);
  });
});

describe('a Caddy that refuses', () => {
  beforeEach(async () => {
    world.caddy.mood = { refuses: 'unknown module' };
    await world.start();
    await world.wants();
  });

  it('says why, and is counted once for the same bytes', async () => {
    await world.wait(60_000);
    expect(stateOf(world)).toEqual({ state: 'rejected', isSettled: false, trouble: 'unknown module' });
    expect(world.reconciler.status.error).toBe('unknown module');
    expect(world.events.filter((event) => event.startsWith('pushed'))).toEqual(['pushed rejected 0']);
  });

  it('is looked at again every 5 s, in case the user mended it', async () => {
    expect(world.caddy.rounds).toBe(1);
    await world.wait(4_999);
    expect(world.caddy.rounds).toBe(1);
    await world.wait(1);
    expect(world.caddy.rounds).toBe(2);
    world.caddy.mood = 'well';
    await world.wait(5_000);
    expect(stateOf(world)).toMatchObject({ state: 'in_sync', isSettled: true });
  });

  it('gets an urgent change at once, as it may be the one that helps', async () => {
    world.caddy.mood = 'well';
    await world.wants({ isUrgent: true });
    expect(world.caddy.pushes.map(({ version }) => version)).toEqual([2]);
  });

  it('does not keep the loop from stopping', async () => {
    await expect(world.reconciler.stop()).resolves.toBeUndefined();
  });
});

describe('a Caddy that somebody else keeps writing to', () => {
  it('is never overwritten, and said not to hold the rules', async () => {
    world.caddy.mood = 'busy';
    await world.start();
    await world.wants();
    await world.wait(10_000);
    expect(world.caddy.pushes).toEqual([]);
    expect(world.caddy.rounds).toBeGreaterThan(4);
    expect(world.reconciler.isSettled).toBe(false);
    expect(world.reconciler.trouble).toMatch(/changing/);
    world.caddy.mood = 'well';
    await world.wait(2_000);
    expect(stateOf(world)).toEqual({ state: 'in_sync', isSettled: true, trouble: undefined });
  });
});

describe('a Caddy that serves no HTTP', () => {
  it('needs no rules and is well', async () => {
    world.caddy.mood = 'without http';
    await world.start();
    await world.wants();
    expect(stateOf(world)).toEqual({ state: 'no_http_app', isSettled: true, trouble: undefined });
    expect(world.caddy.pushes).toEqual([]);
    await world.wait(10_000);
    expect(world.reconciler.status.state).toBe('no_http_app');
  });
});

describe('a bug of ours', () => {
  it('does not end the loop, is told, and is over when it is over', async () => {
    world.caddy.mood = 'broken';
    await world.start();
    await world.wants();
    await world.wait(1_000);
    expect(stateOf(world)).toEqual({ state: 'unknown', isSettled: false, trouble: 'a broken invariant' });
    expect(JSON.stringify(world.lines)).toContain('reconciling failed unexpectedly');
    world.caddy.mood = 'well';
    await world.wait(2_000);
    expect(stateOf(world)).toMatchObject({ state: 'in_sync', isSettled: true });
  });
});

describe('the status', () => {
  it('is "pushing" while Caddy holds an older wish, and names what it holds', async () => {
    await world.start();
    await world.wants({ change: 'first' });
    expect(world.reconciler.status).toMatchObject({
      state: 'in_sync',
      change: 'first',
      pushes: 1,
      last_push_ms: 0,
      last_push_at: new Date().toISOString(),
      revision: 'abc',
      entries: 1,
    });
    await world.wants({ change: 'second' });
    expect(world.reconciler.status).toMatchObject({ state: 'pushing', change: 'first', pushes: 1 });
    expect(world.reconciler.trouble).toContain('does not hold the newest rules yet');
    await world.wait(5_000);
    expect(world.reconciler.status).toMatchObject({ state: 'in_sync', change: 'second', pushes: 2 });
  });

  it('counts no push where Caddy held the rules already', async () => {
    world.caddy.holds = 1;
    await world.start();
    await world.wants();
    expect(world.reconciler.status).toMatchObject({ state: 'in_sync', pushes: 0, last_push_at: undefined });
    expect(world.events).toEqual(['state in_sync', 'settled']);
  });
});
