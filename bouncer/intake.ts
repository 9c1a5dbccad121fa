import type { Filter } from './decisions/filter.ts';
import type { DecisionStore, StoreChange } from './decisions/store.ts';
import type { DesiredState } from './enforce/desired.ts';
import type { BouncerMetrics } from './http/metrics.ts';
import type { FollowedIntake } from './fleet/fleet-follower.ts';
import type { Batch } from './lapi/batch.ts';
import type { PullFailure } from './lapi/failure.ts';
import type { StreamConsumer } from './lapi/stream.ts';
import type { DecisionList } from './shared/decisions/decision-list.ts';
import type { BouncerStatus } from './shared/domain/status.ts';
import type { DecisionBatch } from './shared/redis/snapshot-codec.ts';
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
export class Intake implements StreamConsumer, FollowedIntake, Service {
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
    const { store, desired, filter, clock } = this.#parts;
    this.#heard();
    this.#countRejects(batch);
    const wanted = filter(batch.decisions);
    this.#take(batch.kind, batch.decisions.length, () => {
      if (batch.kind === 'delta') return store.apply(batch.deletedIds, wanted);
      this.#lastFullWall = clock.wall();
      return store.replaceAll(wanted);
    });
    if (batch.kind === 'full') desired.completed();
    else desired.changed();
  }

  get isComplete(): boolean {
    return this.#parts.desired.isComplete;
  }

  onFollowedSet(decisions: DecisionList, isComplete: boolean): void {
    const { store, desired, filter } = this.#parts;
    this.#take('followed', decisions.length, () => store.replaceAll(filter(decisions)), isComplete);
    if (isComplete) desired.completed();
    else desired.restored();
  }

  onFollowedBatch({ removedIds, added }: DecisionBatch): void {
    const { store, desired, filter } = this.#parts;
    this.#take('followed', added.length, () => store.apply(removedIds, filter(added)), this.isComplete);
    desired.changed();
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

  /** @param isKept whether what is now held may replace the last snapshot. */
  #take(pull: string, size: number, change: () => StoreChange, isKept = true): void {
    const { store, snapshot, clock, log } = this.#parts;
    const before = store.generation;
    const { added, removedIds } = change();
    store.expire(clock.monotonic());
    if (isKept) snapshot.changed({ added, removedIds });
    if (size > LARGE) giveBackMemorySoon();
    if (store.generation !== before) {
      log.info({ pull, new: added.length, deleted: removedIds.length, live: store.size }, 'decisions changed');
    }
    this.#schedule();
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
