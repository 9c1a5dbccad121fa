import { EventEmitter } from 'node:events';
import type { BanSet } from '../shared/domain/ruleset.ts';
import type { CaddyStatus } from '../shared/domain/status.ts';
import { backoffDelay } from '../shared/runtime/backoff.ts';
import type { Clock } from '../shared/runtime/clock.ts';
import type { Logger } from '../shared/runtime/logger.ts';
import type { Service } from '../shared/runtime/service.ts';
import { Wake } from '../shared/runtime/wake.ts';
import type { CaddyRound, Held, RoundOutcome } from './caddy-round.ts';
import type { Desired } from './desired.ts';
import { DriftCount } from './drift-count.ts';
import type { LaneKeeper } from './lane-keeper.ts';
import { PushPace } from './push-pace.ts';

export interface ReconcilerTimes {
  /** At most one reload per interval; a push that was expensive makes it longer. */
  readonly pushMs: number;
  readonly driftMs: number;
}

/** The three ids miss a server that was added; reading everything does not. */
const FULL_LOOK_MS = 60_000;
const RETRY = { firstMs: 250, longestMs: 2_000 };
/** A refused config is looked at again this often, in case the user mended what Caddy did not like. */
const REFUSED_LOOK_MS = 5_000;

const NO_BANS: BanSet = { addresses: [], ranges: [], exceptions: [] };

