import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { PullRight, PullTerms } from '../lapi/pull-right.ts';
import type { RedisLink } from '../shared/redis/client.ts';
import { publishCommand } from '../shared/redis/command-channel.ts';
import { type Fence, leave, type Lease, LEASE_MS, type LeaseTurn, takeTurn } from '../shared/redis/stream-lease.ts';
import type { Clock } from '../shared/runtime/clock.ts';
import type { Logger } from '../shared/runtime/logger.ts';
import type { Service } from '../shared/runtime/service.ts';
import type { StateDir } from '../state/state-dir.ts';

/** A lease is renewed this often: two renewals may fail before it is lost. */
const TURN_MS = LEASE_MS / 3;
/** A follower that hears nothing of Redis for so long pulls on its own, as the leader and every other one do then. */
const PATIENCE_MS = 2 * LEASE_MS;
/** Longer than a command to Redis may take, and the wait for the next one. */
const RECENT_MS = 10_000;
/** Is there once others were known: they may be there again after a restart, when Redis may not be to say so. */
const FILE = 'fleet';

export type Standing =
  /** No Redis, or none that answers: this bouncer pulls for itself. */
  | { readonly kind: 'alone'; readonly reason: string }
  /** This one pulls, and writes what it finds to Redis for the others. */
  | { readonly kind: 'leader'; readonly lease: Lease; readonly fence: Fence }
  /** Another one pulls. */
  | { readonly kind: 'follower'; readonly lease: Lease };

interface LeaseParts {
  readonly id: string;
  readonly redis: RedisLink | undefined;
  /** Undefined where nothing is to be remembered over a restart. */
  readonly state?: Pick<StateDir, 'read' | 'write'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Who of the bouncers on one Redis pulls from LAPI.
 *
 * The holder believes in its lease for no longer than it lasts, counted by its own clock from before it was asked for:
 * a process that was paused wakes up without it. What it writes to Redis is refused there once the lease is another's.
 * Whoever pulled without holding it says so as soon as it can, and the holder pulls everything: each pull moves what
 * LAPI tells the next one.
 */
export class FleetLease extends EventEmitter<{ change: [Standing]; resync: [] }> implements Service, PullRight {
  readonly name = 'fleet';
  readonly #parts: LeaseParts;
  /** Of the last lease that was ours. */
  #ownToken: number | undefined;
  #isContinued = false;
  readonly #run = randomUUID();
  #last: { readonly at: number; readonly turn: LeaseTurn } | undefined;
  #failedAt = -Infinity;
  /** The highest token seen, and the requests to pull everything that were counted. */
  #token = 0;
  #resyncs: number | undefined;
  #isFirst = true;
  #owesResync = false;
  #hasOthers: boolean;
  #isNoted: boolean;
  #noted: string | undefined;
  #turning: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(parts: LeaseParts) {
    super();
    this.#parts = parts;
    this.#hasOthers = this.#isNoted = parts.state?.read(FILE) !== undefined;
  }

  start(): void {
    const { redis } = this.#parts;
    if (redis === undefined) return;
    this.#timer = setInterval(() => void this.turn(), TURN_MS);
    redis.on('up', () => void this.turn());
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#isStopped = true;
    await this.#turning;
    const { redis, id } = this.#parts;
    const { standing } = this;
    if (redis?.isUp !== true) return;
    await leave(redis, id, standing.kind === 'leader' ? standing.fence : undefined).catch(() => undefined);
  }

