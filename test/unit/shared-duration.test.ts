import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../bouncer/shared/domain/duration.ts';

describe('a duration', () => {
  it.each([
    ['0', 0],
    ['-0', -0],
    ['10s', 10_000],
    ['+10s', 10_000],
    ['1m30s', 90_000],
    ['1h2m3s4ms', 3_723_004],
    ['.5s', 500],
    ['1m.25s', 60_250],
    ['5.s', 5_000],
    ['1.5h', 5_400_000],
    ['3h59m59.732569324s', 14_399_732.569324],
    ['-12.787272ms', -12.787272],
    ['250µs', 0.25], // U+00B5, as Go writes it
    ['250μs', 0.25], // U+03BC
    ['100ns', 0.0001],
    ['2562047h47m16.854775807s', 2 ** 63 / 1e6],
  ])('is read as Go reads it: %s', (text, milliseconds) => {
    expect(parseDuration(text)).toBeCloseTo(milliseconds, 6);
  });

  it.each([
    '',
    '-',
    's',
    '10',
    '4d',
    '1w',
    '1h 2m',
    '1h-2m',
    '--1s',
    '1e3s',
    '.s',
    '1,5s',
    '10S',
    '10s\n',
    '0x1s',
    '2562047h48m',
    `1${'0'.repeat(60)}h`,
  ])('is none when Go would not read it: "%s"', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('is refused at once when it is absurdly long', () => {
    expect(parseDuration('1h'.repeat(32))).toBe(32 * 3_600_000);
    expect(parseDuration(`${'1h'.repeat(32)}1s`)).toBeUndefined();
    expect(parseDuration('9'.repeat(10_000_000))).toBeUndefined();
  });

  it.each([
    [0, '0s'],
    [-5_000, '0s'],
    [499, '0s'],
    [500, '1s'],
    [59_999, '1m0s'],
    [60_000, '1m0s'],
    [3_600_000, '1h0m0s'],
    [93_784_000, '26h3m4s'],
  ])('of %i ms is shown to people as %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });
});
