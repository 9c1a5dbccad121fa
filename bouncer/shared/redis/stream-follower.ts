import type { LoadedSnapshot } from './decision-source.ts';
import type { DecisionBatch } from './snapshot-codec.ts';
import { UnreadableSet } from './unreadable-set.ts';
import { type Place, readPage, readWholeSet, type SetSource } from './whole-set.ts';

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
    this.#place = whole.place;
    this.#set.onSnapshot(whole);
    return true;
  }

  async #advance(from: Place): Promise<boolean> {
    let place = from;
    for (;;) {
      const page = await readPage(this.#source, place);
      if (page.kind === 'snapshot') return this.#load(page.announcedAt);
      for (const batch of page.batches) this.#set.onBatch(batch);
      // Meanwhile it may have been asked to start again.
      if (this.#place === place) this.#place = page.place;
      place = page.place;
      if (page.batches.length === 0) return true;
    }
  }
}
