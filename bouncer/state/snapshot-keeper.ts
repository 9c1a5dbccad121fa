import { promisify } from 'node:util';
import { gunzipSync, gzip } from 'node:zlib';
import { decodeSnapshot, encodeSnapshot, type RestoredSnapshot } from '../decisions/snapshot.ts';
import type { Decision } from '../shared/domain/decision.ts';
import type { RedisLink } from '../shared/redis/client.ts';
import { readSnapshot, writeSnapshot } from '../shared/redis/snapshot-store.ts';
import type { Clock } from '../shared/runtime/clock.ts';
import type { Logger } from '../shared/runtime/logger.ts';
import type { Service } from '../shared/runtime/service.ts';
import type { StateDir } from './state-dir.ts';

const FILE = 'snapshot.json.gz';
/** A change is on disk and in Redis at most this much later: a second's work at a million decisions. */
const INTERVAL_MS = 10_000;

const compress = promisify(gzip);

/** Keeps the last good set where a restart finds it: in STATE_DIR and in Redis, whichever is there. */
export class SnapshotKeeper implements Service {
  readonly name = 'snapshot';
  readonly #state: StateDir;
  readonly #redis: RedisLink | undefined;
  readonly #decisions: () => Iterable<Decision>;
  readonly #clock: Clock;
  readonly #log: Logger;
  #isDirty = false;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: {
    state: StateDir;
    redis: RedisLink | undefined;
    decisions: () => Iterable<Decision>;
    clock: Clock;
    log: Logger;
  }) {
    this.#state = parts.state;
    this.#redis = parts.redis;
    this.#decisions = parts.decisions;
    this.#clock = parts.clock;
    this.#log = parts.log;
  }

  start(): void {
    this.#timer = setInterval(() => void this.flush(), INTERVAL_MS);
    this.#redis?.on('up', () => (this.#isDirty = true)); // a wiped Redis gets it back
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  /** Something changed; it is written with the next flush. Only call it after a complete pull. */
  markDirty(): void {
    this.#isDirty = true;
  }

  /** The newest snapshot that can be had, without what ran out meanwhile. */
  async restore(): Promise<RestoredSnapshot | undefined> {
    const found = [this.#state.read(FILE), await this.#fromRedis()].map((bytes) => this.#decode(bytes));
    return found.filter((snapshot) => snapshot !== undefined).sort((a, b) => b.takenAt - a.takenAt)[0];
  }

  async flush(): Promise<void> {
    if (!this.#isDirty) return this.#writing;
    this.#isDirty = false;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const bytes = await compress(encodeSnapshot(this.#decisions(), this.#clock), { level: 1 });
    await this.#state.write(FILE, bytes);
    if (this.#redis?.isUp !== true) return;
    await writeSnapshot(this.#redis, bytes).catch(() => (this.#isDirty = true));
  }

  async #fromRedis(): Promise<Buffer | undefined> {
    if (this.#redis?.isUp !== true) return undefined;
    return readSnapshot(this.#redis).catch(() => undefined);
  }

  #decode(bytes: Buffer | undefined): RestoredSnapshot | undefined {
    if (bytes === undefined) return undefined;
    try {
      return decodeSnapshot(gunzipSync(bytes).toString('utf8'), this.#clock);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.warn({ reason }, 'a snapshot could not be read and is passed over; the next complete pull replaces it');
      return undefined;
    }
  }
}
