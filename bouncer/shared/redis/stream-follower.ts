import type { DecisionSource, LoadedSnapshot } from './decision-source.ts';
import type { DecisionBatch } from './snapshot-codec.ts';

/** What becomes of what is read. */
export interface FollowedSet {
  /** This is the whole truth. */
  onSnapshot(snapshot: LoadedSnapshot): void;
  onBatch(batch: DecisionBatch): void;
}

/** Follows the set that one bouncer keeps in Redis: the snapshot first, then the batches since, in their order. */
export class StreamFollower {
  readonly #source: Pick<DecisionSource, 'snapshot' | 'after' | 'holds'>;
  readonly #set: FollowedSet;
  #position: string | undefined;
  /** Whether the stream was seen to hold `#position`: only then its absence tells of a loss. */
  #isAnchored = false;

  constructor(source: Pick<DecisionSource, 'snapshot' | 'after' | 'holds'>, set: FollowedSet) {
    this.#source = source;
    this.#set = set;
  }

  /** Whether a snapshot was read, and all that came after it could be. */
  get isFollowing(): boolean {
    return this.#position !== undefined;
  }

  /** Starts from the snapshot again, next time: an entry that cannot be read, for one, is in the next snapshot. */
  startAgain(): void {
    this.#position = undefined;
  }

  /** Reads on to the end of the stream. @returns false when there is nothing to read: never written, or wiped. */
  async catchUp(): Promise<boolean> {
    return this.#position === undefined ? this.#load() : this.#advance();
  }

  /** @param announcedAt the entry that announced it: batches after that follow, some of them a second time. */
  async #load(announcedAt?: string): Promise<boolean> {
    const snapshot = await this.#source.snapshot();
    if (snapshot === undefined) {
      this.#position = undefined;
      return false;
    }
    this.#set.onSnapshot(snapshot);
    this.#position = announcedAt ?? snapshot.position;
    this.#isAnchored = false;
    return this.#advance();
  }

  async #advance(): Promise<boolean> {
    for (;;) {
      const position = this.#position ?? '';
      const isHeld = await this.#source.holds(position);
      if (!isHeld && this.#isAnchored) return this.#load(); // trimmed or wiped: entries may have been missed
      this.#isAnchored ||= isHeld;
      const entries = await this.#source.after(position);
      const announced = entries.findLast(({ kind }) => kind === 'snapshot');
      if (announced !== undefined) return this.#load(announced.id);
      for (const entry of entries) {
        if (entry.kind !== 'batch') continue;
        this.#set.onBatch(entry.batch);
        this.#position = entry.id;
        this.#isAnchored = true;
      }
      if (entries.length === 0) return true;
    }
  }
}
