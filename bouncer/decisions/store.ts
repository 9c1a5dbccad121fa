import { IpSet } from '../ipset/ip-set.ts';
import type { Decision } from '../shared/domain/decision.ts';
import { formatPrefix, type Prefix, prefixParts } from '../shared/net/prefix.ts';
import { DecisionCounts } from './counts.ts';
import { type DecisionList, pick } from '../shared/decisions/decision-list.ts';
import { DecisionRows } from './decision-rows.ts';
import { type Remediation, remediationOf } from './remediation.ts';

/** What an update came to, for those who keep a copy. */
export interface StoreChange {
  /** New decisions, and known ones that changed. */
  readonly added: DecisionList;
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
  #rows = new DecisionRows();
  readonly #banned = new IpSet();
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
    return this.#rows.size;
  }

  /** Grows whenever the set of banned prefixes changes. */
  get generation(): number {
    return this.#generation;
  }

  /** The prefixes that are banned, before any allowlist. Live: read it, do not keep it. */
  get banned(): Pick<IpSet, 'ipv4' | 'ipv6' | 'size' | 'contains' | 'coverings' | 'maximal'> {
    return this.#banned;
  }

  get counts(): Pick<DecisionCounts, 'byOrigin' | 'rows'> {
    return new DecisionCounts(this.#rows.columns.labels);
  }

  /** Applies a delta: deletions first, since LAPI may delete and renew in one reply. Unknown ids are passed over. */
  apply(deletedIds: Iterable<number>, decisions: DecisionList): StoreChange {
    const removedIds = [...deletedIds].filter((id) => this.#remove(this.#rows.withId(id)));
    return { added: pick(decisions, (decision) => this.#take(decision)), removedIds };
  }

  /** Makes these the whole truth, as a difference: what stays is never lifted in between. */
  replaceAll(decisions: DecisionList): StoreChange {
    const isNamed = new Uint8Array(this.#rows.columns.length); // rows that come to it are named, all of them
    const added = pick(decisions, (decision) => this.#take(decision, isNamed));
    const removedIds: number[] = [];
    for (let row = 0; row < isNamed.length; row++) {
      if (isNamed[row] === 1 || this.#rows.columns.isFree(row)) continue;
      removedIds.push(this.#rows.columns.idAt(row));
      this.#remove(row);
    }
    if (this.#rows.isMostlyFree) this.#rows = this.#rows.compacted();
    return { added, removedIds };
  }

  /** How many of the live decisions are not among these. */
  countMissing(decisions: Iterable<Decision>): number {
    const isSeen = new Uint8Array(this.#rows.columns.length);
    let found = 0;
    for (const { id } of decisions) {
      const row = this.#rows.withId(id);
      if (row === undefined || isSeen[row] === 1) continue;
      isSeen[row] = 1;
      found++;
    }
    return this.size - found;
  }

  /** Drops what has run out at `now` (monotonic ms). @returns how many did. */
  expire(now: number): number {
    let count = 0;
    for (let end = this.nextExpiry; end !== undefined && end <= now; end = this.nextExpiry) {
      this.#remove(this.#rows.expiries.soonest);
      count++;
    }
    return count;
  }

  /** Monotonic ms of the next expiry, if there is one. */
  get nextExpiry(): number | undefined {
    const { expiries, columns } = this.#rows;
    return expiries.soonest === undefined ? undefined : columns.endAt(expiries.soonest);
  }

  /** Every live decision whose prefix covers this one, widest prefix first. */
  covering(prefix: Prefix): Decision[] {
    const rows = coveringPrefixes(prefix).flatMap((cover) => this.#rows.on(cover));
    return rows.flatMap((row) => this.#rows.columns.at(row) ?? []);
  }

  /** One after the other, as they are when they are asked for. */
  values(): IterableIterator<Decision> {
    return this.#rows.columns[Symbol.iterator]();
  }

  /** @returns whether it is new or changed; one that was read again is kept as it is. */
  #take(decision: Decision, isNamed?: Uint8Array): boolean {
    const known = this.#rows.withId(decision.id);
    const isKnown = known !== undefined && this.#rows.holds(known, decision);
    const row = isKnown ? known : this.#put(decision, known);
    if (isNamed !== undefined) isNamed[row] = 1; // past its end that does nothing
    return !isKnown;
  }

  /** @returns the row that it is in now. */
  #put(decision: Decision, known: number | undefined): number {
    // A renewal of the same ban must not lift it in between.
    if (known !== undefined && this.#rows.isRenewedBy(known, decision)) {
      this.#rows.renew(known, decision);
      return known;
    }
    this.#remove(known);
    const row = this.#rows.add(decision);
    if (this.#bans(decision) && this.#banned.add(decision.prefix)) this.#changed(decision.prefix);
    return row;
  }

  #changed(prefix: Prefix): void {
    this.#generation++;
    for (const listener of this.#listeners) listener(prefix);
  }

  /** @returns whether there was one. */
  #remove(row: number | undefined): boolean {
    if (row === undefined) return false;
    const decision = this.#rows.remove(row);
    const isBannedStill = this.#rows.on(decision.prefix).some((other) => this.#bans(this.#rows.columns.labelAt(other)));
    if (this.#bans(decision) && !isBannedStill && this.#banned.delete(decision.prefix)) {
      this.#changed(decision.prefix);
    }
    return true;
  }

  #bans({ type }: Pick<Decision, 'type'>): boolean {
    return remediationOf(type, this.#fallback) === 'ban';
  }
}

/**
 * All prefixes that could cover this one, widest first: at most 129, each a look-up. Types that do not ban are not in
 * the radix set, so a person's question is answered without it.
 */
function coveringPrefixes(prefix: Prefix): Prefix[] {
  const { family, words, length } = prefixParts(prefix);
  const lengths = Array.from({ length: length + 1 }, (_, bits) => bits);
  return lengths.flatMap((bits) => formatPrefix(family, words, bits) ?? []);
}
