import { describe, expect, it } from 'vitest';
import {
  type Prefix,
  covers,
  familyOf,
  formatPrefix,
  isAddress,
  mappedForm,
  parseAddress,
  parsePrefix,
  prefixParts,
} from '../../bouncer/shared/net/prefix.ts';
import { prefixWords, readPrefix } from '../../bouncer/shared/net/read-prefix.ts';
import { maskWord, readIpv4, readIpv6 } from '../../bouncer/shared/net/words.ts';

describe('parsePrefix', () => {
  it.each([
    // IPv4
    ['1.2.3.4', '1.2.3.4'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['1.2.3.4/32', '1.2.3.4'],
    ['1.2.3.4/8', '1.0.0.0/8'],
    ['1.2.3.4/0', '0.0.0.0/0'],
    ['255.255.255.255/31', '255.255.255.254/31'],
    // IPv4-mapped is IPv4 (RFC 4291 §2.5.5.2), in any spelling, as long as it is all mapped
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['::FFFF:102:304', '1.2.3.4'],
    ['0:0:0:0:0:ffff:1.2.3.4', '1.2.3.4'],
    ['::ffff:1.2.3.0/120', '1.2.3.0/24'],
    ['::ffff:1.2.3.4/128', '1.2.3.4'],
    ['::ffff:1.2.3.4/96', '0.0.0.0/0'],
    ['::ffff:1.2.3.4/95', '::fffe:0:0/95'],
    // … and nothing else is: neither IPv4-compatible nor translated (RFC 4291 §2.5.5.1, RFC 6052)
    ['::1.2.3.4', '::102:304'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
    ['::fffe:1.2.3.4', '::fffe:102:304'],
    // RFC 5952 §4.1 to §4.3, and the vectors of §1 and §2
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8::1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8::0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0db8::1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:0:1::1', '2001:db8::1:0:0:1'],
    ['2001:db8:0000:0:1::1', '2001:db8::1:0:0:1'],
    ['2001:DB8:0:0:1::1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:aaaa:bbbb:cccc:dddd:eeee:AAAA', '2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    // ranges
    ['::/0', '::/0'],
    ['2001:db8::5/128', '2001:db8::5'],
    ['2001:db8:ffff:ffff::1/33', '2001:db8:8000::/33'],
    ['2001:db8::/32', '2001:db8::/32'],
  ])('reads %s as %s', (text, prefix) => expect(parsePrefix(text)).toBe(prefix));

  it.each([
    ['nothing', ''],
    ['a word', 'localhost'],
    ['an octet above 255', '999.1.1.1'],
    ['three octets', '1.2.3'],
    ['five octets', '1.2.3.4.5'],
    ['a missing octet', '1..3.4'],
    ['a dot at the end', '1.2.3.4.'],
    ['an octet with a leading zero, which C reads as octal', '010.0.0.1'],
    ['two zeros', '1.2.3.00'],
    ['a hexadecimal octet', '0x1.2.3.4'],
    ['one number', '16909060'],
    ['a sign', '+1.2.3.4'],
    ['a port', '1.2.3.4:80'],
    ['a length above 32', '1.2.3.4/33'],
    ['a length above 128', '::/129'],
    ['a length with a leading zero', '1.2.3.4/08'],
    ['a length of two zeros', '1.2.3.4/00'],
    ['a length with a sign', '1.2.3.4/+8'],
    ['a length below zero', '1.2.3.4/-1'],
    ['no length after a slash', '1.2.3.4/'],
    ['a netmask', '1.2.3.4/255.0.0.0'],
    ['two lengths', '1.2.3.4/8/8'],
    ['a slash after a length', '1.2.3.4/1/'],
    ['a dot after a length', '::/12.'],
    ['a colon after a length', '1.2.3.4/1:'],
    ['a length alone', '/8'],
    ['a length and more', '1.2.3.4/8x'],
    ['white space before', ' 1.2.3.4'],
    ['white space after', '1.2.3.4 '],
    ['a line', '1.2.3.4\n'],
    ['a line after a length', '1.2.3.4/8\n'],
    ['a NUL', '1.2.3.4\0'],
    ['a NUL after a gap', '1::\0'],
    ['digits of another script', '١.2.3.4'],
    ['a full-width digit', '１.2.3.4'],
    ['a zone', 'fe80::1%eth0'],
    ['a zone without an interface', 'fe80::1%'],
    ['brackets', '[::1]'],
    ['a single colon', ':'],
    ['three colons', ':::'],
    ['two gaps', '1::2::3'],
    ['two gaps, one at the start', '::1::2'],
    ['a colon at the start', ':1:2:3:4:5:6:7'],
    ['one colon at the start, and too few groups', ':f1'],
    ['a colon at the end', '1:2:3:4:5:6:7:'],
    ['a colon at the end, after a gap', '1::2:'],
    ['seven groups', '1:2:3:4:5:6:7'],
    ['nine groups', '1:2:3:4:5:6:7:8:9'],
    ['nine groups and a gap', '1::2:3:4:5:6:7:8:9'],
    ['a gap that stands for nothing', '1:2:3:4::5:6:7:8'],
    ['ten groups after a gap, each of four digits', '::1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa'],
    ['a group of five digits', '00001::'],
    ['a group of six digits', '123456:2:3:4:5:6:7'],
    ['a letter above f after three zeros', '000g:2:3:4:5:6:7:8'],
    ['a letter above f', '1::g'],
    ['a quad that is not last', '1.2.3.4::'],
    ['a quad after seven groups', '1:2:3:4:5:6:7:1.2.3.4'],
    ['a quad after six groups and a gap', '1:2:3:4:5:6::1.2.3.4'],
    ['a quad after seven groups and a gap', '1:2:3:4:5:6:7::1.2.3.4'],
    ['a quad with a leading zero', '::ffff:01.2.3.4'],
    ['a short quad', '::1.2.3'],
    ['a range of hyphens', '1.2.3.4-1.2.3.9'],
  ])('finds none in %s: %j', (_, text) => {
    expect(parsePrefix(text)).toBeUndefined();
    // The sets read millions with this, and ask no second reader.
    expect(readPrefix(text, prefixWords())).toBe(false);
  });
});

describe('parseAddress', () => {
  it('takes no range, even one of full length', () => {
    expect(parseAddress('1.2.3.4')).toBe('1.2.3.4');
    expect(parseAddress('1.2.3.4/32')).toBeUndefined();
    expect(parseAddress('::1/128')).toBeUndefined();
  });
});

describe('a slice of a text', () => {
  it('ends where it ends, whatever the text goes on with', () => {
    expect(readIpv4('10.0.0.123', 0, 8)).toBe(0x0a000001);
    expect(readIpv4('10.0.0.1', 0, 7)).toBe(-1);
    const words = new Uint32Array(4);
    expect(readIpv6('2001:db8::123', 0, 11, words)).toBe(true);
    expect(words).toEqual(Uint32Array.of(0x20010db8, 0, 0, 1));
    expect(readIpv6('::1', 0, 1, words)).toBe(false);
    expect(readIpv6('10::1', 2, 3, words)).toBe(false);
    expect(readIpv6('::1', 0, 2, words)).toBe(true);
    expect(words).toEqual(new Uint32Array(4));
  });
});

describe('formatPrefix', () => {
  it('clears host bits', () => {
    expect(formatPrefix(4, [0xffffffff], 9)).toBe('255.128.0.0/9');
    expect(formatPrefix(6, [0xffffffff, 0xffffffff, 0, 0], 33)).toBe('ffff:ffff:8000::/33');
  });

  it.each([
    [4, -1],
    [4, 33],
    [6, 129],
  ] as const)('has no IPv%d prefix of length %d', (family, length) => {
    expect(formatPrefix(family, [0, 0, 0, 0], length)).toBeUndefined();
  });
});

describe('a prefix', () => {
  it('comes apart', () => {
    expect(prefixParts('10.0.0.0/8' as Prefix)).toEqual({ family: 4, words: Uint32Array.of(0x0a000000), length: 8 });
    expect(prefixParts('2001:db8::1' as Prefix)).toEqual({
      family: 6,
      words: Uint32Array.of(0x20010db8, 0, 0, 1),
      length: 128,
    });
  });

  it('that is none is a mistake of the program', () => {
    expect(() => prefixParts('10.0.0.0/33' as Prefix)).toThrow('not a prefix');
  });

  it('knows its family and whether it is one address', () => {
    expect([familyOf('10.0.0.0/8' as Prefix), familyOf('::/0' as Prefix)]).toEqual([4, 6]);
    expect([isAddress('10.0.0.0/8' as Prefix), isAddress('::1' as Prefix)]).toEqual([false, true]);
  });

  it('covers itself, what is inside, and nothing of the other family', () => {
    expect(covers('0.0.0.0/0' as Prefix, '1.2.3.4' as Prefix)).toBe(true);
    expect(covers('1.2.3.4' as Prefix, '1.2.3.4' as Prefix)).toBe(true);
    expect(covers('1.2.3.4' as Prefix, '0.0.0.0/0' as Prefix)).toBe(false);
    expect(covers('::/0' as Prefix, '1.2.3.4' as Prefix)).toBe(false);
  });

  it('has a mapped form', () => {
    expect(mappedForm('1.2.3.4' as Prefix)).toBe('::ffff:1.2.3.4');
    expect(mappedForm('1.2.3.0/24' as Prefix)).toBe('::ffff:1.2.3.0/120');
    expect(mappedForm('0.0.0.0/0' as Prefix)).toBe('::ffff:0.0.0.0/96');
  });
});

describe('maskWord', () => {
  it.each([
    [-1, 0],
    [0, 0],
    [1, 0x80000000],
    [24, 0xffffff00],
    [31, 0xfffffffe],
    [32, 0xffffffff],
    [33, 0xffffffff],
  ])('keeps the first %d bits', (length, expected) => expect(maskWord(0xffffffff, length)).toBe(expected));
});
