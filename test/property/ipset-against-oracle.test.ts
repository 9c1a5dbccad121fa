import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IpSet } from '../../bouncer/ipset/ip-set.ts';
import { validate } from '../../bouncer/ipset/validate.ts';
import { type Prefix, formatPrefix } from '../../bouncer/shared/net/prefix.ts';
import { NaiveIpSet } from '../support/naive-ip-set.ts';

/** Few bases, so that prefixes of a history nest, neighbour and meet; bits are flipped anywhere in the address. */
const bases4 = [0x00000000, 0xffffffff, 0x0a000000, 0xc0000201];
const bases6 = [
  [0, 0, 0, 0],
  [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
  [0x20010db8, 0, 0, 1],
  [0x20010db8, 0x00010002, 0x00030004, 0x00050006],
];

function lengthsTo(width: number): fc.Arbitrary<number> {
  const boundaries = Array.from({ length: width / 4 + 1 }, (_, i) => i * 4);
  return fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 0, max: width }) },
    { weight: 3, arbitrary: fc.constant(width) },
    { weight: 2, arbitrary: fc.constantFrom(...boundaries) },
    { weight: 1, arbitrary: fc.constantFrom(0, 1, width - 1, width - 4, width - 3) },
  );
}

function flipped(words: readonly number[], bits: readonly number[]): number[] {
  const result = [...words];
  for (const bit of bits) result[bit >>> 5] = (result[bit >>> 5]! ^ (1 << (31 - (bit & 31)))) >>> 0;
  return result;
}

const prefix4 = fc
  .tuple(fc.constantFrom(...bases4), fc.array(fc.nat(31), { maxLength: 2 }), lengthsTo(32))
  .map(([base, bits, length]) => formatPrefix(4, flipped([base], bits), length)!);
const prefix6 = fc
  .tuple(fc.constantFrom(...bases6), fc.array(fc.nat(127), { maxLength: 2 }), lengthsTo(128))
  .map(([base, bits, length]) => formatPrefix(6, flipped(base, bits), length)!);
const prefix = fc.oneof(prefix4, prefix6);

/** More of one family, and around one address, than fit a bucket; the bits that differ begin at any depth. */
const crowd = fc
  .tuple(fc.constantFrom<[4 | 6, readonly number[]]>([4, [0x0a000000]], [6, bases6[2]!], [6, bases6[3]!]), fc.nat(31))
  .chain(([[family, base], side]) => {
    const width = family === 4 ? 32 : 128;
    const from = family === 4 ? Math.min(16 + side, 26) : 16 + 3 * side;
    const bit = fc.integer({ min: from, max: Math.min(width, from + 16) - 1 });
    const member = fc.tuple(fc.array(bit, { maxLength: 6 }), fc.oneof(fc.constant(width), lengthsTo(width)));
    return fc
      .array(member, { minLength: 20, maxLength: 120, size: 'max' })
      .map((members) => members.map(([bits, length]) => formatPrefix(family, flipped(base, bits), length)!));
  });

const step = fc.record({ action: fc.constantFrom('add', 'add', 'delete'), prefix });
const history = fc.array(step, { maxLength: 60, size: 'max' });

function replay(steps: readonly { action: string; prefix: Prefix }[]): [IpSet, NaiveIpSet] {
  const set = new IpSet();
  const oracle = new NaiveIpSet();
  for (const { action, prefix } of steps) {
    if (action === 'add') expect(set.add(prefix)).toBe(oracle.add(prefix));
    else expect(set.delete(prefix)).toBe(oracle.delete(prefix));
  }
  return [set, oracle];
}

function validateBoth(set: IpSet): void {
  validate(set.ipv4, 32);
  validate(set.ipv6, 128);
}

describe('an IP set, after any history', () => {
  it('answers as the oracle does', () => {
    fc.assert(
      fc.property(history, fc.array(prefix, { maxLength: 10 }), (steps, asked) => {
        const [set, oracle] = replay(steps);
        validateBoth(set);
        expect(set.size).toBe(oracle.size);
        expect([...set]).toEqual(oracle.all());
        expect([...set.maximal()]).toEqual(oracle.maximal());
        for (const each of [...asked, ...steps.map((step) => step.prefix)]) {
          expect(set.has(each), `has ${each}`).toBe(oracle.has(each));
          expect(set.contains(each), `contains ${each}`).toBe(oracle.contains(each));
          expect(set.coverings(each), `coverings ${each}`).toEqual(oracle.coverings(each));
          expect(set.longestMatch(each), `longestMatch ${each}`).toBe(oracle.longestMatch(each));
          expect([...set.within(each)], `within ${each}`).toEqual(oracle.within(each));
        }
      }),
      { numRuns: 600 },
    );
  });

  it('answers as the oracle does where a bucket becomes a node and a node a bucket', () => {
    fc.assert(
      fc.property(crowd, fc.array(step, { maxLength: 20 }), fc.integer({ min: 1, max: 3 }), (crowded, more, each) => {
        const steps = [...crowded.map((prefix) => ({ action: 'add', prefix })), ...more];
        const [set, oracle] = replay(steps);
        for (let round = 0; ; round++) {
          validateBoth(set);
          // To walk the whole set takes longer than everything else.
          if (round % 4 === 0) {
            expect([...set]).toEqual(oracle.all());
            expect([...set.maximal()]).toEqual(oracle.maximal());
          }
          for (const prefix of crowded.slice(0, 8)) {
            expect(set.has(prefix), `has ${prefix}`).toBe(oracle.has(prefix));
            expect(set.contains(prefix), `contains ${prefix}`).toBe(oracle.contains(prefix));
            expect(set.coverings(prefix), `coverings ${prefix}`).toEqual(oracle.coverings(prefix));
            expect([...set.within(prefix)], `within ${prefix}`).toEqual(oracle.within(prefix));
          }
          const leaving = oracle.all().filter((_, i) => (i + each) % 3 === 0);
          if (leaving.length === 0) break;
          for (const prefix of leaving) expect(set.delete(prefix)).toBe(oracle.delete(prefix));
        }
      }),
      { numRuns: 30 },
    );
  });

  it('is the set that is built from what is left', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const [set, oracle] = replay(steps);
        const rebuilt = IpSet.from(oracle.all());
        validateBoth(rebuilt);
        expect([...set]).toEqual([...rebuilt]);
        expect([set.ipv4.pool.liveWords, set.ipv6.pool.liveWords]).toEqual([
          rebuilt.ipv4.pool.liveWords,
          rebuilt.ipv6.pool.liveWords,
        ]);
      }),
      { numRuns: 500 },
    );
  });

  it('is empty, and as small as a new one, when all are deleted again', () => {
    fc.assert(
      fc.property(fc.array(prefix, { maxLength: 200, size: 'max' }), (members) => {
        const set = IpSet.from(members);
        let deleted = 0;
        for (const member of new Set(members)) {
          expect(set.delete(member)).toBe(true);
          if (++deleted % 8 === 0) validateBoth(set);
        }
        validateBoth(set);
        expect([...set]).toEqual([]);
        expect([set.ipv4.pool.liveWords, set.ipv6.pool.liveWords]).toEqual([65_536, 65_536]);
      }),
      { numRuns: 100 },
    );
  });
});
