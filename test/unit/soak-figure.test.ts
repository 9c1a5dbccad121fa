import { describe, expect, it } from 'vitest';
import { type Figure, growthOf } from '../soak/figure.ts';
import { Recorder } from '../soak/recorder.ts';
import { tableOf } from '../soak/table.ts';

const SECOND = 1_000;

/** A figure that was looked at once a second, a hundred times. */
function figure(valueAt: (second: number) => number, mayGrowBy?: number): Figure {
  const samples = Array.from({ length: 100 }, (_, i) => ({ atMs: i * SECOND, value: valueAt(i) }));
  return { name: 'heap', unit: 'MB', mayGrowBy, samples };
}

describe('a figure of the soak', () => {
  it('may grow while it warms up', () => {
    const growth = growthOf(figure((second) => Math.min(second, 40), 1));
    expect(growth).toEqual({ start: 0, warm: 40, end: 40, perHour: 0, isFine: true });
  });

  it('that goes on growing is found', () => {
    const growth = growthOf(figure((second) => 20 + second / 10, 2));
    expect(growth.isFine).toBe(false);
    expect(growth.end - growth.warm).toBeCloseTo(4.5);
    expect(growth.perHour).toBeCloseTo(360);
  });

  it('may shrink, and may grow by its bound', () => {
    expect(growthOf(figure((second) => 100 - second, 0)).isFine).toBe(true);
    expect(growthOf(figure((second) => (second > 80 ? 7 : 5), 2)).isFine).toBe(true);
    expect(growthOf(figure((second) => (second > 80 ? 8 : 5), 2)).isFine).toBe(false);
  });

  it('is not judged by a single odd look', () => {
    expect(growthOf(figure((second) => (second === 95 ? 1_000 : 5), 0)).isFine).toBe(true);
  });

  it('that was looked at too rarely proves nothing', () => {
    const { samples, ...rest } = figure(() => 1, 1);
    expect(() => growthOf({ ...rest, samples: samples.slice(0, 12) })).toThrow('too rarely');
  });
});

describe('the table of the soak', () => {
  it('shows every figure, and says which one grows', () => {
    const recorder = new Recorder({ heap: { unit: 'MB', mayGrowBy: 1 } }, () => now);
    let now = 0;
    for (; now < 60_000; now += SECOND) recorder.record({ heap: now / 10_000, events: 3 });
    const { lines, isFine } = tableOf(recorder.figures);
    expect(isFine).toBe(false);
    expect(lines.map((line) => line.replace(/ +/g, ' '))).toEqual([
      ' start warm end an hour may grow by',
      'heap 0 MB 2.8 MB 5.5 MB +360 MB 1 MB ✗ grows',
      'events 3 3 3 +0 –',
    ]);
  });
});
