import { comparePrefixes, covers, familyOf, type Prefix, prefixParts } from '../../bouncer/shared/net/prefix.ts';
import { readPastedPrefix } from '../http/prefix-input.ts';
import { type Guard, objection, type RefusalCode } from './ban-guards.ts';
import { coveringRows } from './prefix-matcher.ts';
import type { DecisionRow, DecisionRows } from './decision-rows.ts';

export interface Refusal {
  /** As it was given. */
  readonly value: string;
  /** Where in the list it stood. */
  readonly index: number;
  readonly code: RefusalCode;
  readonly reason: string;
}

/** What a ban of some values would do. */
export interface BanPlan {
  /** In canonical spelling, each once, in the order given. */
  readonly accepted: readonly Prefix[];
  readonly refused: readonly Refusal[];
  /** How many addresses the accepted ones are together, and how many of those the allowlist keeps open. */
  readonly addresses: bigint;
  readonly allowlistedAddresses: bigint;
  readonly allowlisted: readonly { readonly value: Prefix; readonly by: Prefix }[];
  /** Accepted ones that another ban covers already. */
  readonly alreadyBanned: readonly { readonly value: Prefix; readonly by: DecisionRow }[];
}

interface PlanFacts {
  readonly guards: readonly Guard[];
  /** Bans what a guard speaks against; what is no address stays refused. */
  readonly force: boolean;
  readonly allowlist: readonly Prefix[];
  readonly rows: DecisionRows;
}

export function planBan(values: readonly string[], { guards, force, allowlist, rows }: PlanFacts): BanPlan {
  const judged = values.map((value, index) => judge(value, index, guards, force));
  const accepted = [...new Set(judged.flatMap((one) => (typeof one === 'string' ? [one] : [])))];
  const overlaps = accepted.flatMap((value) =>
    allowlist.filter((by) => covers(by, value) || covers(value, by)).map((by) => ({ value, by })),
  );
  const covering = coveringRows(rows, accepted);
  return {
    accepted,
    refused: judged.flatMap((one) => (typeof one === 'string' ? [] : [one])),
    addresses: countAddresses(accepted),
    allowlistedAddresses: countAddresses(overlaps.map(({ value, by }) => (covers(by, value) ? value : by))),
    allowlisted: overlaps,
    alreadyBanned: accepted.flatMap((value) => {
      const bans = (covering.get(value) ?? []).map((slot) => rows.row(slot)).filter(({ type }) => type === 'ban');
      const longest = bans.sort((a, b) => b.until - a.until)[0];
      return longest === undefined ? [] : [{ value, by: longest }];
    }),
  };
}

function judge(value: string, index: number, guards: readonly Guard[], force: boolean): Prefix | Refusal {
  // What is pasted may carry spaces around it; a line break inside a value is two values, or an attack on a log.
  const prefix = /\p{Cc}/u.test(value) ? undefined : readPastedPrefix(value);
  if (prefix === undefined) {
    return { value, index, code: 'not_an_address', reason: 'this is not an IP address or range' };
  }
  const found = force ? undefined : objection(prefix, guards);
  return found === undefined ? prefix : { value, index, ...found };
}

/** Each address once, however many of the prefixes it is in. */
function countAddresses(prefixes: readonly Prefix[]): bigint {
  let sum = 0n;
  let widest: Prefix | undefined;
  for (const prefix of prefixes.toSorted(comparePrefixes)) {
    if (widest !== undefined && covers(widest, prefix)) continue; // a wider one sorts before what is inside it
    widest = prefix;
    sum += 1n << BigInt((familyOf(prefix) === 4 ? 32 : 128) - prefixParts(prefix).length);
  }
  return sum;
}

/** `covers 256 addresses, 1 allowlisted, 1 refused`. */
export function planSentence(plan: BanPlan): string {
  const parts = [`covers ${counted(plan.addresses, 'address', 'addresses')}`];
  if (plan.allowlistedAddresses > 0n) parts.push(`${shown(plan.allowlistedAddresses)} allowlisted`);
  if (plan.alreadyBanned.length > 0) parts.push(`${plan.alreadyBanned.length} already banned`);
  if (plan.refused.length > 0) parts.push(`${plan.refused.length} refused`);
  return parts.join(', ');
}

export function counted(count: bigint | number, one: string, many: string): string {
  return `${shown(BigInt(count))} ${BigInt(count) === 1n ? one : many}`;
}

/** Nobody reads thirty-eight digits: an IPv6 range is told in powers of two. */
function shown(count: bigint): string {
  return count < 10n ** 12n ? count.toLocaleString('en') : `about 2^${count.toString(2).length - 1}`;
}
