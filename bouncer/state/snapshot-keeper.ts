import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { StoreChange } from '../decisions/store.ts';
import type { Decision } from '../shared/domain/decision.ts';
import type { RedisLink } from '../shared/redis/client.ts';
import { DecisionSource, type LoadedSnapshot } from '../shared/redis/decision-source.ts';
import { type DecisionBatch, snapshotChunks } from '../shared/redis/snapshot-codec.ts';
import { unpackSnapshot } from '../shared/redis/snapshot-reader.ts';
import { writtenAt } from '../shared/redis/stream-position.ts';
import { readWholeSet } from '../shared/redis/whole-set.ts';
import type { Clock } from '../shared/runtime/clock.ts';
import type { Logger } from '../shared/runtime/logger.ts';
import { reasonOf } from '../shared/runtime/reason.ts';
import type { Service } from '../shared/runtime/service.ts';
import type { StateDir } from './state-dir.ts';

const FILE = 'snapshot.json.gz';
/** A change is on disk at most this much later; in Redis it is at once, as a batch. */
const INTERVAL_MS = 10_000;
/** At a million decisions a snapshot is seconds of work: it may take this share of the time, one in twenty. */
const COST_FACTOR = 20;
/** A larger change is told as a new snapshot, which is smaller than the batch would be. */
const LARGEST_BATCH = 5_000;

/** Gzip of a text in pieces; other work of the process goes on between them. */
async function compress(chunks: Iterable<string>): Promise<Buffer> {
  return pipeline(chunks, createGzip({ level: 1 }), buffer);
}

/** The last good set that could be found. */
type FoundSet = Pick<LoadedSnapshot, 'takenAt' | 'decisions'>;

/** Where others find the set, open to the one bouncer that pulls for all. Each call throws when it is that no more. */
export interface SharedSet {
  /** The token of the lease that it is written under. */
  readonly token: number;
  append(batch: DecisionBatch): Promise<string>;
  /** @returns the position of the entry that announces it, if it is news. */
  write(bytes: Buffer, isNews: boolean): Promise<string | undefined>;
}

interface SnapshotParts {
  readonly state: StateDir;
  readonly redis: RedisLink | undefined;
  /** Undefined while Redis is gone, or another bouncer writes there. */
  readonly shared: () => SharedSet | undefined;
  readonly decisions: () => Iterable<Decision>;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Keeps the last good set where others find it: in STATE_DIR for our own restart, in Redis as a snapshot and the
 * batches since, for the page and for followers.
 *
 * Work on Redis is done in order, one at a time. A snapshot may hold changes whose batch comes later; applying a batch
 * twice changes nothing, so its position only has to be no later than what it holds.
 */
export class SnapshotKeeper implements Service {
  readonly name = 'snapshot';
  readonly #parts: SnapshotParts;
  #isDirty = false;
  /** The last write did not reach the file. The next goes to Redis, too: `restore` compares the two by their time. */
  #isFileBehind = false;
  /** Redis lacks something that no batch will bring. */
  #isStaleInRedis = true;
  /** Somebody cannot read what stands in Redis. */
  #isAskedFor = false;
  #isComplete = false;
  #position: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #notBefore = -Infinity;
  #work: Promise<void> = Promise.resolve();

