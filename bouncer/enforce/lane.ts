import { type Address, isAddress, type Prefix } from '../shared/net/prefix.ts';
import type { HeldSet } from './held-set.ts';
import type { LaneFolder, LaneSide } from './lane-folder.ts';

/** When a lane is folded into compiled routes: the stat at each request is cheap, a long list of exceptions is not. */
export interface LaneLimits {
  readonly entries: number;
  readonly ageMs: number;
}

export const LANE_LIMITS: LaneLimits = { entries: 1_000, ageMs: 3_600_000 };

const POSSIBLE_AT_MOST = 4;

/** Of `entries`: more addresses than this are a flood, which a push carries; a first pull may bring a million. */
const FLOOD_FACTOR = 5;

/** Whether an address must be blocked now; undefined as long as nobody can tell. */
export type IsWanted = (address: Address) => boolean | undefined;

/**
 * Changes without a reload. **The lane is the difference between what is wanted and what Caddy may hold**, computed
 * from both for every address that was touched since; it is never edited by history. So it is right at every instant:
 *
 * | wanted | every compilation that Caddy may hold | entry |
 * |---|---|---|
 * | blocked | blocks it | none |
 * | blocked | at least one does not | `ban` |
 * | free | none blocks it | none |
 * | free | at least one does | `allow` |
 *
 * While a push is under way Caddy may hold the old or the new one, and the entry that is right for both stands. Once
 * it is confirmed only the new one counts, and the entries that it made needless go.
 *
 * As long as nobody can tell what is wanted (after a start, before LAPI said everything), an entry stays as the last
 * run left it: like the rules that Caddy holds, it may know more than a snapshot does.
 */
export class Lane {
  readonly #folder: LaneFolder;
  readonly #isWanted: IsWanted;
  readonly #now: () => number;
  readonly #limits: LaneLimits;
  /** What Caddy may hold; undefined stands for anything: nobody knows yet. */
  #possible: readonly (HeldSet | undefined)[] = [undefined];
  /** The same before the push that is under way; undefined where none is, or where something else happened to Caddy. */
  #possibleBefore: readonly (HeldSet | undefined)[] | undefined;
  /** Addresses that changed since the oldest possible compilation, and since the one that is being pushed. */
  #touched = new Set<Address>();
  #touchedSincePush = new Set<Address>();
  /** Addresses whose entry was not looked at since they, or what Caddy may hold, changed. */
  #pending = new Set<Address>();
  /** Something changed that has no place here, a range or one of a flood: only a push brings it to Caddy. */
  #needsPush = false;
  #needsPushSincePush = false;
  #oldestAt: number | undefined;
  #confirmed: HeldSet | undefined;

  constructor(folder: LaneFolder, isWanted: IsWanted, now: () => number, limits = LANE_LIMITS) {
    this.#limits = limits;
    this.#folder = folder;
    this.#isWanted = isWanted;
    this.#now = now;
  }

  get size(): number {
    return this.#folder.size;
  }

  /** Whether the entries make Caddy do what is wanted; a range, a flood, or not knowing what it holds needs a push. */
  get suffices(): boolean {
    return !this.#needsPush && !this.#possible.includes(undefined) && this.#pending.size === 0;
  }

  /** Whether the entries are so many or so old that they are to be folded into a push. */
  get isDue(): boolean {
    const { entries, ageMs } = this.#limits;
    return this.size > entries || (this.#oldestAt !== undefined && this.#now() - this.#oldestAt > ageMs);
  }

  /** A prefix was banned or lifted: note it, whether or not the lane is in use. */
  touch(prefix: Prefix): void {
    if (!isAddress(prefix)) {
      this.#needsPush = this.#needsPushSincePush = true;
      return;
    }
    this.#touched.add(prefix);
    this.#touchedSincePush.add(prefix);
    this.#pending.add(prefix);
    const most = this.#limits.entries * FLOOD_FACTOR;
    if (this.#touched.size > most) this.#flood();
    if (this.#touchedSincePush.size > most) {
      this.#touchedSincePush.clear();
      this.#needsPushSincePush = true;
    }
  }

  /** Forgets what has no entry: it cannot be in the way of the push that is due now, which carries it. */
  #flood(): void {
    this.#touched = this.#folder.addresses;
    this.#pending = new Set([...this.#pending].filter((address) => this.#folder.has(address)));
    this.#needsPush = true;
  }

  /**
   * Writes every entry that may have to change. Where a push is due anyway (a flood, or nobody knows what Caddy holds)
   * no new entries are made, but those that are there are still put right, where it is known what is right.
   * @throws as `fs` does; what is not done is done at the next call.
   */
  write(): void {
    const isPushDue = this.#pending.size > this.#limits.entries || this.#possible.includes(undefined);
    for (const address of this.#pending) {
      if (isPushDue && !this.#folder.has(address)) continue;
      const isWanted = this.#isWanted(address);
      if (isWanted === undefined) continue;
      this.#folder.set(address, this.#sideOf(address, isWanted));
      this.#pending.delete(address);
    }
    if (this.size === 0) this.#oldestAt = undefined;
    else this.#oldestAt ??= this.#now();
  }

  /** The folder was lost and is there again, perhaps empty: every entry is looked at anew. */
  reopened(): void {
    for (const address of this.#folder.addresses) this.#touched.add(address);
    this.#pending = new Set(this.#touched);
  }

  /** A push of this set begins: from now on Caddy may hold it, or still what it held. */
  pushing(wanted: HeldSet): void {
    for (const address of this.#folder.addresses) this.#touched.add(address);
    this.#touchedSincePush = new Set();
    this.#needsPushSincePush = false;
    this.#possibleBefore = this.#possible;
    if (!this.#possible.includes(wanted)) {
      // Several pushes without an answer: Caddy may hold any of them, which is as good as not knowing.
      this.#possible = this.#possible.length < POSSIBLE_AT_MOST ? [...this.#possible, wanted] : [undefined];
    }
    this.#pending = new Set(this.#touched);
  }

  /** The push that began last never reached Caddy, or was refused: it holds what it held. */
  abandoned(): void {
    if (this.#possibleBefore === undefined) return;
    this.#possible = this.#possibleBefore;
    this.#possibleBefore = undefined;
    this.#pending = new Set(this.#touched);
  }

  /** Caddy was read back to hold this set, and nothing else. */
  confirmed(held: HeldSet): void {
    // The same set again is a look, not a fold: the entries are as old as they were.
    if (held !== this.#confirmed) this.#oldestAt = undefined;
    this.#confirmed = held;
    this.#possible = [held];
    this.#possibleBefore = undefined;
    // Entries written for the old compilation must go, too, so they are looked at once more.
    this.#touched = new Set([...this.#touchedSincePush, ...this.#folder.addresses]);
    this.#pending = new Set(this.#touched);
    this.#needsPush = this.#needsPushSincePush;
  }

  /** Nobody knows what Caddy holds: it was reloaded, replaced, or a push ended without an answer. */
  unknown(): void {
    this.#possible = [undefined];
    this.#possibleBefore = undefined;
    this.#touched = this.#folder.addresses;
    this.#pending = new Set(this.#touched);
  }

  #sideOf(address: Address, isWanted: boolean): LaneSide | undefined {
    const isBlockedBy = (held: HeldSet | undefined, byDefault: boolean) => held?.blocks(address) ?? byDefault;
    if (isWanted) return this.#possible.every((held) => isBlockedBy(held, false)) ? undefined : 'ban';
    return this.#possible.some((held) => isBlockedBy(held, true)) ? 'allow' : undefined;
  }
}
