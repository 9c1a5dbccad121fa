import { beforeEach, describe, expect, it } from 'vitest';
import { PushPace } from '../../bouncer/enforce/push-pace.ts';

let pace: PushPace;

beforeEach(() => {
  pace = new PushPace(5_000);
});

describe('the pace of pushes', () => {
  it('lets the first one go at once', () => {
    expect(pace.nextAt).toBe(-Infinity);
    expect(pace.lastMs).toBeUndefined();
  });

  it('keeps the interval between quick ones', () => {
    pace.pushed(1_000, 40);
    expect(pace.nextAt).toBe(6_000);
    expect(pace.lastMs).toBe(40);
  });

  it('leaves ten times as long as a slow one takes', () => {
    pace.pushed(0, 2_000);
    expect(pace.nextAt).toBe(20_000);
    for (const at of [20_000, 50_000, 80_000]) pace.pushed(at, 3_000);
    expect(pace.nextAt).toBe(110_000);
  });

  it('is not slowed down by a single one that took long because the machine stood still', () => {
    pace.pushed(0, 40);
    pace.pushed(5_000, 9_000);
    expect(pace.nextAt).toBe(10_000);
    expect(pace.lastMs).toBe(9_000);
  });

  it('is as quick as before once pushes are quick again', () => {
    for (const at of [0, 30_000, 60_000]) pace.pushed(at, 3_000);
    pace.pushed(90_000, 40);
    expect(pace.nextAt).toBe(95_000);
  });

  it('forgets slow ones after three quick ones, and not before one', () => {
    for (const at of [0, 30_000]) pace.pushed(at, 3_000);
    expect(pace.nextAt).toBe(60_000);
    pace.pushed(60_000, 1_000);
    for (const at of [70_000, 80_000, 90_000]) pace.pushed(at, 2_000);
    expect(pace.nextAt).toBe(110_000);
  });

  it('is told to people with the time of day', () => {
    expect(pace.status).toEqual({ last_push_at: undefined, last_push_ms: undefined, pushes: 0 });
    pace.pushed(1_000, 40, Date.UTC(2026, 0, 1));
    pace.pushed(2_000, 30, Date.UTC(2026, 0, 2));
    expect(pace.status).toEqual({ last_push_at: '2026-01-02T00:00:00.000Z', last_push_ms: 30, pushes: 2 });
  });
});
