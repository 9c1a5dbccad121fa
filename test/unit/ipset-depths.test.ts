import { describe, expect, it } from 'vitest';
import { IpSet } from '../../bouncer/ipset/ip-set.ts';
import { ROOT_SLOTS } from '../../bouncer/ipset/root.ts';
import { validate } from '../../bouncer/ipset/validate.ts';
import { type Prefix, formatPrefix } from '../../bouncer/shared/net/prefix.ts';
import { NaiveIpSet } from '../support/naive-ip-set.ts';

const BASES = { 4: 0x0a01_1203n, 6: 0x2001_0db8_0001_0002_0003_0004_0005_0006n };
const WIDTHS = { 4: 32, 6: 128 } as const;

/** The prefix of this length whose bits from `depth` on are those of the base, but for the four or eight of `bits`. */
function prefixAt(family: 4 | 6, depth: number, bits: number, length: number): Prefix {
  const width = WIDTHS[family];
  const address = BASES[family] ^ (BigInt(bits) << BigInt(width - depth));
  const words = Array.from({ length: width / 32 }, (_, i) =>
    Number(BigInt.asUintN(32, address >> BigInt(width - 32 - 32 * i))),
  );
  return formatPrefix(family, words, length)!;
}

/** More than a bucket holds, which differ in the eight bits before `depth`; every third is a range. */
function crowdBefore(family: 4 | 6, depth: number): Prefix[] {
  const width = WIDTHS[family];
  return Array.from({ length: 44 }, (_, i) => prefixAt(family, depth, (i * 37) & 0xff, i % 3 === 0 ? depth : width));
}

/** What leaves the way to the crowd sooner or later, and what covers a part of it, or all. */
function othersAround(family: 4 | 6, depth: number): Prefix[] {
  const width = WIDTHS[family];
  const start = depth - 8;
  const beside = [1, 3, 4, 5, 9].map((bits) => start - bits).filter((from) => from >= 16);
  const wide = [0, 1, 2, 3, 4, 5, 7].map((bits) => prefixAt(family, depth, 0x5a, start + bits));
  return [
    ...beside.map((from) => prefixAt(family, from + 1, 1, width)),
    ...wide,
    ...beside.map((from) => prefixAt(family, from + 1, 0, from)),
    ...beside.map((from) => prefixAt(family, from + 1, 1, from + 1)),
  ];
}

describe.each([
  ...[24, 28, 31].map((depth) => ({ family: 4 as const, depth })),
  ...[24, 32, 36, 64, 68, 79, 96, 128].map((depth) => ({ family: 6 as const, depth })),
])('IPv$family prefixes that part before bit $depth', ({ family, depth }) => {
  const crowd = crowdBefore(family, depth);
  const others = othersAround(family, depth);
  const asked = [0, 1, 0x25, 0x5a, 0x81, 0xff].flatMap((bits) =>
    [depth - 9, depth - 6, depth - 1, depth, WIDTHS[family]].map((length) => prefixAt(family, depth, bits, length)),
  );

  function expectSame(set: IpSet, oracle: NaiveIpSet): void {
    validate(family === 4 ? set.ipv4 : set.ipv6, WIDTHS[family]);
    for (const prefix of [...asked, ...others, ...crowd.slice(0, 4)]) {
      const coverings = oracle.coverings(prefix);
      expect(set.coverings(prefix), `coverings ${prefix}`).toEqual(coverings);
      expect(set.longestMatch(prefix), `longestMatch ${prefix}`).toBe(coverings.at(-1));
      expect(set.contains(prefix), `contains ${prefix}`).toBe(coverings.length > 0);
      expect(set.has(prefix), `has ${prefix}`).toBe(coverings.at(-1) === prefix);
    }
    for (const prefix of [...others, prefixAt(family, depth, 0, 16)]) {
      expect([...set.within(prefix)], `within ${prefix}`).toEqual(oracle.within(prefix));
    }
  }

  it('are found where they are, and nothing else, while they come and go', () => {
    const set = new IpSet();
    const oracle = new NaiveIpSet();
    const add = (prefix: Prefix) => expect(set.add(prefix), `add ${prefix}`).toBe(oracle.add(prefix));
    const remove = (prefix: Prefix) => expect(set.delete(prefix), `delete ${prefix}`).toBe(oracle.delete(prefix));
    crowd.slice(0, 30).forEach(add);
    expectSame(set, oracle);
    crowd.slice(30).forEach(add);
    expectSame(set, oracle);
    [...others, ...others].forEach(add);
    expectSame(set, oracle);
    const maximal = oracle.maximal();
    expect([...set.maximal()]).toEqual(maximal);
    [...asked, ...others].forEach(remove);
    expectSame(set, oracle);
    crowd.slice(0, 20).forEach(remove);
    expectSame(set, oracle);
    crowd.forEach(remove);
    expect(set.size).toBe(0);
    expect((family === 4 ? set.ipv4 : set.ipv6).pool.liveWords).toBe(ROOT_SLOTS);
  });
});
