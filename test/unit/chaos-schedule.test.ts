import { describe, expect, it } from 'vitest';
import { schedule } from '../chaos/schedule.ts';
import { type Action, castOf, describe as inWords, PARTS, type Step } from '../chaos/step.ts';

const STEPS = 5_000;
const CAST = castOf('newest');

function steps(seed: number, count = STEPS): readonly Step[] {
  const taken: Step[] = [];
  for (const step of schedule(seed, CAST)) if (taken.push(step) === count) break;
  return taken;
}

/** Every action together with what is gone while it is taken. */
function* withGone(seed: number): Generator<{ action: Action; gone: ReadonlySet<string> }> {
  const gone = new Set<string>();
  for (const { action } of steps(seed)) {
    yield { action, gone };
    if (action.kind === 'gone') gone.add(action.outage.part);
    if (action.kind === 'back') gone.delete(action.outage.part);
  }
}

describe('a schedule', () => {
  it('is the same for the same seed, and another one for another', () => {
    expect(steps(7)).toEqual(steps(7));
    expect(steps(7, 50)).not.toEqual(steps(8, 50));
  });

  it('has every kind of step, and every fault of every part', () => {
    const kinds = new Set(steps(1).map(({ action }) => action.kind));
    expect([...kinds].sort()).toEqual(
      ['allow', 'back', 'ban', 'disallow', 'enabled', 'gone', 'policy', 'reload', 'unban', 'wipe Redis'].sort(),
    );
    const outages = steps(1).flatMap(({ action }) =>
      action.kind === 'gone' && action.restart === undefined ? [inWords(action)] : [],
    );
    expect(new Set(outages).size).toBe(5 * 3 + 3 * 6);
  });

  it.each([1, 2, 3])('asks nothing of a part that is gone, with seed %i', (seed) => {
    let changes = 0;
    for (const { action, gone } of withGone(seed)) {
      if (action.kind === 'ban' || action.kind === 'unban') expect(gone).not.toContain('LAPI');
      if (action.kind === 'reload') expect(gone).not.toContain('Caddy');
      if (['allow', 'disallow', 'enabled', 'policy', 'wipe Redis'].includes(action.kind)) {
        changes++;
        for (const part of ['bouncer', 'Caddy', 'Redis', 'control API', 'way to Redis', 'way to Caddy'])
          expect(gone).not.toContain(part);
      }
    }
    expect(changes).toBeGreaterThan(STEPS / 50);
  });

  it('starts the bouncer anew while LAPI is silent in each way, once at least in a run of five minutes', () => {
    const ways = new Set<string>();
    for (const [i, { action }] of steps(8).entries()) {
      if (action.kind !== 'gone' || action.restart === undefined) continue;
      const { outage, restart } = action;
      ways.add(inWords(action));
      const bouncer = { part: 'bouncer', fault: restart };
      const [ends, starts, ...later] = steps(8, i + 10).slice(i + 1);
      expect([ends?.action, starts?.action]).toEqual([
        { kind: 'gone', outage: bouncer },
        { kind: 'back', outage: bouncer },
      ]);
      expect(Math.min(ends?.pauseMs ?? 0, starts?.pauseMs ?? 0)).toBeGreaterThan(1_500); // what was under way has ended
      expect(later.slice(0, 2).map(({ action }) => action)).not.toContainEqual({ kind: 'back', outage });
    }
    expect(ways.size).toBe((3 + 5) * 2);
    expect([...ways].filter((way) => way.startsWith('slow'))).toEqual([]);
    const isRestart = ({ action }: Step) => action.kind === 'gone' && action.restart !== undefined;
    for (let seed = 100; seed < 120; seed++) expect(steps(seed, 400).filter(isRestart).length).toBeGreaterThan(0);
  });

  it.each([1, 2, 3])('lets parts go and come back in turns, three at once at most, with seed %i', (seed) => {
    const sizes = new Set<number>();
    for (const { action, gone } of withGone(seed)) {
      if (gone.size > 2) expect(gone.has('bouncer') && (gone.has('LAPI') || gone.has('way to LAPI'))).toBe(true);
      sizes.add(gone.size);
      if (action.kind === 'gone') expect(gone).not.toContain(action.outage.part);
      if (action.kind === 'back') expect(gone).toContain(action.outage.part);
    }
    expect([...sizes].sort()).toEqual([0, 1, 2, 3]);
  });

  it('brings every part back within a few steps', () => {
    const since = new Map<string, number>();
    for (const [i, { action }] of steps(4).entries()) {
      if (action.kind === 'gone') since.set(action.outage.part, i);
      if (action.kind === 'back') since.delete(action.outage.part);
      for (const began of since.values()) expect(i - began).toBeLessThan(10);
    }
    expect(since.size).toBeLessThan(PARTS.length);
  });

  it('leaves protection on most of the time', () => {
    let off = 0;
    let isOn = true;
    let isEnforced = true;
    for (const { action } of steps(5)) {
      if (action.kind === 'enabled') isOn = action.enabled;
      if (action.kind === 'policy') isEnforced = action.policy === 'enforce';
      if (!isOn || !isEnforced) off++;
    }
    expect(off).toBeGreaterThan(0);
    expect(off).toBeLessThan(STEPS / 3);
  });

  it('lets the bystanders be', () => {
    const values = steps(6).flatMap(({ action }) => ('value' in action ? [action.value] : []));
    expect(values.filter((value) => value.startsWith('127.9.') || value.startsWith('127.7.'))).toEqual([]);
    expect(CAST.clients).toContain('127.9.0.1');
  });
});
