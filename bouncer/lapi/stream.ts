import { pick } from '../shared/decisions/decision-list.ts';
import { backoffDelay } from '../shared/runtime/backoff.ts';
import type { Clock } from '../shared/runtime/clock.ts';
import type { Logger } from '../shared/runtime/logger.ts';
import type { Service } from '../shared/runtime/service.ts';
import { Wake } from '../shared/runtime/wake.ts';
import type { Batch } from './batch.ts';
import type { LapiClient, PullResult } from './client.ts';
import type { PullFailure } from './failure.ts';
import type { PullRight, PullTerms } from './pull-right.ts';

export interface StreamTimes {
  readonly pollMs: number;
  readonly resyncMs: number;
  /** The wait before a suspicious reply is asked for again. */
  readonly confirmMs?: number;
}

/** Who listens to the stream. */
export interface StreamConsumer {
  /** How many of the decisions known now a full batch would drop, and how many are known. */
  wouldDrop(batch: Batch): { readonly dropped: number; readonly known: number };
  onBatch(batch: Batch): void;
  onFailure(failure: PullFailure, failuresInARow: number): void;
}

/** After a push from LAPI the row may not be written yet, and may be one of many: look again after these. */
const FOLLOW_UPS_MS = [250, 5_000];
/** What was written while a delta looked is surely committed by then, and everything is pulled. */
const SETTLED_MS = 15_000;
/** So many new decisions at once are written over some time: the delta is likely to lack some of them. */
const MANY = 100;
/** LAPI writes a full reply in pages of some 30,000; so many gone without a delta that said so may be a page that failed. */
const UNANNOUNCED = 100;
const CONFIRM_MS = 1_000;
const RETRY = { firstMs: 500, longestMs: 30_000 };
/** Where deltas cannot be relied on, everything is pulled again and again, and takes at most this share of the time: one in ten. */
const FULL_COST_FACTOR = 10;
/** Where one more decision may have come meanwhile, which is rare: one in 200. A ban that comes during a full pull waits for it. */
const RARE_COST_FACTOR = 200;

/**
 * Pulls decisions from LAPI for ever.
 *
 * Deltas can lose decisions (LAPI selects by a time that is set before the row is committed), so everything is pulled
 * again every `resyncMs`, soon after a delta that brought some or a refresh, and after every failure: the failed reply
 * may have been counted as delivered.
 * While another process of the fleet has the right to pull, nothing is asked for.
 */
export class LapiStream implements Service {
  readonly name = 'LAPI stream';
  readonly #client: Pick<LapiClient, 'pull' | 'close'>;
  readonly #right: PullRight;
  readonly #consumer: StreamConsumer;
  readonly #times: StreamTimes;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #stop = new AbortController();
  readonly #wake = new Wake();
  #waiters: (() => void)[] = [];
  #followUps: number[] = [];
  #fullDueAt = 0;
  /** When all that deltas may have left out is surely committed: only a full pull that begins then brings it. */
  #settledAt = -Infinity;
  /** When the last full pull ended, and how long it took. */
  #lastFull = { at: -Infinity, tookMs: 0 };
  #isIdle = false;
  #isFullAsked = true;
  #failures = 0;
  /** What LAPI asked for when it refused last. */
  #retryAfterMs = 0;
  #done: Promise<void> = Promise.resolve();

  constructor(
    client: Pick<LapiClient, 'pull' | 'close'>,
    right: PullRight,
    consumer: StreamConsumer,
    times: StreamTimes,
    clock: Clock,
    log: Logger,
  ) {
    this.#client = client;
    this.#right = right;
    this.#consumer = consumer;
    this.#times = times;
    this.#clock = clock;
    this.#log = log;
  }

