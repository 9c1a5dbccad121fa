import type { IpSet } from '../ipset/ip-set.ts';
import type { BanSet } from '../shared/domain/ruleset.ts';
import { type Address, isAddress, type Prefix } from '../shared/net/prefix.ts';

type Members = Pick<IpSet, 'size' | 'contains' | 'coverings' | 'maximal'>;

/**
 * The enforced set in the least words: what a wider ban or the allowlist covers is left out, and an allowlisted
 * prefix is an exception only where a banned range would catch it.
 */
export function buildBanSet(banned: Members, allowlist: Members): BanSet {
  const addresses: Address[] = [];
  const ranges: Prefix[] = [];
  const isAllowing = allowlist.size > 0;
  for (const prefix of banned.maximal()) {
    if (isAllowing && allowlist.contains(prefix)) continue;
    if (isAddress(prefix)) addresses.push(prefix);
    else ranges.push(prefix);
  }
  const isInside = (prefix: Prefix) => banned.coverings(prefix).some((cover) => cover !== prefix);
  const exceptions = [...allowlist.maximal()].filter(isInside);
  return { addresses, ranges, exceptions };
}
