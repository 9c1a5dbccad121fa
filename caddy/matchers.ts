/**
 * "Is this client banned?" in matchers of stock Caddy, and which way of asking when.
 *
 * | addresses | asked by | cost of one request |
 * |---|---|---|
 * | up to 100 | one `client_ip` list with the ranges | linear, 5 ns an entry |
 * | more | `host`, while Host holds the client's address | one binary search |
 *
 * Ranges are a list up to 256 of them, and a tree of prefixes (`range-tree.ts`) when they are more.
 */
import { mappedForm, familyOf, type Prefix } from '../bouncer/shared/net/prefix.ts';
import type { AddressSequence, BanSet, LaneRoutes } from '../bouncer/shared/domain/ruleset.ts';
import { AddressList, type ListedValues } from './address-list.ts';
import type { Capabilities } from './capabilities.ts';
import type { MatcherSet } from './config-types.ts';
import { laneMatcher } from './lane-routes.ts';
import { rangeTree } from './range-tree.ts';

/** Caddy sorts and searches a `host` list of more entries than this; up to here it walks it, slower than `client_ip`. */
const LINEAR_LIMIT = 100;

/** More ranges than this become a tree: a list of them would cost more than a microsecond a request. */
export const TREE_LIMIT = 256;

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
  const addresses = withMapped ? withMappedAddresses(bans.addresses) : bans.addresses;
  const inList = (prefixes: readonly Prefix[]) => rangeMatcher(spell(prefixes), capabilities);
  const inRanges = (ranges: readonly Prefix[]): readonly MatcherSet[] => {
    if (ranges.length > TREE_LIMIT) return rangeTree(ranges, inList);
    return ranges.length === 0 ? [] : [inList(ranges)];
  };
  const entries = countEntries(bans, addresses.length, spell);
  const compiled = chooseMatch(bans, addresses, withMapped, inRanges, earlyDataMatcher(capabilities));
  const excepted = inRanges(bans.exceptions);
  if (lane?.isActive !== true) return { match: exceptFor(compiled, excepted), entries };
  const client = clientAddressPlaceholder(capabilities);
  const lifted = exceptFor(compiled, [...excepted, laneMatcher(lane, 'allow', client)]);
  return { match: alsoFor(lifted, laneMatcher(lane, 'ban', client)), entries };
}

function countEntries(
  { addresses: plainAddresses, ranges: plainRanges, exceptions: plainExceptions }: BanSet,
  addresses: number,
  spell: (prefixes: readonly Prefix[]) => readonly string[],
): EntryCounts {
  const ranges = spell(plainRanges).length;
  const exceptions = spell(plainExceptions).length;
  const plain = plainAddresses.length + plainRanges.length + plainExceptions.length;
  return { addresses, ranges, exceptions, mapped: addresses + ranges + exceptions - plain };
}

function chooseMatch(
  { addresses: plainAddresses, ranges }: BanSet,
  addresses: ListedValues,
  withMapped: boolean,
  inRanges: (ranges: readonly Prefix[]) => readonly MatcherSet[],
  inNoRange: readonly MatcherSet[],
): BanMatch {
  if (addresses.length + ranges.length === 0) return { kind: 'none' };
  if (addresses.length > LINEAR_LIMIT) {
    const list = listOf(plainAddresses, addresses, withMapped);
    const others = ranges.length > 0 ? inRanges(ranges) : inNoRange;
    return { kind: 'index', match: [{ host: list }, ...others], list };
  }
  const isOneList = plainAddresses.length + ranges.length <= TREE_LIMIT;
  const parts = isOneList ? [[...plainAddresses, ...ranges]] : [[...plainAddresses], ranges];
  return { kind: 'list', match: parts.flatMap(inRanges) };
}

/** Lists of sets that are still in use: the next compilation of an unchanged set hashes nothing. */
const known = {
  plain: new WeakMap<AddressSequence, AddressList>(),
  mapped: new WeakMap<AddressSequence, AddressList>(),
};

function listOf(plainAddresses: AddressSequence, addresses: ListedValues, withMapped: boolean): AddressList {
  const lists = withMapped ? known.mapped : known.plain;
  const list = lists.get(plainAddresses) ?? new AddressList(addresses);
  lists.set(plainAddresses, list);
  return list;
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

function rangeMatcher(ranges: readonly string[], capabilities: Capabilities): MatcherSet {
  return capabilities.clientIp ? { client_ip: { ranges } } : { remote_ip: { ranges } };
}

/**
 * Matches nobody; asked instead of ranges where there are none. A request in HTTP/3's early data claims an address that
 * nobody has confirmed: Caddy's `client_ip` answers it with 425 (RFC 8470) until the handshake is done, `host` does not
 * look.
 */
function earlyDataMatcher({ clientIp }: Capabilities): readonly MatcherSet[] {
  return clientIp ? [{ client_ip: { ranges: [] } }] : [];
}

function withMappedForms(prefixes: readonly Prefix[]): readonly string[] {
  return [...prefixes, ...prefixes.filter((prefix) => familyOf(prefix) === 4).map(mappedForm)];
}

/** The same for a sequence that is not to be copied. */
function withMappedAddresses(addresses: AddressSequence): ListedValues {
  let ipv4 = 0;
  for (const address of addresses) if (familyOf(address) === 4) ipv4++;
  return {
    length: addresses.length + ipv4,
    *[Symbol.iterator]() {
      yield* addresses;
      for (const address of addresses) if (familyOf(address) === 4) yield mappedForm(address);
    },
  };
}

/** What holds the client's address at request time. */
export function clientAddressPlaceholder(capabilities: Capabilities): string {
  return capabilities.clientIp ? '{http.vars.client_ip}' : '{http.request.remote.host}';
}
