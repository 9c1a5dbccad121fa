import { describe, expect, it } from 'vitest';
import { IpSet } from '../../bouncer/ipset/ip-set.ts';
import { ROOT_SLOTS } from '../../bouncer/ipset/root.ts';
import { bucketCovers, bucketHas } from '../../bouncer/ipset/bucket.ts';
import { bucketSlot, isShort } from '../../bouncer/ipset/slot.ts';
import { validate } from '../../bouncer/ipset/validate.ts';
import { type Prefix, formatPrefix } from '../../bouncer/shared/net/prefix.ts';

const WORDS = [0x2001_0db9, 0x9abc_def1, 0x7654_3219, 0xfedc_ba97];

/** The prefix of this length, and the one beside it: its last bit is another. */
const prefixOf = (length: number) => formatPrefix(6, WORDS, length)!;
function besideOf(length: number): Prefix {
  const words = [...WORDS];
  const at = (length - 1) >>> 5;
  words[at] = (words[at]! ^ (1 << (31 - ((length - 1) & 31)))) >>> 0;
  return formatPrefix(6, words, length)!;
}

/** Where a prefix can be alone: in the root table, and below nodes that stand around the end of a word. */
const places = [
  { where: 'in the root table', depth: 16, others: [] },
  ...[24, 28, 32, 60, 64].map((depth) => ({ where: `below bit ${depth}`, depth, others: crowdAt(depth - 4) })),
];

/** More than a bucket holds, all of which leave the way of the prefix with the nibble at `depth`. */
function crowdAt(depth: number): Prefix[] {
  return Array.from({ length: 40 }, (_, i) => {
    const words = [...WORDS];
    words[depth >>> 5] = (words[depth >>> 5]! ^ (1 << (28 - (depth & 31)))) >>> 0;
    words[3] = i;
    return formatPrefix(6, words, 128)!;
  });
}

describe.each(places)('a prefix alone $where', ({ depth, others }) => {
  const after = [0, 1, 4, 27, 28, 29, 30].map((bits) => depth + bits);
  const lengths = [...after, 33, 44, 65, 96, 127, 128].filter((length) => length >= depth);

  it('is kept to its last bit, and covers what it covers and nothing else', () => {
    const set = IpSet.from(others);
    for (const length of lengths) {
      const [alone, beside] = [prefixOf(length), besideOf(length)];
      expect(set.add(alone)).toBe(true);
      validate(set.ipv6, 128);
      expect([...set.within(prefixOf(depth))]).toEqual([alone]);
      expect([set.has(alone), set.has(beside), set.delete(beside)]).toEqual([true, false, false]);
      expect([set.contains(prefixOf(128)), set.contains(beside)]).toEqual([true, false]);
      expect([set.coverings(prefixOf(128)), set.coverings(beside)]).toEqual([[alone], []]);
      const [wider, narrower] = [prefixOf(length - 1), prefixOf(Math.min(length + 1, 128))];
      expect([set.contains(wider), set.has(wider), set.has(narrower)]).toEqual([false, false, length === 128]);
      expect([set.delete(alone), set.size]).toEqual([true, others.length]);
    }
  });
});

describe('a prefix alone', () => {
  it('takes no memory of its own while it is short', () => {
    const set = IpSet.from(['10.1.2.3', '10.2.0.0/16', '2001::/16', '2002:1234::/32'] as Prefix[]);
    expect([set.ipv4.pool.liveWords, set.ipv6.pool.liveWords]).toEqual([ROOT_SLOTS, ROOT_SLOTS]);
  });

  it('is short up to 28 bits after where it is kept, if they are of one word of the address', () => {
    expect([isShort(16, 16), isShort(32, 16), isShort(32, 32), isShort(60, 32), isShort(64, 36)]).not.toContain(false);
    expect([isShort(33, 16), isShort(44, 16), isShort(36, 28), isShort(61, 32), isShort(64, 32)]).not.toContain(true);
  });
});

describe('a bucket', () => {
  it('is no longer than its header says, whatever stands behind it', () => {
    const heap = Uint32Array.of(0, 0x2001, 0x2001_0203, 0x2001_0204, 0x1001_0000);
    const ask = (word: number) => {
      const words = Uint32Array.of(word, 0, 0, 0, 0);
      const slot = bucketSlot(1, 1);
      return [bucketHas(heap, slot, 16, words, 32), bucketCovers(heap, slot, 16, words, 32)];
    };
    expect([ask(0x0a01_0203), ask(0x0a01_0204)]).toEqual([
      [true, true],
      [false, false],
    ]);
  });
});
