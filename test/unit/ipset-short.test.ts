import { describe, expect, it } from 'vitest';
import { IpSet } from '../../bouncer/ipset/ip-set.ts';
import { ShortPrefixes } from '../../bouncer/ipset/short-prefixes.ts';
import { validate } from '../../bouncer/ipset/validate.ts';
import { type Prefix, formatPrefix } from '../../bouncer/shared/net/prefix.ts';

const setOf = (...members: readonly string[]) => IpSet.from(members as Prefix[]);
const address = (word: number) => formatPrefix(4, [word >>> 0], 32)!;

/** The range of this length that 100.100.0.0 is in, from its first address to its last. */
function rangeOf(length: number) {
  const size = 2 ** (32 - length);
  const first = Math.floor(0x6464_0000 / size) * size;
  return { range: formatPrefix(4, [first], length)!, first, last: first + size - 1 };
}

describe.each(Array.from({ length: 15 }, (_, i) => i + 1))('a range of length %d', (length) => {
  const { range, first, last } = rangeOf(length);
  const around = [first, last, first - 1, last + 1].map(address);

  it('covers what is in it, from end to end, while it is there', () => {
    const set = new IpSet();
    const covered = () => around.map((one) => set.contains(one));
    expect([set.add(range), set.has(range)]).toEqual([true, true]);
    expect(covered()).toEqual([true, true, false, false]);
    expect([set.delete(range), set.has(range)]).toEqual([true, false]);
    expect(covered()).toEqual([false, false, false, false]);
  });

  it('goes alone: what stands beside it stays, and so does what covers it', () => {
    const beside = formatPrefix(4, [first - 2 ** (32 - length)], length)!;
    const set = setOf(beside, range);
    set.delete(range);
    const covered = () => around.slice(0, 3).map((one) => set.contains(one));
    expect(covered()).toEqual([false, false, true]);
    expect([...set]).toEqual([beside]);
    set.add('0.0.0.0/0' as Prefix);
    set.delete(beside);
    expect(covered()).toEqual([true, true, true]);
    expect(set.coverings(address(first))).toEqual(['0.0.0.0/0']);
    expect([...set.within('0.0.0.0/0' as Prefix)]).toEqual(['0.0.0.0/0']);
    validate(set.ipv4, 32);
  });
});

describe('prefixes that are too short for the root table', () => {
  it('know where any of them begins, as they come and go', () => {
    const short = new ShortPrefixes();
    const slot = 0x0a00;
    const words = Uint32Array.of(slot * 2 ** 16, 0, 0, 0, 0);
    const begins = () => [slot - 1, slot, slot + 1, slot + 2].map((each) => short.beginsAt(each));
    for (const length of [8, 15]) expect(short.insert(words, length)).toBe(true);
    expect(short.insert(Uint32Array.of((slot + 2) * 2 ** 16, 0, 0, 0, 0), 15)).toBe(true);
    expect([short.count, begins()]).toEqual([3, [false, true, false, true]]);
    short.remove(words, 8);
    expect([short.count, begins()]).toEqual([2, [false, true, false, true]]);
    short.remove(words, 15);
    expect([short.count, begins()]).toEqual([1, [false, false, false, true]]);
  });
});
