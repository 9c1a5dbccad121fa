import TinyQueue from 'tinyqueue';
import { IpSet } from '../ipset/ip-set.ts';
import type { Decision } from '../shared/domain/decision.ts';
import { formatPrefix, type Prefix, prefixParts } from '../shared/net/prefix.ts';
import { DecisionCounts } from './counts.ts';
import { type Remediation, remediationOf } from './remediation.ts';

/** What an update came to, for those who keep a copy. */
export interface StoreChange {
  /** New decisions, and known ones that changed. */
  readonly added: readonly Decision[];
  readonly removedIds: readonly number[];
}

/**
 * Every live decision, each with its own expiry, and the set of prefixes that at least one of them bans.
 *
 * Invariants: a prefix is in `banned` if and only if a live decision on exactly that prefix comes to a ban; no
 * decision is merged with another, so lifting one never lifts what another asks for.
 */
export class DecisionStore {
  readonly #fallback: Remediation;
  readonly #byId = new Map<number, Decision>();
  /** Nearly every prefix has one decision: it stands for itself, without an array. */
  readonly #byPrefix = new Map<Prefix, Decision | readonly Decision[]>();
  readonly #banned = new IpSet();
  readonly #counts = new DecisionCounts();
  /** Soonest first; an entry whose decision is gone or was replaced is skipped when it comes up. */
  #expiries = new TinyQueue<Decision>([], bySoonest);
  #generation = 0;
  readonly #listeners: ((prefix: Prefix) => void)[] = [];

  constructor(fallback: Remediation) {
    this.#fallback = fallback;
  }