/** The wish with its bans computed now, so that what is pushed and what the lane believes are the same set. */
function fixed(desired: Desired): Desired {
  return desired.ruleset === undefined ? desired : { ...desired, ruleset: { ...desired.ruleset } };
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
  readonly #round: CaddyRound;
  readonly #lane: LaneKeeper | undefined;
  readonly #desired: () => Desired | undefined;
  readonly #times: ReconcilerTimes;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #stop = new AbortController();
  readonly #wake = new Wake();
  #done: Promise<void> = Promise.resolve();

  #state: CaddyStatus['state'] = 'unknown';
  #message: string | undefined;
  #held: Held | undefined;
  #appliedVersion = 0;
  #appliedWish = 0;
  /** What the compiled rules were made from; the lane holds the difference. */
  #pushed: Desired | undefined;
  #appliedChange: string | undefined;
  #failures = 0;
  #pushes = 0;
  readonly #drifts = new DriftCount();
  readonly #pace: PushPace;
  #lastPushWall: number | undefined;
  #lastFullLookAt = -Infinity;
  #isUrgent = true;
  #mustLook = true;
  #isPushing = false;
  #notBefore = -Infinity;

  constructor(parts: {
    admin: string;
    round: CaddyRound;
    lane?: LaneKeeper | undefined;
    desired: () => Desired | undefined;
    times: ReconcilerTimes;
    clock: Clock;
    log: Logger;
  }) {
    super();
    this.name = `Caddy at ${parts.admin}`;
    this.#round = parts.round;
    this.#lane = parts.lane;
    this.#desired = parts.desired;
    this.#times = parts.times;
    this.#pace = new PushPace(parts.times.pushMs);
    this.#clock = parts.clock;
    this.#log = parts.log.child({ caddy: parts.admin });
  }

  start(): void {
    this.#done = this.#loop();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#round.close();
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
    return !this.#isBehind && (this.#state === 'in_sync' || this.#state === 'no_http_app');
  }

  /** What keeps it from being settled, in words. */
  get trouble(): string | undefined {
    if (this.isSettled) return undefined;
    return this.#message === undefined ? `${this.name} does not hold the newest rules yet` : this.#message;
  }

  /** How many entries Caddy was last seen to hold, for the metrics. */
  get entriesByKind(): Held['byKind'] {
    return this.#held?.byKind ?? { address: 0, range: 0, exception: 0 };
  }

  get status(): Omit<CaddyStatus, 'admin'> {
    const { revision, servers = 0, entries = 0, version, warnings = [], sites = [], refused = [] } = this.#held ?? {};
    return {
      state: this.#state === 'in_sync' && this.#isBehind ? 'pushing' : this.#state,
      revision,
      change: this.#appliedChange,
      servers,
      entries,
      version,
      last_push_at: this.#lastPushWall === undefined ? undefined : new Date(this.#lastPushWall).toISOString(),
      last_push_ms: this.#pace.lastMs,
      pushes: this.#pushes,
      drifts: this.#drifts.total,
      error: this.#message,
      lane: this.#lane?.status,
      warnings: [...warnings],
      sites: [...sites],
      refused: [...refused],
    };
  }

  get #isBehind(): boolean {
    const desired = this.#desired();
    return desired !== undefined && desired.version !== this.#appliedVersion;
  }

  /** Whether the lane alone makes Caddy do what is wanted now: only single addresses changed, and it is proven. */
  get #isCoveredByLane(): boolean {
    if (this.#lane?.suffices !== true || this.#state !== 'in_sync' || this.#mustLook || this.#isPushing) return false;
    return this.#desired()?.wishVersion === this.#appliedWish;
  }

  #settleByLane(): void {
    const desired = this.#desired();
    if (desired === undefined || desired.version === this.#appliedVersion) return;
    this.#appliedVersion = desired.version;
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
        this.#fail('unknown', error instanceof Error ? error.message : String(error));
      }
      await this.#wake.sleep(this.#pause(), signal);
    }
  }

  async #turn(): Promise<void> {
    const desired = this.#desired();
    if (desired === undefined) return;
    const now = this.#clock.monotonic();
    if (now < this.#notBefore && !this.#isUrgent) return;
    if (this.#isCoveredByLane) this.#settleByLane(); // what changed while a push was under way
    const mustRead = this.#mustRead(now);
    if (mustRead && this.#mayPush(now)) {
      // The look at everything must not fold the lane: compare with what was pushed, which the entries complete.
      await this.#reconcile(this.#isLaneEnough ? (this.#pushed ?? desired) : desired);
      return;
    }
    if (!mustRead) this.#isUrgent = false; // nobody waits for the change that comes next
    await this.#watch();
  }

  #mustRead(now: number): boolean {
    return this.#mustLook || this.#isBehind || this.#isFoldDue || now - this.#lastFullLookAt >= FULL_LOOK_MS;
  }

  get #isLaneEnough(): boolean {
    return this.#isCoveredByLane && !this.#isFoldDue;
  }

  get #isFoldDue(): boolean {
    return this.#lane !== undefined && (this.#lane.isDue || !this.#lane.isCompiled);
  }

  /** The three ids of every server, in a few milliseconds. */
  async #watch(): Promise<void> {
    const seen = await this.#round.isInPlace();
    if (this.#stop.signal.aborted) return;
    if (seen.kind === 'unreachable') {
      this.#failed('unreachable', seen.message);
      return;
    }
    if (seen.kind === 'in_place') {
      if (this.#state !== 'no_http_app') this.#setState('in_sync', undefined);
      this.#failures = 0;
      if ((await this.#lane?.check()) === true) this.changed(true);
      return;
    }
    this.#drifted();
    const desired = this.#desired();
    if (desired !== undefined && this.#clock.monotonic() >= this.#notBefore) await this.#reconcile(desired);
  }

  #drifted(): void {
    const now = this.#clock.monotonic();
    this.#lane?.unknown();
    this.#mustLook = this.#isUrgent = true;
    this.#appliedVersion = this.#appliedWish = 0; // it holds nothing that we know of
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
    const outcome = await this.#push(desired);
    if (this.#stop.signal.aborted) return;
    const now = this.#clock.monotonic();
    switch (outcome.kind) {
      case 'in_sync':
      case 'no_http_app':
        this.#settle(desired, outcome, now);
        return;
      case 'rejected':
        if (outcome.isNew) this.emit('pushed', 'rejected', 0);
        this.#failed('rejected', outcome.message);
        this.#notBefore = now + REFUSED_LOOK_MS;
        return;
      case 'unreachable':
        this.#failed('unreachable', outcome.message);
        return;
      case 'busy':
        this.#failed('pushing', `somebody else keeps changing the configuration of ${this.name}; trying again`);
        return;
    }
  }

  /** One round, with the lane told on both sides of it what Caddy may hold. */
  async #push(desired: Desired): Promise<RoundOutcome> {
    const bans = desired.ruleset?.bans ?? NO_BANS;
    const lane = desired.addOnly ? undefined : this.#lane;
    const routes = this.#lane?.routes;
    lane?.pushing(bans);
    this.#isPushing = true;
    const outcome = await this.#round.run(desired, routes);
    this.#isPushing = false;
    if (outcome.kind === 'in_sync' && routes !== undefined) lane?.confirmed(bans, routes);
    return outcome;
  }

  #settle(desired: Desired, outcome: Extract<RoundOutcome, { held: Held }>, now: number): void {
    this.#failures = 0;
    this.#mustLook = false;
    this.#notBefore = -Infinity;
    this.#lastFullLookAt = now;
    this.#appliedVersion = desired.version;
    this.#appliedWish = desired.wishVersion;
    this.#appliedChange = desired.change;
    if (this.#lane !== undefined) this.#pushed = desired;
    this.#held = outcome.held;
    if (this.#isCoveredByLane) this.#settleByLane();
    if (outcome.pushMs !== undefined) {
      this.#pushes++;
      this.#pace.pushed(now, outcome.pushMs);
      this.#lastPushWall = this.#clock.wall();
      this.#log.info(
        { ms: Math.round(outcome.pushMs), entries: outcome.held.entries, revision: outcome.held.revision },
        'rules pushed and confirmed',
      );
      this.emit('pushed', outcome.kind, outcome.pushMs);
    }
    this.#setState(outcome.kind, undefined);
    // Rules that were just put there may be the first that answer the lane's proof: ask at once.
    if (outcome.pushMs !== undefined && this.#lane !== undefined) this.#wake.knock();
    this.emit('settled');
  }

  #failed(state: 'rejected' | 'unreachable' | 'pushing', message: string): void {
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
    if (this.#desired() === undefined) return this.#times.driftMs;
    const now = this.#clock.monotonic();
    if (this.#notBefore > now) return this.#notBefore - now;
    if (this.#failures > 0) return backoffDelay(this.#failures, RETRY);
    if (this.#isBehind) return Math.min(this.#times.driftMs, Math.max(0, this.#pace.nextAt - now));
    return this.#times.driftMs;
  }
}
