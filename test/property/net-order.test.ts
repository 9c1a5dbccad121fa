import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Prefix,
  comparePrefixes,
  covers,
  formatPrefix,
  mappedForm,
  parsePrefix,
  prefixParts,
} from '../../bouncer/shared/net/prefix.ts';

const edge = fc.constantFrom(0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff);
const word = fc.oneof(edge, fc.nat(0xffff_ffff));
const prefix4 = fc.tuple(word, fc.nat(32)).map(([word, length]) => formatPrefix(4, [word], length)!);
const prefix6 = fc
  .tuple(fc.tuple(word, word, word, word), fc.nat(128))
  .map(([words, length]) => formatPrefix(6, words, length)!);
const prefix = fc.oneof(prefix4, prefix6);

/** First and last address as numbers of any size: a second opinion that shares no code with the first. */
function range(prefix: Prefix): { family: number; first: bigint; last: bigint } {
  const { family, words, length } = prefixParts(prefix);
  const first = words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);
  const hosts = 1n << BigInt((family === 4 ? 32 : 128) - length);
  return { family, first, last: first + hosts - 1n };
}

describe('covers', () => {
  it('is having all the addresses', () => {
    fc.assert(
      fc.property(prefix, prefix, fc.nat(128), (a, b, cut) => {
        const { family, words, length } = prefixParts(a);
        const wider = formatPrefix(family, words, Math.min(cut, length))!;
        for (const [outer, inner] of [
          [a, b],
          [b, a],
          [wider, a],
          [a, wider],
          [a, a],
        ] as const) {
          const [o, i] = [range(outer), range(inner)];
          expect(covers(outer, inner)).toBe(o.family === i.family && o.first <= i.first && i.last <= o.last);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('comparePrefixes', () => {
  it('orders by family, first address, and the wider first', () => {
    fc.assert(
      fc.property(prefix, prefix, (a, b) => {
        const [left, right] = [range(a), range(b)];
        const bySize = left.last === right.last ? 0 : left.last > right.last ? -1 : 1;
        const byAddress = left.first === right.first ? bySize : left.first < right.first ? -1 : 1;
        const expected = left.family === right.family ? byAddress : left.family - right.family;
        expect(Math.sign(comparePrefixes(a, b))).toBe(Math.sign(expected));
      }),
      { numRuns: 5000 },
    );
  });

  it('finds only the same prefix equal', () => {
    fc.assert(fc.property(prefix, prefix, (a, b) => (comparePrefixes(a, b) === 0) === (a === b)));
  });
});

describe('the mapped form', () => {
  it('is read as the IPv4 prefix that it stands for', () => {
    fc.assert(fc.property(prefix4, (prefix) => parsePrefix(mappedForm(prefix)) === prefix));
  });
});
