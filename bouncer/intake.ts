import type { Filter } from './decisions/filter.ts';
import type { DecisionStore } from './decisions/store.ts';
import type { DesiredState } from './enforce/desired.ts';
import type { BouncerMetrics } from './http/metrics.ts';
import type { Batch } from './lapi/batch.ts';
import type { PullFailure } from './lapi/failure.ts';
import type { StreamConsumer } from './lapi/stream.ts';
import type { BouncerStatus } from './shared/domain/status.ts';
import type { Clock } from './shared/runtime/clock.ts';
import type { Logger } from './shared/runtime/logger.ts';
import { giveBackMemorySoon } from './shared/runtime/small-heap.ts';
import type { Service } from './shared/runtime/service.ts';
import type { SnapshotKeeper } from './state/snapshot-keeper.ts';

/** The longest that a Node timer can wait. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A pull of more decisions than this leaves garbage that is worth collecting. */
const LARGE = 10_000;

interface IntakeParts {
  readonly store: DecisionStore;
  readonly desired: DesiredState;
  readonly filter: Filter;
  readonly snapshot: SnapshotKeeper;
  readonly metrics: BouncerMetrics;
  readonly clock: Clock;
  readonly log: Logger;
  readonly lapiUrl: string;
}

/** Takes batches into the store, lets decisions run out on time, and tells what is wanted when either changed it. */
export class Intake implements StreamConsumer, Service {
  readonly name = 'decisions';
  readonly #parts: IntakeParts;
  #timer: NodeJS.Timeout | undefined;
  #failure: PullFailure | undefined;
  #lastPull: { readonly at: number; readonly wall: number } | undefined;
  #lastFullWall: number | undefined;
  readonly #rejected = new Map<string, number>();

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#schedule();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Seconds since LAPI last answered a pull. */
  get ageSeconds(): number | undefined {
    return this.#lastPull === undefined ? undefined : (this.#parts.clock.monotonic() - this.#lastPull.at) / 1_000;
  }

  get status(): BouncerStatus['lapi'] {
    const failure = this.#failure;
    const iso = (wall: number | undefined) => (wall === undefined ? undefined : new Date(wall).toISOString());
    return {
      url: this.#parts.lapiUrl,
      state: failure !== undefined ? 'down' : this.#lastPull === undefined ? 'unknown' : 'up',
      last_pull_at: iso(this.#lastPull?.wall),
      last_full_pull_at: iso(this.#lastFullWall),
      error: failure?.message,
      hint: failure?.hint,
      rejected: Object.fromEntries(this.#rejected),
    };
  }

  wouldDrop(batch: Batch): { dropped: number; known: number } {
    const { store, filter } = this.#parts;
    this.#expire();
    return { dropped: store.countMissing(filter(batch.decisions)), known: store.size };
  }

  onBatch(batch: Batch): void {
    const { store, desired, filter, snapshot, clock, log } = this.#parts;
    this.#heard();
    this.#countRejects(batch);
    const wanted = filter(batch.decisions);
    const before = store.generation;
    const change = batch.kind === 'full' ? store.replaceAll(wanted) : store.apply(batch.deletedIds, wanted);
    store.expire(clock.monotonic());
    if (batch.kind === 'full') {
      this.#lastFullWall = clock.wall();
      desired.completed();
    } else desired.changed();
    snapshot.changed(change);
    if (batch.decisions.length > LARGE) giveBackMemorySoon();
    if (store.generation !== before) {
      log.info(
        { pull: batch.kind, new: change.added.length, deleted: change.removedIds.length, live: store.size },
        'decisions changed',
      );
    }
    this.#schedule();
  }

  onFailure(failure: PullFailure, failuresInARow: number): void {
    this.#parts.metrics.streamFailed(failure.reason);
    const isNews = this.#failure?.reason !== failure.reason;
    this.#failure = failure;
    if (!isNews && failuresInARow % 20 !== 0) return;
    this.#parts.log.warn(
      { reason: failure.reason, hint: failure.hint, failuresInARow },
      `${failure.message}; the last decisions stay enforced`,
    );
  }

  #heard(): void {
    const { clock, log } = this.#parts;
    if (this.#failure !== undefined) log.info('LAPI answers again');
    this.#failure = undefined;
    this.#lastPull = { at: clock.monotonic(), wall: clock.wall() };
  }

  #countRejects(batch: Batch): void {
    const { metrics, log } = this.#parts;
    for (const [reason, { count, sample }] of batch.rejects) {
      metrics.rejected(reason, count);
      const isNew = !this.#rejected.has(reason);
      this.#rejected.set(reason, (this.#rejected.get(reason) ?? 0) + count);
      if (isNew)
        log.warn(
          { reason, count, sample },
          'LAPI sent decisions that cannot be enforced; they are counted and passed over',
        );
    }
  }

  #expire(): void {
    const { store, desired, clock } = this.#parts;
    if (store.expire(clock.monotonic()) > 0) desired.changed();
  }

  /** Wakes when the next decision runs out: LAPI's own word may come later, or never. */
  #schedule(): void {
    clearTimeout(this.#timer);
    const { store, clock } = this.#parts;
    const next = store.nextExpiry;
    if (next === undefined) return;
    const wait = Math.min(LONGEST_TIMER_MS, Math.max(0, next - clock.monotonic()));
    this.#timer = setTimeout(() => {
      this.#expire();
      this.#schedule();
    }, Math.ceil(wait));
  }
}
