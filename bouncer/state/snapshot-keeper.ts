import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createGzip, gunzipSync } from 'node:zlib';
import type { Decision } from '../shared/domain/decision.ts';
import { announceSnapshot, appendBatch } from '../shared/redis/batch-stream.ts';
import type { RedisLink } from '../shared/redis/client.ts';
import {
  type DecisionBatch,
  decodeSnapshot,
  type SnapshotContent,
  snapshotChunks,
} from '../shared/redis/snapshot-codec.ts';
import { readSnapshot, writeSnapshot } from '../shared/redis/snapshot-store.ts';
import type { Clock } from '../shared/runtime/clock.ts';
import type { Logger } from '../shared/runtime/logger.ts';
import type { Service } from '../shared/runtime/service.ts';
import type { StateDir } from './state-dir.ts';

const FILE = 'snapshot.json.gz';
/** A change is on disk at most this much later; in Redis it is at once, as a batch. */
const INTERVAL_MS = 10_000;
/** At a million decisions a snapshot is seconds of work: it may take this share of the time, one in twenty. */
const COST_FACTOR = 20;
/** A larger change is told as a new snapshot, which is smaller than the batch would be. */
const LARGEST_BATCH = 5_000;
/** Three million decisions. What unpacks to more was not written by us, and may not fill the memory. */
const LARGEST_TEXT = 256 * 1024 * 1024;

/** Gzip of a text in pieces; other work of the process goes on between them. */
async function compress(chunks: Iterable<string>): Promise<Buffer> {
  return buffer(Readable.from(chunks).pipe(createGzip({ level: 1 })));
}

interface SnapshotParts {
  readonly state: StateDir;
  readonly redis: RedisLink | undefined;
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
  /** Redis lacks something that no batch will bring. */
  #isStaleInRedis = true;
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
      if (this.#parts.clock.monotonic() >= this.#notBefore) void this.flush();
    }, INTERVAL_MS);
    this.#parts.redis?.on('up', () => this.redisForgot());
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  /** Redis may have lost everything: it gets the whole set again. */
  redisForgot(): void {
    this.#isStaleInRedis = true;
    if (this.#isComplete) void this.flush();
  }

  /** Tells what changed; only call it once a complete pull is part of the set. */
  changed(batch: DecisionBatch): void {
    const isFirst = !this.#isComplete;
    this.#isComplete = true;
    const size = batch.added.length + batch.removedIds.length;
    if (size === 0 && !isFirst) return;
    this.#isDirty = true;
    if (this.#isStaleInRedis || size > LARGEST_BATCH) this.redisForgot();
    else this.#enqueue(() => this.#tell(batch));
  }

  /** The newest snapshot that can be had, without what ran out meanwhile. */
  async restore(): Promise<SnapshotContent | undefined> {
    const found = [this.#parts.state.read(FILE), await this.#fromRedis()].map((bytes) => this.#decode(bytes));
    return found.filter((snapshot) => snapshot !== undefined).sort((a, b) => b.takenAt - a.takenAt)[0];
  }

  /** Writes what is not written yet; resolves when it is. */
  async flush(): Promise<void> {
    if (this.#isDirty || (this.#isStaleInRedis && this.#isComplete)) this.#enqueue(() => this.#write());
    await this.#work;
  }

  #enqueue(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch((error: unknown) => {
      this.#isStaleInRedis = true; // the next flush brings everything
      this.#parts.log.debug({ error }, 'a change could not be written to Redis');
    });
  }

  async #tell(batch: DecisionBatch): Promise<void> {
    const { redis, clock } = this.#parts;
    if (this.#isStaleInRedis || redis === undefined) return; // the snapshot that is due holds it
    this.#position = await appendBatch(redis, batch, clock);
  }

  async #write(): Promise<void> {
    const { state, redis, decisions, clock } = this.#parts;
    if (!this.#isDirty && (redis?.isUp !== true || !this.#isStaleInRedis)) return;
    this.#isDirty = false;
    const began = clock.monotonic();
    const bytes = await compress(snapshotChunks(decisions(), this.#position, clock));
    await state.write(FILE, bytes);
    const now = clock.monotonic();
    this.#notBefore = now + COST_FACTOR * (now - began);
    if (redis?.isUp !== true) return;
    const isNews = this.#isStaleInRedis;
    this.#isStaleInRedis = false;
    await writeSnapshot(redis, bytes);
    if (isNews) this.#position = await announceSnapshot(redis);
  }

  async #fromRedis(): Promise<Buffer | undefined> {
    const { redis } = this.#parts;
    if (redis?.isUp !== true) return undefined;
    return readSnapshot(redis).catch(() => undefined);
  }

  #decode(bytes: Buffer | undefined): SnapshotContent | undefined {
    if (bytes === undefined) return undefined;
    try {
      return decodeSnapshot(gunzipSync(bytes, { maxOutputLength: LARGEST_TEXT }).toString('utf8'), this.#parts.clock);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#parts.log.warn(
        { reason },
        'a snapshot could not be read and is passed over; the next complete pull replaces it',
      );
      return undefined;
    }
  }
}
