import { readIpv4, readIpv6 } from './words.ts';

export type Family = 4 | 6;

/**
 * Where a prefix is read into. One element of `words` is used for IPv4 and four for IPv6; the rest is zero. There is a
 * fifth, always zero, so that whoever walks along the words may look at the one after the last.
 */
export interface PrefixWords {
  family: Family;
  readonly words: Uint32Array;
  length: number;
}

export function prefixWords(): PrefixWords {
  return { family: 4, words: new Uint32Array(5), length: 0 };
}

const ZERO = 0x30;
const SLASH = 0x2f;

/** `255.255.255.255`: what is longer is no dotted quad, and need not be tried as one. */
const LONGEST_QUAD = 15;

/**
 * Reads an address or a range without making anything; false when the text is neither. Host bits are kept, and an
 * IPv4-mapped prefix is read as the IPv4 one that it is.
 *
 * As in Go's `netip.ParsePrefix` the length has no sign and no leading zero; unlike there, none at all means full.
 */
export function readPrefix(text: string, into: PrefixWords): boolean {
  const slash = slashIn(text);
  const end = slash < 0 ? text.length : slash;
  const length = slash < 0 ? 128 : readLength(text, slash + 1);
  const { words } = into;
  const quad = end <= LONGEST_QUAD ? readIpv4(text, 0, end) : -1;
  if (quad >= 0) {
    words[0] = quad;
    words[1] = words[2] = words[3] = 0;
    into.family = 4;
    into.length = slash < 0 ? 32 : length;
    return into.length >= 0 && into.length <= 32;
  }
  if (length < 0 || !readIpv6(text, 0, end, words)) return false;
  into.family = 6;
  into.length = length;
  if (length >= 96 && isMapped(words)) unmap(into);
  return true;
}

/** ::ffff:0:0/96 (RFC 4291 §2.5.5.2). */
function isMapped(words: Uint32Array): boolean {
  return words[2] === 0xffff && words[1] === 0 && words[0] === 0;
}

function unmap(into: PrefixWords): void {
  const { words } = into;
  words[0] = words[3] ?? 0;
  words[1] = words[2] = words[3] = 0;
  into.family = 4;
  into.length -= 96;
}

/** Where the slash is: a length has one to three digits, so there are three places to look at. */
function slashIn(text: string): number {
  const end = text.length;
  for (let i = end - 2; i >= end - 4 && i >= 0; i--) if (text.charCodeAt(i) === SLASH) return i;
  return -1;
}

/** The length (0 to 128) that the rest of the text spells, or -1. */
function readLength(text: string, start: number): number {
  const digits = text.length - start;
  if (digits > 1 && text.charCodeAt(start) === ZERO) return -1;
  let length = 0;
  for (let i = start; i < text.length; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
  }
  return length <= 128 ? length : -1;
}
