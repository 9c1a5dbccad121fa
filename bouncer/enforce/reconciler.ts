import { EventEmitter } from 'node:events';
import type { CaddyStatus } from '../shared/domain/status.ts';
import { backoffDelay } from '../shared/runtime/backoff.ts';
import type { Clock } from '../shared/runtime/clock.ts';
import type { Logger } from '../shared/runtime/logger.ts';
import { reasonOf } from '../shared/runtime/reason.ts';
import type { Service } from '../shared/runtime/service.ts';
import { Wake } from '../shared/runtime/wake.ts';
import { Applied } from './applied.ts';
import type { CaddyRound, RoundOutcome } from './caddy-round.ts';
import { type Desired, fixed } from './desired.ts';
import { DriftCount } from './drift-count.ts';
import type { Held } from './held.ts';
import type { LaneKeeper } from './lane-keeper.ts';
import { PushPace } from './push-pace.ts';
import { pushWithLane } from './push-with-lane.ts';

/** The three ids miss a server that was added, of which an older Caddy tells nothing; reading everything does not. */
const FULL_LOOK_MS = 60_000;
const RETRY = { firstMs: 250, longestMs: 2_000 };
/** A Caddy that was refused, or is another's, is looked at again this often, in case that was mended. */
const REFUSED_LOOK_MS = 5_000;

interface ReconcilerParts {
  readonly admin: string;
  readonly round: CaddyRound;
  readonly lane?: LaneKeeper | undefined;
  readonly desired: () => Desired | undefined;
  /** At most one reload per `pushMs`; a push that was expensive makes it longer. */
  readonly times: { readonly pushMs: number; readonly driftMs: number };
  readonly clock: Clock;
  readonly log: Logger;
}

interface ReconcilerEvents {
  pushed: [result: RoundOutcome['kind'], milliseconds: number];
  drift: [];
  settled: [];
  state: [state: CaddyStatus['state'], message: string | undefined];
}

/**
 * Keeps one Caddy at what is wanted: one push in flight, always of the newest wish, compared with what Caddy holds
 * before anything is written. What Caddy was last seen to hold is believed only after it was read back.
 */
export class Reconciler extends EventEmitter<ReconcilerEvents> implements Service {
  readonly name: string;
  readonly #parts: ReconcilerParts;
  readonly #lane: LaneKeeper | undefined;
  readonly #desired: () => Desired | undefined;
  readonly #log: Logger;
  readonly #stop = new AbortController();
  readonly #wake = new Wake();
  #done: Promise<void> = Promise.resolve();

  #state: CaddyStatus['state'] = 'unknown';
  #message: string | undefined;
  readonly #applied = new Applied();
  #failures = 0;
  readonly #drifts = new DriftCount();
  readonly #pace: PushPace;
  #lastFullLookAt = -Infinity;
  #isUrgent = true;
  #mustLook = true;
  #isPushing = false;
  #notBefore = -Infinity;

  constructor(parts: ReconcilerParts) {
    super();
    this.name = `Caddy at ${parts.admin}`;
    this.#parts = parts;
    this.#lane = parts.lane;
    this.#desired = parts.desired;
    this.#pace = new PushPace(parts.times.pushMs);
    this.#log = parts.log.child({ caddy: parts.admin });
  }

  start(): void {
    this.#done = this.#loop();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#parts.round.close();
    await this.#lane?.close();
    await this.#done;
    this.removeAllListeners();
  }

