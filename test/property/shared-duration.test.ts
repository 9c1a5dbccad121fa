import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDuration } from '../../bouncer/shared/domain/duration.ts';
import { durationInput } from '../../control-api/http/duration-input.ts';

const SEED = 20_260_622;

/** As Go's `time.Duration.String()` writes nanoseconds. */
function goDuration(nanoseconds: bigint): string {
  const sign = nanoseconds < 0n ? '-' : '';
  const n = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  if (n === 0n) return '0s';
  if (n < 1_000n) return `${sign}${n}ns`;
  if (n < 1_000_000n) return `${sign}${decimal(n, 3)}µs`;
  if (n < 1_000_000_000n) return `${sign}${decimal(n, 6)}ms`;
  const minute = 60_000_000_000n;
  const minutes = n / minute;
  const seconds = `${decimal(n % minute, 9)}s`;
  if (minutes === 0n) return sign + seconds;
  return minutes < 60n ? `${sign}${minutes}m${seconds}` : `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

/** `n` over 10^digits, without zeros at its end: decimal(1500n, 3) is 1.5. */
function decimal(n: bigint, digits: number): string {
  const scale = 10n ** BigInt(digits);
  const fraction = (n % scale).toString().padStart(digits, '0').replace(/0+$/, '');
  return fraction === '' ? String(n / scale) : `${n / scale}.${fraction}`;
}

const nanoseconds = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -2_000_000_000n, max: 2_000_000_000n }),
  fc.integer({ min: -10_000_000, max: 10_000_000 }).map((seconds) => BigInt(seconds) * 1_000_000_000n),
);

describe('a duration that Go writes', () => {
  it('is read to the nanosecond, as far as a number keeps it', () => {
    fc.assert(
      fc.property(nanoseconds, (n) => {
        const wanted = Number(n) / 1e6;
        const slack = Math.max(1e-7, Math.abs(wanted) * 1e-12);
        expect(Math.abs((parseDuration(goDuration(n)) ?? Number.NaN) - wanted)).toBeLessThanOrEqual(slack);
      }),
      { numRuns: 5_000, seed: SEED },
    );
  });

  it('may be written in any units, in any order, and is their sum', () => {
    const units = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1, us: 1e-3, µs: 1e-3, μs: 1e-3, ns: 1e-6 };
    const part = fc.tuple(fc.nat(9_999), fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
        const text = parts.map(([count, unit]) => `${count}${unit}`).join('');
        const sum = parts.reduce((total, [count, unit]) => total + count * units[unit], 0);
        expect(parseDuration(text)).toBeCloseTo(sum, 4);
        expect(parseDuration(`-${text}`)).toBeCloseTo(-sum, 4);
      }),
      { numRuns: 2_000, seed: SEED },
    );
  });
});

describe('a duration that we write', () => {
  it('is read back, to the second, for all the 292 years that Go counts', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e6, max: 9.2e12, noNaN: true }), (milliseconds) => {
        const text = formatDuration(milliseconds);
        expect(text).toMatch(/^(\d+h)?([0-5]?\dm)?[0-5]?\ds$/);
        expect(parseDuration(text)).toBe(Math.max(0, Math.round(milliseconds / 1_000)) * 1_000);
      }),
      { numRuns: 2_000, seed: SEED },
    );
  });
});

describe('any other text', () => {
  const characters = fc.string({ unit: fc.constantFrom(...Array.from('0123456789.hmsuµnd+- e')), maxLength: 12 });

  it('is a finite number of milliseconds, or none', () => {
    fc.assert(
      fc.property(fc.oneof(characters, fc.string({ maxLength: 80 })), (text) => {
        const read = parseDuration(text);
        if (read !== undefined) expect(Number.isFinite(read) && Math.abs(read) <= 2 ** 63 / 1e6).toBe(true);
      }),
      { numRuns: 5_000, seed: SEED },
    );
  });

  it('asks for no ban that is shorter than a second or longer than ten years', () => {
    fc.assert(
      fc.property(characters, (text) => {
        const read = durationInput.safeParse(text);
        if (read.success) expect(read.data >= 1_000 && read.data <= 3650 * 86_400_000).toBe(true);
      }),
      { numRuns: 5_000, seed: SEED },
    );
  });
});
