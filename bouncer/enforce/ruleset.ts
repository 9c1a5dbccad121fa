import type { IpSet } from '../ipset/ip-set.ts';
import type { PrefixTrie } from '../ipset/prefix-trie.ts';
import type { BanSet } from '../shared/domain/ruleset.ts';
import { type Family, formatPrefix, type Prefix } from '../shared/net/prefix.ts';
import { CompactAddresses } from './compact-addresses.ts';

type Members = Pick<IpSet, 'ipv4' | 'ipv6' | 'coverings' | 'maximal'>;

/**
 * The enforced set in the least words: what a wider ban or the allowlist covers is left out, and an allowlisted
 * prefix is an exception only where a banned range would catch it.
 */
export function buildBanSet(banned: Members, allowlist: Members): BanSet {
  const ipv4 = split(4, banned.ipv4, allowlist.ipv4);
  const ipv6 = split(6, banned.ipv6, allowlist.ipv6);
  const isInside = (prefix: Prefix) => banned.coverings(prefix).some((cover) => cover !== prefix);
  const exceptions = [...allowlist.maximal()].filter(isInside);
  const addresses = new CompactAddresses(ipv4.addresses, ipv6.addresses);
  return { addresses, ranges: [...ipv4.ranges, ...ipv6.ranges], exceptions };
}

/** Covers all of a family. */
const EVERYTHING = new Uint32Array(5);

/** What is banned and not allowed in one family: addresses by their words, without a string for each. */
function split(family: Family, banned: PrefixTrie, allowed: PrefixTrie): { addresses: Uint32Array; ranges: Prefix[] } {
  const width = family === 4 ? 1 : 4;
  const addresses = new Uint32Array(banned.size * width);
  const ranges: Prefix[] = [];
  let end = 0;
  const cursor = banned.within(EVERYTHING, 0);
  while (cursor.next()) {
    const { words, length } = cursor;
    if (!allowed.isCovered(words, length)) {
      if (length === 32 * width) for (let i = 0; i < width; i++) addresses[end++] = words[i] ?? 0;
      else ranges.push(rangeOf(family, words, length));
    }
    cursor.skipCovered();
  }
  return { addresses: addresses.subarray(0, end), ranges };
}

function rangeOf(family: Family, words: Uint32Array, length: number): Prefix {
  const range = formatPrefix(family, words, length);
  if (range === undefined) throw new Error(`a length of ${length} in an IPv${family} trie`);
  return range;
}
