/** The tree of ranges against a scan: same answer for every address, in order, and shallow. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IpSet } from '../../bouncer/ipset/ip-set.ts';
import { type Address, covers, formatPrefix, type Prefix, parsePrefix } from '../../bouncer/shared/net/prefix.ts';
import type { MatcherSet } from '../../caddy/config-types.ts';
import { rangeTree } from '../../caddy/range-tree.ts';

const inRanges = (ranges: readonly Prefix[]): MatcherSet => ({ client_ip: { ranges } });

/** What Caddy makes of a matcher set, and how many ranges it looked at. */
function asks(set: MatcherSet, address: Address, cost: { ranges: number }): boolean {
  if (set.not !== undefined) return !set.not.some((inner) => asks(inner, address, cost));
  const ranges = set.client_ip?.ranges ?? [];
  const at = ranges.findIndex((range) => covers(prefix(range), address));
  cost.ranges += at < 0 ? ranges.length : at + 1;
  return at >= 0;
}

function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (parsed === undefined) throw new Error(`"${text}" is no prefix`);
  return parsed;
}

/** Close to one another, so that guards are nested, and of both families. */
const range = fc.oneof(
  fc
    .tuple(fc.nat(0xffff), fc.integer({ min: 12, max: 31 }))
    .map(([bits, length]) => formatPrefix(4, [(0x0a000000 + bits * 256) >>> 0], length)),
  fc
    .tuple(fc.nat(0xffff), fc.integer({ min: 24, max: 64 }))
    .map(([bits, length]) => formatPrefix(6, [0x20010000 + (bits >>> 8), (bits & 255) << 24, 0, 0], length)),
);

const address = fc
  .oneof(
    fc.nat(0xffffff).map((bits) => formatPrefix(4, [0x0a000000 + bits], 32)),
    fc.nat(0xffff).map((bits) => formatPrefix(6, [0x20010000 + (bits >>> 8), (bits & 255) << 24, 0, 1], 128)),
  )
  .map((found) => found as Address);

describe('rangeTree', () => {
  it('says of every address what a scan of the ranges says', () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 400 }), fc.array(address, { maxLength: 40 }), (found, addresses) => {
        const members = found.filter((prefix) => prefix !== undefined);
        const ranges = [...IpSet.from(members).maximal()];
        const tree = rangeTree(ranges, inRanges);
        const hosts = ranges.map((inside) => inside.split('/')[0] as Address);
        for (const asked of [...addresses, ...hosts.slice(0, 20)]) {
          const wanted = members.some((member) => covers(member, asked));
          expect(tree.some((set) => asks(set, asked, { ranges: 0 }))).toBe(wanted);
        }
      }),
      { numRuns: 200, seed: 7 },
    );
  });

  it('looks at a hundred ranges where a list of twenty thousand would look at all', () => {
    const ranges = Array.from({ length: 20_000 }, (_, i) => prefix(`${1 + (i % 200)}.${(i * 7) & 255}.${i >> 8}.0/24`));
    const tree = rangeTree([...IpSet.from(ranges).maximal()], inRanges);
    const costs = ranges
      .filter((_, i) => i % 97 === 0)
      .map((range) => {
        const cost = { ranges: 0 };
        expect(tree.some((set) => asks(set, range.split('/')[0] as Address, cost))).toBe(true);
        return cost.ranges;
      });
    expect(Math.max(...costs)).toBeLessThan(110);
  });
});