  start(): void {
    this.#done = this.#loop();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
    for (const resolve of this.#waiters.splice(0)) resolve();
    await this.#client.close();
  }

  /** Pulls now, and again a little later; resolves when the first of these pulls has ended, or when it is not ours. */
  async refresh(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    const now = this.#clock.monotonic();
    this.#followUps = FOLLOW_UPS_MS.map((delay) => now + delay);
    this.#mayLack(now, RARE_COST_FACTOR);
    await new Promise<void>((resolve) => {
      this.#waiters.push(resolve);
      this.#wake.knock();
    });
  }

  /** Pulls everything now: somebody saw that deltas may have been lost. */
  async resync(): Promise<void> {
    this.#isFullAsked = true;
    await this.refresh();
  }

  async #loop(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const waiters = this.#waiters.splice(0);
      let isAnswer = false;
      try {
        isAnswer = await this.#pullOnce(signal);
      } catch (error) {
        // A broken invariant of ours: what this pull brought is lost, so the next one brings everything.
        this.#failures++;
        this.#log.error({ error }, 'a pull from LAPI could not be taken in; pulling everything again');
      }
      if (isAnswer) for (const resolve of waiters) resolve();
      else this.#waiters.unshift(...waiters);
      await this.#wake.sleep(this.#pause(), signal);
    }
  }

  /** How long until the next pull is due. */
  #pause(): number {
    if (this.#failures > 0) return Math.max(this.#retryAfterMs, backoffDelay(this.#failures, RETRY));
    if (this.#isIdle) return this.#times.pollMs;
    if (this.#isFullAsked) return RETRY.firstMs;
    const now = this.#clock.monotonic();
    return Math.max(0, Math.min(this.#times.pollMs, this.#fullDueAt - now, ...this.#followUps.map((due) => due - now)));
  }

  /** @returns whether what it brought was taken, or told as a failure; else whoever waits for a pull waits for the next. */
  async #pullOnce(signal: AbortSignal): Promise<boolean> {
    const terms = await this.#right.terms();
    this.#isIdle = terms === undefined;
    if (terms === undefined) {
      this.#failures = 0;
      this.#followUps = [];
      return true;
    }
    const began = this.#clock.monotonic();
    const kind = this.#mustBeFull(terms, began) ? 'full' : 'delta';
    // What is asked for from here on is not answered by this pull, which may have looked before it.
    this.#isFullAsked = false;
    this.#followUps = this.#followUps.filter((due) => due > began);
    let result = await this.#client.pull(kind, signal);
    if (result.kind === 'batch' && kind === 'full') result = await this.#confirmed(result.batch, signal);
    if (signal.aborted) return false;
    if (!(await this.#isStillOurs(terms))) return false;
    if (result.kind === 'failed') {
      this.#failures++;
      this.#retryAfterMs = result.retryAfterMs ?? 0;
      this.#consumer.onFailure(result, this.#failures);
      return true;
    }
    this.#failures = 0;
    if (kind === 'full') this.#pulledAll(began);
    else if (result.batch.decisions.length >= MANY) this.#mayLack(began, FULL_COST_FACTOR);
    else if (result.batch.decisions.length > 0) this.#mayLack(began, RARE_COST_FACTOR);
    this.#consumer.onBatch(result.batch);
    return true;
  }

  #mustBeFull({ isShared }: PullTerms, now: number): boolean {
    if (this.#failures > 0 || this.#isFullAsked || now >= this.#fullDueAt) return true;
    const { at, tookMs } = this.#lastFull;
    return isShared && now >= at + Math.max(this.#times.pollMs, FULL_COST_FACTOR * tookMs);
  }

  /**
   * A delta leaves out what was committed while it looked: of the many decisions of one alert, which LAPI writes piece
   * by piece, some; of an attacker's two bans at once sometimes one; and the one that a refresh was for, where a poll
   * came just before it. It would only come with the next full pull, minutes later.
   */
  #mayLack(now: number, factor: number): void {
    const dueAt = now + Math.max(SETTLED_MS, factor * this.#lastFull.tookMs);
    this.#settledAt = Math.max(this.#settledAt, dueAt);
    this.#fullDueAt = Math.min(this.#fullDueAt, dueAt);
  }

  #pulledAll(began: number): void {
    const now = this.#clock.monotonic();
    this.#lastFull = { at: now, tookMs: now - began };
    // What may be lacking since is not settled by a pull that began before.
    this.#fullDueAt = Math.min(now + this.#times.resyncMs, this.#settledAt > began ? this.#settledAt : Infinity);
  }

  /** A reply to a pull that was not ours any more may be old: it is dropped, and everything is pulled by whoever may. */
  async #isStillOurs(terms: PullTerms): Promise<boolean> {
    const now = await this.#right.terms();
    this.#right.pulled();
    const isOurs = now !== undefined && (now.lease === undefined || now.lease === terms.lease);
    this.#isFullAsked ||= !isOurs;
    return isOurs;
  }

  /**
   * LAPI can answer 200 with a list that a database error cut short. So a reply that would drop most of the set, or
   * many that no delta spoke of, is asked for twice, and only what both lack is dropped.
   */
  async #confirmed(batch: Batch, signal: AbortSignal): Promise<PullResult> {
    const { dropped, known } = this.#consumer.wouldDrop(batch);
    if (dropped * 2 <= known && dropped < UNANNOUNCED) return { kind: 'batch', batch };
    this.#log.warn(
      { dropped, known },
      'LAPI no longer lists many decisions; asking again before any of them is lifted',
    );
    await new Wake().sleep(this.#times.confirmMs ?? CONFIRM_MS, signal);
    const second = await this.#client.pull('full', signal);
    if (second.kind === 'failed') return second;
    const both = union(batch, second.batch);
    // Lifted between the two, or lost by the second: no delta will tell.
    if (both.decisions.length > second.batch.decisions.length) this.#mayLack(this.#clock.monotonic(), RARE_COST_FACTOR);
    return { kind: 'batch', batch: both };
  }
}

/** The second reply, and what only the first one lists. */
function union(first: Batch, second: Batch): Batch {
  const ids = new Set(Array.from(second.decisions, ({ id }) => id));
  return { ...second, decisions: [...second.decisions, ...pick(first.decisions, ({ id }) => !ids.has(id))] };
}
