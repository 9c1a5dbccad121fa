/**
 * "Is this client banned?" in matchers of stock Caddy, and which way of asking when.
 *
 * | addresses | asked by | cost of one request |
 * |---|---|---|
 * | up to 100 | one `client_ip` list with the ranges | linear, 5 ns an entry |
 * | more | `host`, while Host holds the client's address | one binary search, plus the ranges, linear |
 */
import { mappedForm, familyOf, type Prefix } from '../bouncer/shared/net/prefix.ts';
import type { BanSet, LaneRoutes } from '../bouncer/shared/domain/ruleset.ts';
import { AddressList } from './address-list.ts';
import type { Capabilities } from './capabilities.ts';
import type { MatcherSet } from './config-types.ts';
import { laneMatcher } from './lane-routes.ts';

/** Caddy sorts and searches a `host` list of more entries than this; up to here it walks it, slower than `client_ip`. */
const LINEAR_LIMIT = 100;

/** How a server tells banned clients. */
type BanMatch =
  | { readonly kind: 'none' }
  | { readonly kind: 'list'; readonly match: readonly MatcherSet[] }
  /** Needs Host to hold the client's address for as long as the match runs. */
  | { readonly kind: 'index'; readonly match: readonly MatcherSet[]; readonly list: AddressList };

/** What a server is told, in numbers: each costs it memory, and ranges cost time too. */
export interface EntryCounts {
  readonly addresses: number;
  readonly ranges: number;
  readonly exceptions: number;
  /** Of the above, those that only repeat an IPv4 entry in its IPv4-mapped spelling. */
  readonly mapped: number;
}

export const NO_ENTRIES: EntryCounts = { addresses: 0, ranges: 0, exceptions: 0, mapped: 0 };

export interface BanMatcher {
  readonly match: BanMatch;
  readonly entries: EntryCounts;
}

/**
 * @param withMapped also match `::ffff:1.2.3.4` for 1.2.3.4: a trusted proxy may write the client's address so, and
 * Caddy never takes the two for the same.
 */
export function banMatcher(
  bans: BanSet,
  capabilities: Capabilities,
  withMapped: boolean,
  lane?: LaneRoutes,
): BanMatcher {
  const spell = withMapped ? withMappedForms : (prefixes: readonly Prefix[]): readonly string[] => prefixes;
  const addresses = spell(bans.addresses);
  const ranges = spell(bans.ranges);
  const exceptions = spell(bans.exceptions);
  const plain = bans.addresses.length + bans.ranges.length + bans.exceptions.length;
  const entries = {
    addresses: addresses.length,
    ranges: ranges.length,
    exceptions: exceptions.length,
    mapped: addresses.length + ranges.length + exceptions.length - plain,
  };
  const inRanges = (list: readonly string[]) => rangeMatcher(list, capabilities);
  const compiled = chooseMatch(addresses, ranges, inRanges);
  const excepted = inRanges(exceptions);
  if (lane?.isActive !== true) return { match: exceptFor(compiled, excepted), entries };
  const client = clientAddressPlaceholder(capabilities);
  const lifted = exceptFor(compiled, [...excepted, laneMatcher(lane, 'allow', client)]);
  return { match: alsoFor(lifted, laneMatcher(lane, 'ban', client)), entries };
}

function chooseMatch(
  addresses: readonly string[],
  ranges: readonly string[],
  inRanges: (list: readonly string[]) => readonly MatcherSet[],
): BanMatch {
  if (addresses.length + ranges.length === 0) return { kind: 'none' };
  if (addresses.length <= LINEAR_LIMIT) return { kind: 'list', match: inRanges([...addresses, ...ranges]) };
  const list = new AddressList(addresses);
  return { kind: 'index', match: [{ host: list }, ...inRanges(ranges)], list };
}

/** The same clients without the excepted ones. */
function exceptFor(bans: BanMatch, exceptions: readonly MatcherSet[]): BanMatch {
  if (bans.kind === 'none' || (bans.kind === 'list' && exceptions.length === 0)) return bans;
  return { ...bans, match: anyButNot(bans.match, exceptions) };
}

/** The same clients and those of the lane; it is asked last, only about clients that nothing else bans. */
function alsoFor(bans: BanMatch, lane: MatcherSet): BanMatch {
  return bans.kind === 'none' ? { kind: 'list', match: [lane] } : { ...bans, match: [...bans.match, lane] };
}

/**
 * (any of `banned`) and not (any of `exceptions`), as `not (not any, or exception)`: only `not` keeps the order, so
 * that exceptions are asked for banned clients only.
 *
 * An index MUST be wrapped so even without exceptions: automatic HTTPS reads the `host` matchers of top-level routes
 * and would fetch a certificate for every banned address.
 */
function anyButNot(banned: readonly MatcherSet[], exceptions: readonly MatcherSet[]): readonly MatcherSet[] {
  return [{ not: [{ not: banned }, ...exceptions] }];
}

/** Clients inside any of these ranges. The one place to grow a tree of prefixes when a list becomes too slow. */
function rangeMatcher(ranges: readonly string[], capabilities: Capabilities): readonly MatcherSet[] {
  if (ranges.length === 0) return [];
  return [capabilities.clientIp ? { client_ip: { ranges } } : { remote_ip: { ranges } }];
}

function withMappedForms(prefixes: readonly Prefix[]): readonly string[] {
  return [...prefixes, ...prefixes.filter((prefix) => familyOf(prefix) === 4).map(mappedForm)];
}

/** What holds the client's address at request time. */
export function clientAddressPlaceholder(capabilities: Capabilities): string {
  return capabilities.clientIp ? '{http.vars.client_ip}' : '{http.request.remote.host}';
}
