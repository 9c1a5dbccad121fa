import { describe, expect, it } from 'vitest';
import { countsOf, type DecisionSample, isDue } from '../../control-api/history/decision-sample.ts';
import { downSample } from '../../control-api/history/down-sample.ts';
import { HEARD, summarize } from '../../control-api/protection/bouncer-summary.ts';
import { bouncerStatus } from './control-api-bouncers.ts';

const MINUTE = 60_000;
const NOON = Date.parse('2026-01-01T12:00:00Z');

const sample = (at: number, local: number, more: Partial<DecisionSample> = {}): DecisionSample => ({
  at,
  local,
  community: 0,
  lists: 0,
  state: 'enforcing',
  ...more,
});

const locals = (samples: readonly DecisionSample[], now = NOON + 14 * MINUTE) =>
  downSample(samples, { now, slotMs: 15 * MINUTE, slots: 4 }).map((slot) => slot.sample?.local);

describe('a series of decisions, in parts of equal length', () => {
  it('shows the most of each part, so that a short wave is not lost', () => {
    expect(locals([sample(NOON + MINUTE, 3), sample(NOON + 2 * MINUTE, 90), sample(NOON + 9 * MINUTE, 4)])).toEqual([
      undefined,
      undefined,
      undefined,
      90,
    ]);
  });

  it('shows a wave of our own beside a community list that has become shorter, and what holds at the end', () => {
    const before = sample(NOON + MINUTE, 3, { community: 15_000 });
    const after = sample(NOON + 9 * MINUTE, 60, { community: 14_000, state: 'monitoring' });
    const slots = downSample([before, after], { now: NOON + 14 * MINUTE, slotMs: 15 * MINUTE, slots: 4 });
    expect(slots.at(-1)?.sample).toMatchObject({ local: 60, community: 15_000, state: 'monitoring' });
  });

  it('begins each part at a multiple of its length, whenever it is asked', () => {
    const starts = (now: number) => downSample([], { now, slotMs: 15 * MINUTE, slots: 4 }).map(({ at }) => at);
    expect(starts(NOON)).toEqual(starts(NOON + 15 * MINUTE - 1));
    expect(starts(NOON).at(-1)).toBe(NOON);
  });

  it('holds the last count for a quarter of an hour, and then leaves a gap: nobody counted', () => {
    expect(locals([sample(NOON - 30 * MINUTE, 5)])).toEqual([undefined, 5, 5, undefined]);
  });

  it('takes what came just before the first part as its beginning', () => {
    expect(locals([sample(NOON - 46 * MINUTE, 7)])).toEqual([7, undefined, undefined, undefined]);
  });

  it('leaves out what lies before and after', () => {
    expect(locals([sample(NOON - 300 * MINUTE, 1), sample(NOON + 60 * MINUTE, 2)])).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('when to write', () => {
  const { at: _, ...same } = sample(0, 5);

  it('writes the first at once, then every five minutes', () => {
    expect(isDue(same, undefined, NOON)).toBe(true);
    expect(isDue(same, sample(NOON - 5 * MINUTE + 1, 5), NOON)).toBe(false);
    expect(isDue(same, sample(NOON - 5 * MINUTE, 5), NOON)).toBe(true);
  });

  it('writes a change sooner, and not more often than every two minutes', () => {
    expect(isDue(same, sample(NOON - 2 * MINUTE + 1, 6), NOON)).toBe(false);
    expect(isDue(same, sample(NOON - 2 * MINUTE, 6), NOON)).toBe(true);
    expect(isDue(same, sample(NOON - 2 * MINUTE, 5, { state: 'monitoring' }), NOON)).toBe(true);
  });

  it('goes on when the clock was set back', () => {
    expect(isDue(same, sample(NOON + 60 * MINUTE, 5), NOON)).toBe(true);
  });

  it('has nothing to say while no bouncer knows its decisions', () => {
    expect(countsOf(summarize([], HEARD))).toBeUndefined();
    expect(countsOf(summarize([], { since: undefined, because: 'Redis is full' }))).toBeUndefined();
    for (const state of ['starting', 'degraded', 'off'] as const)
      expect(countsOf(summarize([bouncerStatus({ state })], HEARD))).toBeUndefined();
  });

  it('counts what is known, whatever the bouncer does with it: also what is on its way to Caddy, and nothing', () => {
    const { lapi } = bouncerStatus();
    const pulled = { ...lapi, last_pull_at: '2026-01-01T12:00:00.000Z' };
    expect(countsOf(summarize([bouncerStatus({ state: 'off', lapi: pulled })], HEARD))).toEqual({
      local: 0,
      community: 0,
      lists: 0,
      state: 'off',
    });
    const decisions = { total: 60, local: 60, community: 0, lists: 0 };
    const syncing = bouncerStatus({ state: 'syncing', decisions, lapi: pulled });
    expect(countsOf(summarize([syncing], HEARD))).toMatchObject({ local: 60, state: 'syncing' });
    // From a snapshot, with LAPI gone; and beside one that has only begun.
    const stale = bouncerStatus({ state: 'stale', decisions });
    const another = bouncerStatus({ id: 'another', state: 'starting' });
    expect(countsOf(summarize([stale], HEARD))).toMatchObject({ local: 60, state: 'stale' });
    expect(countsOf(summarize([syncing, another], HEARD))).toMatchObject({ local: 60 });
  });
});
