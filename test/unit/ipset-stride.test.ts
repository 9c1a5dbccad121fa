import { describe, expect, it } from 'vitest';
import { beginsWith, markBits, markedLength } from '../../bouncer/ipset/marked-bits.ts';
import {
  ANCESTORS,
  POSITION,
  PREORDER,
  bitsOf,
  indexOf,
  lengthOf,
  popcount16,
  rank,
  runLength,
} from '../../bouncer/ipset/stride.ts';

const indexes = Array.from({ length: 31 }, (_, i) => i + 1);

describe('an index', () => {
  it('is the number of the bits with a one before them', () => {
    expect(indexOf(0b1010 << 28, 0)).toBe(1);
    expect(indexOf(0b1010 << 28, 1)).toBe(0b1_1);
    expect(indexOf(0b1010 << 28, 3)).toBe(0b1_101);
    expect(indexOf(0b1010 << 28, 4)).toBe(0b1_1010);
    expect(indexOf(0xffffffff, 4)).toBe(31);
  });

  it.each(indexes)('%d comes apart into the bits and the length that make it', (index) => {
    expect(indexOf(bitsOf(index), lengthOf(index))).toBe(index);
    expect(indexOf(bitsOf(index) >>> 0, lengthOf(index))).toBe(index);
  });

  it.each(indexes)('%d is covered by itself and what halving gives, children left out', (index) => {
    const expected = indexes.filter((other) => other < 16 && isAncestor(other, index));
    expect(indexes.filter((i) => (ANCESTORS[index]! >>> i) & 1)).toEqual(expected);
  });

  it.each(indexes)('%d is followed in order by all that it covers, and by nothing else', (index) => {
    const run = PREORDER.subarray(POSITION[index], POSITION[index]! + runLength(index));
    expect([...run].toSorted((a, b) => a - b)).toEqual(indexes.filter((other) => isAncestor(index, other)));
  });

  function isAncestor(above: number, index: number): boolean {
    return index >>> Math.max(0, lengthOf(index) - lengthOf(above)) === above;
  }
});

describe('the order of indexes', () => {
  it('is by address, the wider first', () => {
    const byAddress = indexes.toSorted((a, b) => (bitsOf(a) >>> 0) - (bitsOf(b) >>> 0) || lengthOf(a) - lengthOf(b));
    expect([...PREORDER]).toEqual(byAddress);
  });
});

describe('counting', () => {
  it('counts every 16-bit number', () => {
    for (let bits = 0; bits < 65_536; bits++) {
      const expected = bits.toString(2).replaceAll('0', '').length;
      if (popcount16(bits) !== expected) expect.fail(`${bits} has ${expected} bits, not ${popcount16(bits)}`);
    }
  });

  it('ranks a child among the children, whatever the prefixes and the path flag', () => {
    const header = 0b1000_0000_0010_0101_1111_1111_1111_1111;
    expect([16, 18, 21, 31].map((index) => rank(header, index))).toEqual([0, 1, 2, 3]);
  });
});

describe('marked bits', () => {
  const address = 0b1011_0111_0001_1100_1010_0101_0110_1001;

  it.each([0, 1, 4, 27, 28, 31])('keep %d bits and their number', (length) => {
    const marked = markBits(address, length);
    expect(marked).not.toBe(0);
    expect(markedLength(marked)).toBe(length);
    expect(beginsWith(address, marked)).toBe(true);
  });

  it.each([0, 1, 4, 27, 28, 31])('are what an address begins with if all %d agree, whatever comes after', (length) => {
    const marked = markBits(address, length);
    for (let bit = 0; bit < 32; bit++) expect(beginsWith(address ^ (1 << (31 - bit)), marked)).toBe(bit >= length);
  });
});
