import { isIP } from 'node:net';
import fc from 'fast-check';
import IPCIDR from 'ip-cidr';
import { describe, expect, it } from 'vitest';
import { formatPrefix, parseAddress, parsePrefix, prefixParts } from '../../bouncer/shared/net/prefix.ts';
import { formatIpv4, formatIpv6, readIpv4, readIpv6 } from '../../bouncer/shared/net/words.ts';

const word = fc.nat(0xffff_ffff);
const ipv4 = word.map(formatIpv4);
/** Groups are often zero, so that there are runs to leave out. */
const groups = fc.array(fc.oneof(fc.constant(0), fc.nat(0xffff), fc.constant(0xffff)), { minLength: 8, maxLength: 8 });

/** One of the many ways to write an IPv6 address: padded, in capitals, with any run of zeros left out, with a quad. */
const ipv6 = fc
  .record({
    groups,
    padded: fc.boolean(),
    capitals: fc.boolean(),
    quad: fc.boolean(),
    gap: fc.tuple(fc.nat(7), fc.nat(8)),
  })
  .map(({ groups, padded, capitals, quad, gap: [from, length] }) => {
    const parts = groups.map((group) => group.toString(16).padStart(padded ? 4 : 1, '0'));
    if (quad) parts.splice(6, 2, formatIpv4(groups[6]! * 65_536 + groups[7]!));
    const run = groups.slice(from, Math.min(from + length, quad ? 6 : 8));
    const canLeaveOut = run.length > 0 && run.every((group) => group === 0);
    const text = canLeaveOut
      ? `${parts.slice(0, from).join(':')}::${parts.slice(from + run.length).join(':')}`
      : parts.join(':');
    return capitals ? text.toUpperCase() : text;
  });

/** Something close to an address: one with a character put in, taken out or changed, or the right characters anyhow. */
const character = fc.constantFrom(...Array.from('0123456789abcdefABCDEFg:./% \n-+x'));
const mutated = fc
  .tuple(fc.oneof(ipv4, ipv6), fc.nat(50), fc.nat(1), fc.oneof(character, fc.constant('')))
  .map(([text, at, removed, inserted]) => {
    const i = at % (text.length + 1);
    return text.slice(0, i) + inserted + text.slice(i + removed);
  });
const almost = fc.oneof(
  { weight: 5, arbitrary: mutated },
  { weight: 1, arbitrary: fc.string({ unit: character, maxLength: 20 }) },
  { weight: 1, arbitrary: fc.string({ maxLength: 20 }) },
);
const length = fc.oneof(fc.nat(140).map(String), fc.constantFrom('00', '08', '', '+8', '-1', '8 ', '0x8', '1e1', '١'));

describe('reading an address', () => {
  it('finds one where node:net does, but for zones', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6, almost), (text) => {
        expect(parseAddress(text) !== undefined, text).toBe(isIP(text) !== 0 && !text.includes('%'));
      }),
      { numRuns: 10_000 },
    );
  });

  it('never finds one where ip-cidr finds none, so that asking it too loses no ban', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6, almost), (text) => {
        const found = text.includes(':')
          ? readIpv6(text, 0, text.length, new Uint32Array(4))
          : readIpv4(text, 0, text.length) >= 0;
        if (found) expect(IPCIDR.isValidAddress(text), text).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('finds the same whatever stands around the slice', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6, almost), fc.string({ unit: character, maxLength: 4 }), (text, around) => {
        const alone = new Uint32Array(4);
        const within = new Uint32Array(4);
        const padded = around + text + around;
        const end = around.length + text.length;
        expect(readIpv4(padded, around.length, end)).toBe(readIpv4(text, 0, text.length));
        expect(readIpv6(padded, around.length, end, within)).toBe(readIpv6(text, 0, text.length, alone));
      }),
      { numRuns: 5000 },
    );
  });
});

describe('the canonical form', () => {
  it('is read as itself', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6, almost), fc.option(length), (address, length) => {
        const prefix = parsePrefix(length === null ? address : `${address}/${length}`);
        if (prefix !== undefined) expect(parsePrefix(prefix)).toBe(prefix);
      }),
      { numRuns: 5000 },
    );
  });

  it('is the same for every spelling of an address', () => {
    fc.assert(
      fc.property(ipv6, (text) => {
        const words = new Uint32Array(4);
        expect(readIpv6(text, 0, text.length, words)).toBe(true);
        const isMapped = words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
        expect(parsePrefix(text)).toBe(isMapped ? formatIpv4(words[3]!) : formatIpv6(words));
      }),
      { numRuns: 5000 },
    );
  });

  it('of IPv6 is the one that browsers use (RFC 5952)', () => {
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), (words) => {
        expect(`[${formatIpv6(words)}]`).toBe(new URL(`http://[${formatIpv6(words)}]/`).hostname);
      }),
    );
    fc.assert(
      fc.property(ipv6, (text) => {
        const words = new Uint32Array(4);
        readIpv6(text, 0, text.length, words);
        expect(`[${formatIpv6(words)}]`).toBe(new URL(`http://[${text}]/`).hostname);
      }),
      { numRuns: 5000 },
    );
  });

  it('is what its parts are put together to', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6), fc.nat(128), (address, length) => {
        const prefix = parsePrefix(`${address}/${length}`);
        if (prefix === undefined) return;
        const parts = prefixParts(prefix);
        expect(formatPrefix(parts.family, parts.words, parts.length)).toBe(prefix);
      }),
      { numRuns: 3000 },
    );
  });
});
