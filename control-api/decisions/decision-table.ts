import type { DecisionSource, LoadedSnapshot } from '../../bouncer/shared/redis/decision-source.ts';
import type { DecisionBatch } from '../../bouncer/shared/redis/snapshot-codec.ts';
import { StreamFollower } from '../../bouncer/shared/redis/stream-follower.ts';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import type { Logger } from '../../bouncer/shared/runtime/logger.ts';
import type { Service } from '../../bouncer/shared/runtime/service.ts';
import { Wake } from '../../bouncer/shared/runtime/wake.ts';
import { redisTrouble } from '../redis-access.ts';
import { DecisionRows, wallOffset } from './decision-rows.ts';
import type { PlaceFinder } from './places.ts';

const LOOK_EVERY_MS = 500;

/** A table that was not brought up to date for longer says so. */
const FRESH_MS = 3_000;

/** Places are looked up in turns of this length, so that requests are answered in between. */
const LOCATE_TURN_MS = 10;

/** How long an arrival is remembered: a bouncer's status and its pushes come more often. */
const RECENT_MS = 300_000;

export type TableState =
  /** No snapshot was seen yet: nothing is known, which is not "no decisions". */
  | { readonly kind: 'loading'; readonly reason: string }
  | { readonly kind: 'live'; readonly asOf: number }
  /** The last that was seen; `asOf` says when. */
  | { readonly kind: 'stale'; readonly asOf: number; readonly reason: string };

interface TableParts {
  readonly source: Pick<DecisionSource, 'isUp' | 'snapshot' | 'after' | 'holds'>;
  /** Opened at the start, since it reads files. */
  readonly places: () => Promise<PlaceFinder>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Every decision that the bouncer acts on, followed through Redis: its snapshot, then the batches since. */
export class DecisionTable implements Service {
  readonly name = 'decisions';
  readonly #parts: TableParts;
  readonly #stop = new AbortController();
  readonly #wake = new Wake();
  #places: PlaceFinder | undefined;
  #rows = new DecisionRows();
  readonly #follower: StreamFollower;
  #asOf: number | undefined;
  /** The same by the clock that nobody sets. */
  #freshAt = -Infinity;
  #notedSince: number | undefined;
  #reason = 'no bouncer has written its decisions to Redis yet';
  /** When the latest arrivals were first seen, by id. */
  #recent = new Map<number, number>();
  /** Of these arrivals, those before a time and some more are in force already. */
  #inForceBefore = -Infinity;
  #inForce = new Set<number>();
  #turn: Promise<void> = Promise.resolve();
  #loop: Promise<void> | undefined;

  constructor(parts: TableParts) {
    this.#parts = parts;
    this.#follower = new StreamFollower(parts.source, {
      onSnapshot: (snapshot) => this.#load(snapshot),
      onBatch: (batch) => this.#apply(batch),
    });
  }

  start(): void {
    this.#loop = this.#follow();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  /** Live: read it within one turn of the event loop. What has run out is taken out first. */
  get rows(): DecisionRows {
    this.#rows.expire(this.#parts.clock.wall());
    return this.#rows;
  }

  get state(): TableState {
    if (this.#asOf === undefined) return { kind: 'loading', reason: this.#reason };
    const isFresh = this.#parts.clock.monotonic() - this.#freshAt <= FRESH_MS;
    return isFresh ? { kind: 'live', asOf: this.#asOf } : { kind: 'stale', asOf: this.#asOf, reason: this.#reason };
  }

  /** When a decision came in, if that was only just now. */
  arrivalOf(id: number): number | undefined {
    return this.#recent.get(id);
  }

  /** The same, unless the bouncer has said since that Caddy holds it. */
  unconfirmedArrivalOf(id: number): number | undefined {
    const arrivedAt = this.arrivalOf(id);
    return arrivedAt === undefined || arrivedAt < this.#inForceBefore || this.#inForce.has(id) ? undefined : arrivedAt;
  }

  /**
   * The bouncer said that Caddy holds what it was asked for at `askedAt`. What came in meanwhile may have come with a
   * later pull, except `ids`. When each came in is kept: others who wait for their own change look for it.
   */
  confirmed(askedAt: number, ids: readonly number[]): void {
    this.#inForceBefore = Math.max(this.#inForceBefore, askedAt);
    for (const id of ids) if (this.#recent.has(id)) this.#inForce.add(id);
  }

  /** Since when arrivals are noted. */
  get notedSince(): number | undefined {
    return this.#notedSince;
  }

  /** Brings the table up to date now. Never fails: `state` says when it could not be done. */
  async catchUp(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#look());
    await this.#turn;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    this.#places = await this.#parts.places();
    while (!signal.aborted) {
      await this.catchUp();
      const isLocated = this.#rows.locate(this.#places, LOCATE_TURN_MS);
      await this.#wake.sleep(isLocated ? LOOK_EVERY_MS : 1, signal);
    }
  }

  async #look(): Promise<void> {
    const { clock, log } = this.#parts;
    try {
      const isKnown = await this.#follower.catchUp();
      if (isKnown) [this.#asOf, this.#freshAt] = [clock.wall(), clock.monotonic()];
      else if (this.#asOf !== undefined) this.#reason = 'Redis has lost the decisions; a bouncer writes them anew';
      this.#notedSince ??= this.#asOf;
    } catch (error) {
      const trouble = redisTrouble(error);
      const reason = trouble.startsWith('Redis ') ? trouble : `Redis: ${trouble}`;
      if (reason !== this.#reason) log.warn({ reason }, 'the decisions in Redis cannot be followed now');
      this.#reason = reason;
      // An entry that cannot be read is in the next snapshot.
      if (this.#parts.source.isUp) this.#follower.startAgain();
    }
    this.#forget(clock.wall());
  }

  #load({ decisions, position }: LoadedSnapshot): void {
    const { clock, log } = this.#parts;
    const rows = new DecisionRows();
    const offset = wallOffset(clock);
    const isFirst = this.#asOf === undefined;
    for (const decision of decisions) {
      if (!isFirst && this.#rows.slotOf(decision.id) === undefined) this.#arrived(decision.id);
      rows.put(decision, offset);
    }
    this.#rows = rows;
    log.debug({ decisions: rows.size, position }, 'decisions loaded from the snapshot');
  }

  #apply({ removedIds, added }: DecisionBatch): void {
    const offset = wallOffset(this.#parts.clock);
    for (const removed of removedIds) this.#rows.remove(removed);
    for (const decision of added) {
      this.#rows.put(decision, offset);
      this.#arrived(decision.id);
    }
  }

  #arrived(id: number): void {
    this.#forgetOne(id);
    const now = this.#parts.clock.wall();
    // The time of day was set back: what comes now would look as if it had come before that.
    if (now < this.#inForceBefore) this.#inForceBefore = -Infinity;
    this.#recent.set(id, now);
  }

  #forget(now: number): void {
    for (const [id, seenAt] of this.#recent) {
      // In the order in which they came; those of later than now came before the time of day was set back.
      if (seenAt >= now - RECENT_MS && seenAt <= now) return;
      this.#forgetOne(id);
    }
  }

  #forgetOne(id: number): void {
    this.#recent.delete(id);
    this.#inForce.delete(id);
  }
}