  constructor(parts: SnapshotParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => {
      if (this.#parts.clock.monotonic() < this.#notBefore) return;
      this.#isStaleInRedis ||= this.#isAskedFor;
      void this.flush();
    }, INTERVAL_MS);
    this.#parts.redis?.on('up', () => this.redisForgot());
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  /**
   * We write to Redis from now on. What stands there says nothing of our set, nor does our set of what another process
   * has found meanwhile: unless nobody has, everything is pulled first.
   */
  took(isContinued: boolean): void {
    this.#isStaleInRedis = true;
    this.#position = undefined;
    if (!isContinued) this.#isComplete = false;
    else if (this.#isComplete) void this.flush();
  }

  /** Resolves when Redis was told all there is to tell. @returns whether that is so. */
  async told(): Promise<boolean> {
    await this.#work;
    return !this.#isStaleInRedis;
  }

  /** Redis may have lost everything: it gets the whole set again. */
  redisForgot(): void {
    this.#isStaleInRedis = true;
    if (this.#isComplete) void this.flush();
  }

  /** Somebody needs the whole set in Redis anew, who may ask every second: it comes no sooner than a change would. */
  asked(): void {
    this.#isAskedFor = true;
  }

  /** Tells what changed; only call it once a complete pull is part of the set. */
  changed({ added, removedIds }: StoreChange): void {
    const isFirst = !this.#isComplete;
    this.#isComplete = true;
    const size = added.length + removedIds.length;
    if (size === 0 && !isFirst) return;
    this.#isDirty = true;
    if (this.#parts.shared() === undefined) {
      this.#isStaleInRedis = true;
      if (isFirst) void this.flush();
    } else if (this.#isStaleInRedis || size > LARGEST_BATCH) this.redisForgot();
    else {
      const batch = { added: [...added], removedIds }; // those of a large list are made when they are asked for
      this.#enqueue(() => this.#tell(batch));
    }
  }

  /** The newest set that can be had, without what ran out meanwhile. */
  async restore(): Promise<FoundSet | undefined> {
    const inRedis = await this.#fromRedis();
    // Both are written from the same bytes; what came after them is in Redis alone.
    const newest = inRedis && Math.max(inRedis.takenAt, writtenAt(inRedis.place.position));
    return (await this.#fromDisk(newest)) ?? inRedis;
  }

  /** Writes what is not written yet; resolves when it is. */
  async flush(): Promise<void> {
    if (this.#isDue || (this.#isStaleInRedis && this.#isComplete)) this.#enqueue(() => this.#write());
    await this.#work;
  }

  get #isDue(): boolean {
    return this.#isDirty || this.#isFileBehind;
  }

  #enqueue(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch((error: unknown) => {
      this.#isStaleInRedis = true; // the next flush brings everything
      this.#parts.log.debug({ error }, 'a change could not be written; it is tried again');
    });
  }

  async #tell(batch: DecisionBatch): Promise<void> {
    if (this.#isStaleInRedis) return; // the snapshot that is due holds it
    const shared = this.#parts.shared();
    if (shared === undefined) this.#isStaleInRedis = true;
    else this.#position = await shared.append(batch);
  }

  async #write(): Promise<void> {
    const { state, decisions, clock } = this.#parts;
    const shared = this.#isComplete ? this.#parts.shared() : undefined;
    if (!this.#isDue && (shared === undefined || !this.#isStaleInRedis)) return;
    // From here on, what changes is told after this snapshot: it may or may not be in it.
    this.#isDirty = false;
    this.#isFileBehind = true; // until it is written
    const isNews = shared !== undefined && this.#isStaleInRedis;
    if (isNews) this.#isStaleInRedis = this.#isAskedFor = false;
    const began = clock.monotonic();
    const head = { position: this.#position, token: shared?.token };
    const bytes = await compress(snapshotChunks(decisions(), head, clock));
    this.#isFileBehind = !(await state.write(FILE, bytes));
    const now = clock.monotonic();
    this.#notBefore = now + COST_FACTOR * (now - began);
    if (shared === undefined) return;
    if (this.#parts.shared()?.token === shared.token) {
      this.#position = (await shared.write(bytes, isNews)) ?? this.#position;
    } else this.#isStaleInRedis = true;
  }

  async #fromDisk(newerThan: number | undefined): Promise<FoundSet | undefined> {
    const { state, clock } = this.#parts;
    const bytes = state.read(FILE);
    if (bytes === undefined) return undefined;
    try {
      return await unpackSnapshot(bytes, clock, newerThan);
    } catch (error) {
      this.#passOver(error);
      return undefined;
    }
  }

  /** The snapshot and the changes since: a process that was killed may not have written its last snapshot. */
  async #fromRedis(): ReturnType<typeof readWholeSet> {
    const { redis, clock } = this.#parts;
    if (redis?.isUp !== true) return undefined;
    try {
      const found = await readWholeSet(new DecisionSource(redis, clock));
      if (found?.trouble !== undefined) this.#passOver(found.trouble);
      return found;
    } catch (error) {
      this.#passOver(error);
      return undefined;
    }
  }

  #passOver(error: unknown): void {
    const reason = reasonOf(error);
    this.#parts.log.warn(
      { reason },
      'a snapshot could not be read and is passed over; the next complete pull replaces it',
    );
  }
}