  /** What is wanted changed. An urgent change (somebody waits for it) does not wait for the interval. */
  changed(isUrgent: boolean): void {
    this.#isUrgent ||= isUrgent;
    // At once, and not in the loop, which may be waiting for a push: the lane is right for both sides of it.
    this.#lane?.write();
    if (this.#isCoveredByLane) this.#settleByLane();
    this.#wake.knock();
  }

  /** Whether this Caddy holds what is wanted now. */
  get isSettled(): boolean {
    if (this.#isBehind || this.#applied.trouble !== undefined) return false;
    return this.#state === 'in_sync' || this.#state === 'no_http_app';
  }

  /** Whether it does what is wanted, but for addresses that are on their way to it. */
  get isFollowing(): boolean {
    return this.#state === 'in_sync' && this.#applied.follows(this.#desired());
  }

  /** What keeps it from being settled, in words. */
  get trouble(): string | undefined {
    if (this.isSettled) return undefined;
    return this.#message ?? this.#applied.trouble ?? `${this.name} does not hold the newest rules yet`;
  }

  /** What Caddy was last seen to hold, for the metrics. */
  get entriesByKind(): Held['byKind'] {
    return this.#applied.entriesByKind;
  }

  get status(): Omit<CaddyStatus, 'admin'> {
    return {
      ...this.#applied.status,
      state: this.#state === 'in_sync' && this.#isBehind ? 'pushing' : this.#state,
      ...this.#pace.status,
      drifts: this.#drifts.total,
      error: this.#message ?? this.#applied.trouble,
      lane: this.#lane?.status,
    };
  }

  get #isBehind(): boolean {
    const desired = this.#desired();
    return desired !== undefined && desired.version !== this.#applied.version;
  }

  /** Whether the lane alone makes Caddy do what is wanted now: only single addresses changed, and it is proven. */
  get #isCoveredByLane(): boolean {
    if (this.#lane?.suffices !== true || this.#state !== 'in_sync' || this.#mustLook || this.#isPushing) return false;
    return this.#desired()?.wishVersion === this.#applied.wish;
  }

  #settleByLane(): void {
    const desired = this.#desired();
    if (desired === undefined || desired.version === this.#applied.version) return;
    this.#applied.reached(desired);
    this.emit('settled');
  }

  async #loop(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#turn();
      } catch (error) {
        // A broken invariant of ours must not end the enforcement of everything else.
        this.#failures++;
        this.#log.error({ error }, 'reconciling failed unexpectedly; trying again');
        this.#fail('unknown', reasonOf(error));
      }
      await this.#wake.sleep(this.#pause(), signal);
    }
  }

  async #turn(): Promise<void> {
    const desired = this.#desired();
    if (desired === undefined) return;
    const now = this.#parts.clock.monotonic();
    if (now < this.#notBefore && !this.#isUrgent) return;
    if (this.#isCoveredByLane) this.#settleByLane(); // what changed while a push was under way
    const mustRead = this.#mustRead(now);
    if (mustRead && this.#mayPush(now)) {
      // The look at everything must not fold the lane: compare with what was pushed, which the entries complete.
      await this.#reconcile(this.#isCoveredByLane && !this.#isFoldDue ? (this.#applied.pushed ?? desired) : desired);
      return;
    }
    if (!mustRead) this.#isUrgent = false; // nobody waits for the change that comes next
    await this.#watch();
  }

  #mustRead(now: number): boolean {
    return this.#mustLook || this.#isBehind || this.#isFoldDue || now - this.#lastFullLookAt >= FULL_LOOK_MS;
  }

  get #isFoldDue(): boolean {
    if (this.#lane === undefined || this.#desired()?.addOnly === true) return false; // it would change nothing
    return this.#lane.isDue || !this.#lane.isCompiled;
  }

  /** Whether Caddy loaded something else, and if so the three ids of every server, in a few milliseconds. */
  async #watch(): Promise<void> {
    const seen = await this.#parts.round.isInPlace();
    if (this.#stop.signal.aborted) return;
    if (seen.kind === 'unreachable') {
      this.#failed('unreachable', seen.message);
      return;
    }
    if (seen.kind !== 'drifted') {
      if (seen.kind === 'in_place_anew') this.#lastFullLookAt = -Infinity;
      if (this.#state !== 'no_http_app') this.#setState('in_sync', undefined);
      this.#failures = 0;
      if ((await this.#lane?.check()) === true) this.changed(true);
      return;
    }
    this.#drifted();
    const desired = this.#desired();
    if (desired !== undefined && this.#parts.clock.monotonic() >= this.#notBefore) await this.#reconcile(desired);
  }

  #drifted(): void {
    const now = this.#parts.clock.monotonic();
    this.#lane?.unknown();
    this.#mustLook = this.#isUrgent = true;
    this.#applied.lost();
    const pause = this.#drifts.found(now);
    if (pause > 0) this.#notBefore = now + pause;
    this.#log.info('the rules were gone or changed (a reload of the user’s own?); putting them back');
    this.emit('drift');
  }

  #mayPush(now: number): boolean {
    return this.#isUrgent || this.#mustLook || now >= this.#pace.nextAt;
  }

  async #reconcile(wish: Desired): Promise<void> {
    this.#isUrgent = false;
    const desired = fixed(wish);
    this.#isPushing = true;
    const outcome = await pushWithLane(this.#parts.round, this.#lane, desired).finally(() => (this.#isPushing = false));
    if (this.#stop.signal.aborted) return;
    const now = this.#parts.clock.monotonic();
    switch (outcome.kind) {
      case 'in_sync':
      case 'no_http_app':
        this.#settle(desired, outcome, now);
        return;
      case 'rejected':
      case 'foreign':
        if (outcome.kind === 'foreign') this.#applied.lost();
        else if (outcome.isNew) this.emit('pushed', 'rejected', 0);
        this.#notBefore = now + REFUSED_LOOK_MS;
        break;
      case 'unreachable':
        break;
      case 'busy':
        this.#failed('pushing', `somebody else keeps changing the configuration of ${this.name}; trying again`);
        return;
    }
    this.#failed(outcome.kind, outcome.message);
  }

  #settle(desired: Desired, outcome: Extract<RoundOutcome, { held: Held }>, now: number): void {
    const { held, pushMs } = outcome;
    this.#failures = 0;
    this.#mustLook = false;
    this.#notBefore = -Infinity;
    this.#lastFullLookAt = now;
    this.#applied.took(desired, held, this.#lane !== undefined);
    if (this.#isCoveredByLane) this.#settleByLane();
    if (pushMs !== undefined) {
      const { entries, revision } = held;
      this.#pace.pushed(now, pushMs, this.#parts.clock.wall());
      this.#log.info({ ms: Math.round(pushMs), entries, revision }, 'rules pushed and confirmed');
      this.emit('pushed', outcome.kind, pushMs);
      // Rules that were just put there may be the first that answer the lane's proof: ask at once.
      if (this.#lane !== undefined) this.#wake.knock();
    }
    this.#setState(outcome.kind, undefined);
    this.emit('settled');
  }

  #failed(state: 'rejected' | 'foreign' | 'unreachable' | 'pushing', message: string): void {
    this.#failures++;
    this.#mustLook = true;
    this.#fail(state, message);
  }

  #fail(state: CaddyStatus['state'], message: string): void {
    if (this.#message !== message)
      this.#log.warn({ reason: message }, 'Caddy does not take the rules now; the last ones it holds stay');
    this.#setState(state, message);
  }

  #setState(state: CaddyStatus['state'], message: string | undefined): void {
    const isNew = state !== this.#state || message !== this.#message;
    this.#state = state;
    this.#message = message;
    if (isNew) this.emit('state', state, message);
  }

  /** How long the loop may sleep, if nobody knocks. */
  #pause(): number {
    if (this.#desired() === undefined) return this.#parts.times.driftMs;
    const now = this.#parts.clock.monotonic();
    if (this.#notBefore > now) return this.#notBefore - now;
    if (this.#failures > 0) return backoffDelay(this.#failures, RETRY);
    if (this.#isBehind) return Math.min(this.#parts.times.driftMs, Math.max(0, this.#pace.nextAt - now));
    return this.#parts.times.driftMs;
  }
}
