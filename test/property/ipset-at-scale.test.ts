import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IpSet } from '../../bouncer/ipset/ip-set.ts';
import { validate } from '../../bouncer/ipset/validate.ts';
import { type Prefix, comparePrefixes, familyOf, formatPrefix, prefixParts } from '../../bouncer/shared/net/prefix.ts';

/** Histories long enough that the pool grows, compacts and shrinks many times; the oracle is a Set of strings. */
const OPERATIONS = 20_000;

/** Xorshift32: a history of thousands is not worth shrinking, so fast-check only chooses its seed. */
function randomWords(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Draws from a few /12s (IPv6: /28s), so that nodes fill up, at the lengths that lists have and some that they have not. */
function randomPrefix(next: () => number): Prefix {
  const block = (next() & 3) << 20;
  if (next() & 1)
    return formatPrefix(4, [(0xc0000000 | block | (next() & 0xfffff)) >>> 0], next() % 8 ? 32 : next() % 33)!;
  const words = [
    0x20010000 | (block >>> 4) | (next() & 0xff),
    next() & 0x0f0f0f0f,
    next() & 1 ? next() : 0,
    next() & 7,
  ];
  return formatPrefix(6, words, [128, 128, 64, 56, 48, next() % 129][next() % 6]!)!;
}

/** Every prefix that covers this one, by cutting it at every length. */
function coveringsIn(members: ReadonlySet<Prefix>, prefix: Prefix): Prefix[] {
  const { family, words, length } = prefixParts(prefix);
  const cuts = Array.from({ length: length + 1 }, (_, bits) => formatPrefix(family, words, bits)!);
  return cuts.filter((cut) => members.has(cut));
}

describe('an IP set of thousands', () => {
  it('is right at every fifth of a history that grows and shrinks it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0x7fff_ffff }), (seed) => {
        const next = randomWords(seed);
        const set = new IpSet();
        const members = new Set<Prefix>();
        for (let i = 0; i < OPERATIONS; i++) {
          const isGrowing = i % 10_000 < 6000;
          if (isGrowing || members.size === 0) {
            const prefix = randomPrefix(next);
            expect(set.add(prefix)).toBe(!members.has(prefix));
            members.add(prefix);
          } else {
            // Oldest first, two for each one that came, so that the pool shrinks.
            for (const prefix of members) {
              expect(set.delete(prefix)).toBe(true);
              members.delete(prefix);
              if (members.size % 2 === 0) break;
            }
          }
          if (i % (OPERATIONS / 5) === 0) compare(set, members, next);
        }
        compare(set, members, next);
      }),
      { numRuns: 4 },
    );
  });

  function compare(set: IpSet, members: ReadonlySet<Prefix>, next: () => number): void {
    validate(set.ipv4, 32);
    validate(set.ipv6, 128);
    const all = [...members].toSorted(comparePrefixes);
    expect([...set]).toEqual(all);
    expect([...IpSet.from(members)]).toEqual(all);
    expect([...set.maximal()]).toEqual(all.filter((member) => coveringsIn(members, member).length === 1));
    for (let i = 0; i < 200; i++) {
      const prefix = randomPrefix(next);
      const coverings = coveringsIn(members, prefix);
      expect(set.coverings(prefix)).toEqual(coverings);
      expect(set.contains(prefix)).toBe(coverings.length > 0);
      expect(set.has(prefix)).toBe(members.has(prefix));
      if (i % 20 > 0) continue;
      const inside = all.filter(
        (member) => familyOf(member) === familyOf(prefix) && coveringsIn(new Set([prefix]), member).length,
      );
      expect([...set.within(prefix)]).toEqual(inside);
    }
  }
});
