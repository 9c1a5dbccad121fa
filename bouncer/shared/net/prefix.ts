import IPCIDR from 'ip-cidr';
import { type Family, type PrefixWords, prefixWords, readPrefix } from './read-prefix.ts';
import { formatIpv4, formatIpv6, maskWord } from './words.ts';

export type { Family } from './read-prefix.ts';

declare const prefixBrand: unique symbol;
declare const addressBrand: unique symbol;

/**
 * An IP prefix in its one canonical spelling: RFC 5952, lower case, host bits zero, IPv4-mapped unmapped,
 * and a single address written bare. Two prefixes are the same if and only if they are the same string, so a
 * prefix is its own map key and goes to Caddy and Redis as it is.
 *
 *     1.2.3.4/8 → 1.0.0.0/8      ::ffff:1.2.3.4 → 1.2.3.4      2001:DB8:0::5/128 → 2001:db8::5
 */
export type Prefix = string & { readonly [prefixBrand]: true };

/** A single IP address: a prefix of full length. */
export type Address = Prefix & { readonly [addressBrand]: true };

/** A prefix taken apart. `words` has one element for IPv4 and four for IPv6. */
export interface PrefixParts {
  readonly family: Family;
  readonly words: Uint32Array;
  readonly length: number;
}

/**
 * Reads an address or range as people and LAPI write them: `1.2.3.4/8` is `1.0.0.0/8`.
 * @returns undefined when it is neither: `999.1.1.1`, `1.2.3`, `fe80::1%eth0` (a zone means nothing to a remote peer).
 */
export function parsePrefix(text: string): Prefix | undefined {
  if (!readPrefix(text, left)) return undefined;
  const prefix = formatPrefix(left.family, left.words, left.length);
  if (prefix === undefined || prefix === text) return prefix;
  // What is not in canonical form, a person wrote: a second reader must find an address there too. It takes no mapped
  // range, so it is asked for the address alone, and it takes ten times as long, so it is not asked every time.
  const slash = text.indexOf('/');
  return IPCIDR.isValidAddress(slash < 0 ? text : text.slice(0, slash)) ? prefix : undefined;
}

/** Reads a single address; a range, even one of full length, is none. */
export function parseAddress(text: string): Address | undefined {
  return text.includes('/') ? undefined : (parsePrefix(text) as Address | undefined);
}

/** The canonical prefix of these words, host bits cleared; undefined when `length` is out of range. */
export function formatPrefix(family: Family, words: ArrayLike<number>, length: number): Prefix | undefined {
  const width = family === 4 ? 32 : 128;
  if (length < 0 || length > width) return undefined;
  for (let i = 0; i < width / 32; i++) masked[i] = maskWord(words[i] ?? 0, length - i * 32);
  const text = family === 4 ? formatIpv4(masked[0] ?? 0) : formatIpv6(masked);
  return (length === width ? text : `${text}/${length}`) as Prefix;
}

const masked = new Uint32Array(4);

export function familyOf(prefix: Prefix): Family {
  return prefix.includes(':') ? 6 : 4;
}

/** Whether the prefix is one single address. */
export function isAddress(prefix: Prefix): prefix is Address {
  return !prefix.includes('/');
}

export function prefixParts(prefix: Prefix): PrefixParts {
  const { family, words, length } = read(prefix, left);
  return { family, words: words.slice(0, family === 4 ? 1 : 4), length };
}

/** Whether every address of `inner` is one of `outer`; a prefix covers itself. */
export function covers(outer: Prefix, inner: Prefix): boolean {
  const wide = read(outer, left);
  const narrow = read(inner, right);
  if (wide.family !== narrow.family || wide.length > narrow.length) return false;
  return wide.words.every((word, i) => maskWord(narrow.words[i] ?? 0, wide.length - i * 32) === word);
}

/** Total order: IPv4 before IPv6, then by address, then the wider prefix first. */
export function comparePrefixes(a: Prefix, b: Prefix): number {
  const { family, words, length } = read(a, left);
  const other = read(b, right);
  if (family !== other.family) return family - other.family;
  for (let i = 0; i < 4; i++) {
    const difference = (words[i] ?? 0) - (other.words[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return length - other.length;
}

/** Two prefixes at a time are read into these, since sorting a list reads each many times. */
const left = prefixWords();
const right = prefixWords();

function read(prefix: Prefix, into: PrefixWords): PrefixWords {
  if (!readPrefix(prefix, into)) throw new TypeError(`not a prefix: ${prefix}`);
  return into;
}

/** How IPv4-mapped IPv6 spells an IPv4 prefix: for peers that write client addresses that way. */
export function mappedForm(prefix: Prefix): string {
  const slash = prefix.indexOf('/');
  return slash < 0 ? `::ffff:${prefix}` : `::ffff:${prefix.slice(0, slash)}/${Number(prefix.slice(slash + 1)) + 96}`;
}