  /** Calls `listener` with every prefix that becomes banned or stops being so. */
  watch(listener: (prefix: Prefix) => void): void {
    this.#listeners.push(listener);
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Grows whenever the set of banned prefixes changes. */
  get generation(): number {
    return this.#generation;
  }

  /** The prefixes that are banned, before any allowlist. Live: read it, do not keep it. */
  get banned(): Pick<IpSet, 'size' | 'contains' | 'coverings' | 'maximal'> {
    return this.#banned;
  }

  get counts(): Pick<DecisionCounts, 'byOrigin' | 'rows'> {
    return this.#counts;
  }

  /** Applies a delta: deletions first, since LAPI may delete and renew in one reply. Unknown ids are passed over. */
  apply(deletedIds: Iterable<number>, decisions: Iterable<Decision>): StoreChange {
    const removedIds = [...deletedIds].filter((id) => this.#remove(id));
    const added = [...decisions].filter((decision) => this.#put(decision));
    for (const decision of added) this.#expiries.push(decision);
    return { added, removedIds };
  }

  /** Makes these the whole truth, as a difference: what stays is never lifted in between. */
  replaceAll(decisions: Iterable<Decision>): StoreChange {
    const gone = new Set(this.#byId.keys());
    const added: Decision[] = [];
    for (const decision of decisions) {
      gone.delete(decision.id);
      if (this.#put(decision)) added.push(decision);
    }
    for (const id of gone) this.#remove(id);
    this.#expiries = new TinyQueue([...this.#byId.values()], bySoonest);
    return { added, removedIds: [...gone] };
  }

  /** How many of the live decisions are not among these. */
  countMissing(decisions: Iterable<Decision>): number {
    if (this.#byId.size === 0) return 0;
    let found = 0;
    const seen = new Set<number>();
    for (const { id } of decisions) {
      if (this.#byId.has(id) && !seen.has(id)) found++;
      seen.add(id);
    }
    return this.#byId.size - found;
  }

  /** Drops what has run out at `now` (monotonic ms). @returns how many did. */
  expire(now: number): number {
    let count = 0;
    for (let next = this.#soonest(); next !== undefined && next.expiresAt <= now; next = this.#soonest()) {
      this.#expiries.pop();
      this.#remove(next.id);
      count++;
    }
    return count;
  }

  /** Monotonic ms of the next expiry, if there is one. */
  get nextExpiry(): number | undefined {
    return this.#soonest()?.expiresAt;
  }

  /** Every live decision whose prefix covers this one, widest prefix first. */
  covering(prefix: Prefix): Decision[] {
    return coveringPrefixes(prefix).flatMap((cover) => this.#at(cover));
  }

  values(): IterableIterator<Decision> {
    return this.#byId.values();
  }

  #at(prefix: Prefix): readonly Decision[] {
    const found = this.#byPrefix.get(prefix);
    return found === undefined ? [] : isList(found) ? found : [found];
  }

  /** @returns whether it is new or changed; one that was read again is kept as it is. */
  #put(decision: Decision): boolean {
    const known = this.#byId.get(decision.id);
    if (known !== undefined && isSame(known, decision)) return false;
    // A renewal on the same prefix must not lift the ban in between, so the new one is in place before the old goes.
    const there = this.#byPrefix.get(decision.prefix);
    const others = there === undefined ? [] : this.#at(decision.prefix).filter(({ id }) => id !== decision.id);
    if (known !== undefined && !isRenewal(known, decision)) this.#remove(known.id);
    else if (known !== undefined) this.#counts.remove(known);
    this.#byId.set(decision.id, decision);
    this.#byPrefix.set(decision.prefix, others.length === 0 ? decision : [...others, decision]);
    this.#counts.add(decision);
    if (this.#bans(decision) && this.#banned.add(decision.prefix)) this.#changed(decision.prefix);
    return true;
  }

  #changed(prefix: Prefix): void {
    this.#generation++;
    for (const listener of this.#listeners) listener(prefix);
  }

  /** @returns whether there was one. */
  #remove(id: number): boolean {
    const decision = this.#byId.get(id);
    if (decision === undefined) return false;
    this.#byId.delete(id);
    this.#counts.remove(decision);
    const rest = this.#at(decision.prefix).filter((other) => other.id !== id);
    if (rest.length === 0) this.#byPrefix.delete(decision.prefix);
    else this.#byPrefix.set(decision.prefix, rest.length === 1 && rest[0] !== undefined ? rest[0] : rest);
    if (this.#bans(decision) && !rest.some((other) => this.#bans(other)) && this.#banned.delete(decision.prefix)) {
      this.#changed(decision.prefix);
    }
    return true;
  }

  #bans({ type }: Decision): boolean {
    return remediationOf(type, this.#fallback) === 'ban';
  }

  #soonest(): Decision | undefined {
    for (let next = this.#expiries.peek(); next !== undefined; next = this.#expiries.peek()) {
      if (this.#byId.get(next.id) === next) return next;
      this.#expiries.pop();
    }
    return undefined;
  }
}

function bySoonest(a: Decision, b: Decision): number {
  return a.expiresAt - b.expiresAt;
}

function isRenewal(known: Decision, decision: Decision): boolean {
  return known.prefix === decision.prefix && known.type === decision.type;
}

/** Newer LAPIs tell durations in whole seconds, so two readings of one decision differ by up to two of them. */
const READING_SLACK_MS = 2_000;

function isSame(known: Decision, decision: Decision): boolean {
  const isSameTime = Math.abs(known.expiresAt - decision.expiresAt) <= READING_SLACK_MS;
  return (
    isRenewal(known, decision) && isSameTime && known.origin === decision.origin && known.scenario === decision.scenario
  );
}

function isList(found: Decision | readonly Decision[]): found is readonly Decision[] {
  return Array.isArray(found);
}

/**
 * All prefixes that could cover this one, widest first: at most 129, each a map look-up. Types that do not ban are
 * not in the radix set, so a person's question is answered without it.
 */
function coveringPrefixes(prefix: Prefix): Prefix[] {
  const { family, words, length } = prefixParts(prefix);
  const lengths = Array.from({ length: length + 1 }, (_, bits) => bits);
  return lengths.map((bits) => formatPrefix(family, words, bits)).filter((cover) => cover !== undefined);
}
