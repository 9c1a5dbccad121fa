import type { LoadedSnapshot } from './decision-source.ts';
import type { DecisionBatch } from './snapshot-codec.ts';
import { isBefore } from './stream-position.ts';
import { UnreadableSet } from './unreadable-set.ts';
import { type Place, readPage, readWholeSet, type SetSource } from './whole-set.ts';

const ROLLED_BACK = 'Redis has lost the newest decisions; it gets them again from the bouncer that pulls from LAPI';

/** What becomes of what is read. */
export interface FollowedSet {
  /** This is the whole truth, with every batch that was there to read. */
  onSnapshot(snapshot: LoadedSnapshot): void;
  onBatch(batch: DecisionBatch): void;
}

/** Follows the set that one bouncer keeps in Redis: the snapshot first, then the batches since, in their order. */
export class StreamFollower {
  readonly #source: SetSource;
  readonly #set: FollowedSet;
  /** Undefined when the snapshot has to be read. */
  #place: Place | undefined;
  /** How far it ever read, and what its snapshot was written under. */
  #furthest: { readonly token: number; readonly position: string } | undefined;

  constructor(source: SetSource, set: FollowedSet) {
    this.#source = source;
    this.#set = set;
  }

  /** Starts from the snapshot again, next time: an entry that cannot be read, for one, is in the next snapshot. */
  startAgain(): void {
    this.#place = undefined;
  }

  /**
   * Reads on to the end of the stream. Where that takes a new snapshot, it is asked for: while nothing changes, none
   * would come. @returns false when there is nothing to read: never written, or wiped.
   */
  async catchUp(): Promise<boolean> {
    try {
      const isThere = await (this.#place === undefined ? this.#load() : this.#advance(this.#place));
      if (!isThere) await this.#source.askForSnapshot?.();
      return isThere;
    } catch (error) {
      if (error instanceof UnreadableSet) await this.#source.askForSnapshot?.();
      throw error;
    }
  }

  /**
   * The snapshot alone is older than what was held, where this is not the first: it is only told once all that came
   * after it was read, or a ban would be lifted for as long as that takes.
   */
  async #load(announcedAt?: string): Promise<boolean> {
    this.#place = undefined;
    const whole = await readWholeSet(this.#source, announcedAt);
    if (whole === undefined) return false;
    if (whole.trouble !== undefined) throw whole.trouble;
    const { token, place } = whole;
    if (this.#isOlder(token, place.position)) throw new UnreadableSet(ROLLED_BACK);
    this.#place = place;
    this.#furthest = token === undefined ? undefined : { token, position: place.position };
    this.#set.onSnapshot(whole);
    return true;
  }

  /** A Redis that was restarted from an old copy, or another that took over, may have less than was read before. */
  #isOlder(token: number | undefined, position: string): boolean {
    if (token === undefined || this.#furthest === undefined) return false;
    return token <= this.#furthest.token && isBefore(position, this.#furthest.position);
  }

  async #advance(from: Place): Promise<boolean> {
    let place = from;
    for (;;) {
      const page = await readPage(this.#source, place);
      if (page.kind === 'snapshot') return this.#load(page.announcedAt);
      for (const batch of page.batches) this.#set.onBatch(batch);
      if (this.#furthest !== undefined) this.#furthest = { ...this.#furthest, position: page.place.position };
      // Meanwhile it may have been asked to start again.
      if (this.#place === place) this.#place = page.place;
      place = page.place;
      if (page.batches.length === 0) return true;
    }
  }
}