  get standing(): Standing {
    const { redis, clock } = this.#parts;
    if (redis === undefined) return { kind: 'alone', reason: 'there is no Redis to share (REDIS_URL is none)' };
    if (this.#last === undefined) return { kind: 'alone', reason: 'Redis has not answered yet' };
    const { at, turn } = this.#last;
    const { lease, fence } = turn;
    const age = clock.monotonic() - at;
    if (this.#isOurs(lease)) {
      if (age < LEASE_MS) return { kind: 'leader', lease, fence };
    } else if (age < PATIENCE_MS) return { kind: 'follower', lease };
    return { kind: 'alone', reason: 'Redis does not answer, so nobody can pull for all' };
  }

  /** Whether nobody else held the lease or pulled since our last one: Redis forgot, or we were away for a moment. */
  get isContinued(): boolean {
    return this.#isContinued;
  }

  /** Another process runs with the same BOUNCER_ID. */
  get hasDouble(): boolean {
    const { standing } = this;
    return standing.kind === 'follower' && standing.lease.by === this.#parts.id;
  }

  async terms(): Promise<PullTerms | undefined> {
    const { redis, clock } = this.#parts;
    // After a pause of this process, nothing is known: whoever holds the lease now is asked first. Where Redis was
    // asked in vain a moment ago, nobody waits for it again.
    const isUnknown = redis !== undefined && this.standing.kind === 'alone';
    if (isUnknown && clock.monotonic() - this.#failedAt > RECENT_MS) await this.turn();
    const { standing } = this;
    switch (standing.kind) {
      case 'follower':
        return undefined;
      case 'leader':
        return { lease: standing.fence, isShared: this.#isOneMissing };
      case 'alone':
        return { lease: undefined, isShared: this.#hasOthers };
    }
  }

  pulled(): void {
    if (this.#parts.redis !== undefined && this.standing.kind !== 'leader') this.#owesResync = true;
  }

  /** Redis says that the lease is another's by now. */
  lost(): void {
    this.#last = undefined;
    this.#owesResync = true; // what the pull brought that could not be written
    void this.turn();
  }

  /** Renews the lease, or sees who has it. Never fails: `standing` says what came of it. */
  async turn(): Promise<void> {
    this.#turning ??= this.#turn().finally(() => (this.#turning = undefined));
    await this.#turning;
  }

  /** A bouncer that went without a word: it may be cut off from Redis only, and pull on its own. */
  get #isOneMissing(): boolean {
    const members = this.#last?.turn.members ?? [];
    return members.some(({ id, ageMs }) => id !== this.#parts.id && ageMs > LEASE_MS);
  }

  async #turn(): Promise<void> {
    const { redis, id, clock, log } = this.#parts;
    if (redis === undefined || this.#isStopped) return;
    const at = clock.monotonic();
    const asksResync = this.#owesResync;
    const joins = this.#isFirst;
    try {
      const known = { known: this.#token, takesOwn: this.#isFirst, asksResync };
      const turn = await takeTurn(redis, { id, run: this.#run, ...known });
      this.#last = { at, turn };
      this.#isFirst = false;
      this.#token = Math.max(this.#token, turn.lease.token);
      const othersAsked = this.#resyncs !== undefined && turn.resyncs > this.#resyncs + (asksResync ? 1 : 0);
      if (this.#isOurs(turn.lease)) this.#own(turn.lease.token, othersAsked);
      this.#hasOthers = turn.members.some((member) => member.id !== id);
      if (this.#hasOthers) void this.#noteOthers();
      // Whoever has not heard of us could take deltas for the whole truth, should Redis be cut off now.
      if (joins && this.#hasOthers) await publishCommand(redis, { kind: 'lease' });
      if (asksResync) {
        this.#owesResync = false;
        await publishCommand(redis, { kind: 'resync' });
      }
      this.#count(turn.resyncs);
    } catch (error) {
      this.#failedAt = clock.monotonic();
      log.debug({ error }, 'Redis did not say who pulls');
    }
    this.#note();
  }

  async #noteOthers(): Promise<void> {
    if (!this.#isNoted) this.#isNoted = (await this.#parts.state?.write(FILE, 'other bouncers were known')) === true;
  }

  #isOurs({ by, run }: Lease): boolean {
    return by === this.#parts.id && run === this.#run;
  }

  /** @param othersAsked whether others pulled meanwhile, and may know more. */
  #own(token: number, othersAsked: boolean): void {
    if (token !== this.#ownToken) this.#isContinued = token - 1 === this.#ownToken && !othersAsked;
    this.#ownToken = token;
  }

  /** Commands can be lost; the count of them is not. */
  #count(resyncs: number): void {
    const isNews = this.#resyncs !== undefined && resyncs !== this.#resyncs;
    this.#resyncs = resyncs;
    if (isNews && this.standing.kind === 'leader') this.emit('resync');
  }

  #note(): void {
    const { standing } = this;
    const told = standing.kind === 'alone' ? 'alone' : `${standing.kind} ${standing.lease.token} ${standing.lease.by}`;
    if (told === this.#noted || this.#isStopped) return;
    this.#noted = told;
    this.emit('change', standing);
    this.#tell(standing);
  }

  #tell(standing: Standing): void {
    const { log, id } = this.#parts;
    if (standing.kind === 'alone') log.info({ reason: standing.reason }, 'this bouncer pulls from LAPI for itself');
    else if (standing.kind === 'leader')
      log.info({ token: standing.lease.token }, 'this bouncer pulls from LAPI for all on this Redis');
    else if (this.hasDouble)
      log.warn({ BOUNCER_ID: id }, 'another process runs with this BOUNCER_ID; give each bouncer one of its own');
    else log.info({ leader: standing.lease.by }, 'another bouncer pulls from LAPI; this one follows it');
  }
}
