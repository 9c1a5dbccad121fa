import type { DecisionList } from '../decisions/decision-list.ts';
import type { Clock } from '../runtime/clock.ts';
import { reasonOf } from '../runtime/reason.ts';
import { readBatches, readSnapshot, type StreamEntry } from './batch-stream.ts';
import type { RedisLink } from './client.ts';
import { publishCommand } from './command-channel.ts';
import { keys } from './keys.ts';
import { type SnapshotContent, unpackSnapshot } from './snapshot-reader.ts';
import { UnreadableSet } from './unreadable-set.ts';

/** Where a stream begins. */
const BEGINNING = '0-0';

/** How many entries are read at once. */
const AT_ONCE = 100;

export interface LoadedSnapshot {
  /** Milliseconds since the Unix epoch. */
  readonly takenAt: number;
  /** The first entry of the stream that may not be in it comes after this one. */
  readonly position: string;
  /** Of the lease under which it was written; undefined where an older version wrote it. */
  readonly token: number | undefined;
  readonly decisions: DecisionList;
}

/** What a bouncer tells of its decisions, in Redis. Every call throws when Redis, or what is in it, cannot be used. */
export class DecisionSource {
  readonly #redis: RedisLink;
  readonly #clock: Clock;

  constructor(redis: RedisLink, clock: Clock) {
    this.#redis = redis;
    this.#clock = clock;
  }

  get isUp(): boolean {
    return this.#redis.isUp;
  }

  /** Undefined when there is none: never written, or wiped. That is not the same as no decisions. */
  async snapshot(): Promise<LoadedSnapshot | undefined> {
    const first = await this.#read();
    if (first?.position !== undefined || first === undefined) return placed(first, BEGINNING);
    // The first snapshot of a bouncer names no position: it is announced right after it was written. The announcement
    // has to be looked up before the snapshot is read, or a newer one could be taken for this one's.
    const announced = await this.#lastAnnouncement();
    return placed(await this.#read(), announced);
  }

  after(position: string): Promise<StreamEntry[]> {
    return readBatches(this.#redis, position, AT_ONCE, this.#clock);
  }

  /** False once the stream was trimmed past it, or wiped: entries may have been missed then. */
  async holds(position: string): Promise<boolean> {
    return (await this.#redis.commands.xrange(keys.batches, position, position)).length > 0;
  }

  /** Never fails; a lost word is said again by whoever still cannot read what there is. */
  async askForSnapshot(): Promise<void> {
    await publishCommand(this.#redis, { kind: 'snapshot' }).catch(() => undefined);
  }

  async #read(): Promise<SnapshotContent | undefined> {
    const bytes = await readSnapshot(this.#redis);
    if (bytes === undefined) return undefined;
    return unpackSnapshot(bytes, this.#clock).catch((error: unknown) => {
      throw new UnreadableSet(reasonOf(error));
    });
  }

  async #lastAnnouncement(): Promise<string> {
    let before = '+';
    for (;;) {
      const entries = await this.#redis.commands.xrevrange(keys.batches, before, '-', 'COUNT', AT_ONCE);
      for (const [id, [field]] of entries) if (field === 'snapshot') return id;
      const oldest = entries.at(-1)?.[0];
      if (oldest === undefined) return BEGINNING;
      before = `(${oldest}`;
    }
  }
}

function placed(read: SnapshotContent | undefined, otherwise: string): LoadedSnapshot | undefined {
  return read && { ...read, position: read.position ?? otherwise };
}
