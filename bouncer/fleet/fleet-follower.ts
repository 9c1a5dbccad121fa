import type { BouncerStatus } from '../shared/domain/status.ts';
import type { RedisLink } from '../shared/redis/client.ts';
import { DecisionSource, type LoadedSnapshot } from '../shared/redis/decision-source.ts';
import { readStatus } from '../shared/redis/status-store.ts';
import { StreamFollower } from '../shared/redis/stream-follower.ts';
import type { DecisionBatch } from '../shared/redis/snapshot-codec.ts';
import type { Clock } from '../shared/runtime/clock.ts';
import type { Logger } from '../shared/runtime/logger.ts';
import { reasonOf } from '../shared/runtime/reason.ts';
import type { Service } from '../shared/runtime/service.ts';
import { Wake } from '../shared/runtime/wake.ts';
import type { FleetLease, Standing } from './fleet-lease.ts';

/** The leader says when there is something new; that word can be lost. */
const LOOK_MS = 1_000;

const NOT_TOLD = 'the bouncer that pulls from LAPI has not told all decisions yet';

/** Who takes what the leader found. */
export interface FollowedIntake {
  readonly isComplete: boolean;
  /** @param isComplete whether LAPI said all of it to the leader of now: what is not in it may be lifted. */
  onFollowedSet(decisions: LoadedSnapshot['decisions'], isComplete: boolean): void;
  onFollowedBatch(batch: DecisionBatch): void;
}

interface FollowerParts {
  readonly lease: FleetLease;
  readonly redis: RedisLink | undefined;
  readonly intake: FollowedIntake;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Keeps a bouncer that does not pull at what the leader found. */
export class FleetFollower implements Service {
  readonly name = 'follower';
  readonly #parts: FollowerParts;
  readonly #follower: StreamFollower | undefined;
  readonly #stop = new AbortController();
  readonly #wake = new Wake();
  /** Whether what is held came from the stream, so that its batches fit. */
  #isTaken = false;
  #leaderLapi: BouncerStatus['lapi'] | undefined;
  /** Why the last look failed. */
  #trouble: string | undefined;
  #work: Promise<unknown> = Promise.resolve();
  #loop: Promise<void> = Promise.resolve();

  constructor(parts: FollowerParts) {
    this.#parts = parts;
    if (parts.redis === undefined) return;
    this.#follower = new StreamFollower(new DecisionSource(parts.redis, parts.clock), {
      onSnapshot: (snapshot) => this.#take(snapshot),
      onBatch: (batch) => {
        if (this.#isTaken) this.#parts.intake.onFollowedBatch(batch);
      },
    });
    parts.lease.on('change', (standing) => this.#standingChanged(standing));
  }

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  /** What the leader says of LAPI; undefined while it is not known. */
  get leaderLapi(): BouncerStatus['lapi'] | undefined {
    return this.#leaderLapi;
  }

  /** Seconds since LAPI last answered the leader, by this machine's clock. */
  get ageSeconds(): number | undefined {
    const at = this.#leaderLapi?.last_pull_at;
    return at === undefined ? undefined : Math.max(0, this.#parts.clock.wall() - Date.parse(at)) / 1_000;
  }

  /** Why what the leader writes to Redis cannot be read; that Redis is gone is told apart. */
  get trouble(): string | undefined {
    const { lease, redis } = this.#parts;
    return lease.standing.kind === 'follower' && redis?.isUp === true ? this.#trouble : undefined;
  }

  /** There is something new in the stream. */
  knock(): void {
    this.#wake.knock();
  }

  /** Reads all that the leader has written. @returns why this bouncer does not hold it. */
  async catchUp(): Promise<string | undefined> {
    const look = this.#work.then(() => this.#look());
    this.#work = look;
    return (await look) ?? (this.#isTaken ? undefined : NOT_TOLD);
  }

  #standingChanged({ kind }: Standing): void {
    if (kind !== 'follower') this.#leaderLapi = undefined;
    if (kind === 'follower') this.knock();
    else this.#isTaken = false;
    if (!this.#isTaken) this.#follower?.startAgain();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      if (this.#parts.lease.standing.kind === 'follower') {
        await this.catchUp();
        await this.#askOfLapi();
      }
      await this.#wake.sleep(LOOK_MS, signal);
    }
  }

  /** @returns why not all was read. */
  async #look(): Promise<string | undefined> {
    const { lease, redis, log } = this.#parts;
    if (lease.standing.kind !== 'follower') return undefined;
    if (redis?.isUp !== true) return 'Redis is gone, and with it what the bouncer that pulls from LAPI has told';
    try {
      const isThere = await this.#follower?.catchUp();
      this.#trouble = undefined;
      return isThere === true ? undefined : NOT_TOLD;
    } catch (error) {
      const reason = reasonOf(error);
      if (reason !== this.#trouble) log.warn({ reason }, 'the decisions in Redis cannot be followed now');
      this.#trouble = reason;
      this.#follower?.startAgain();
      return reason;
    }
  }

  /**
   * A set that an earlier leader wrote may be older than our own: it is good enough to begin with, and nothing is
   * lifted for it. The leader of now announces its own as soon as LAPI has told it everything.
   */
  #take({ decisions, token }: LoadedSnapshot): void {
    const { lease, intake } = this.#parts;
    const { standing } = lease;
    if (standing.kind !== 'follower') {
      // It took longer to read than the last word on who pulls is good for: the batches that follow need it.
      this.#isTaken = false;
      this.#follower?.startAgain();
      return;
    }
    const isCurrent = token !== undefined && token >= standing.lease.token;
    this.#isTaken = isCurrent || !intake.isComplete;
    if (this.#isTaken) intake.onFollowedSet(decisions, isCurrent);
  }

  async #askOfLapi(): Promise<void> {
    const { lease, redis } = this.#parts;
    const { standing } = lease;
    if (standing.kind !== 'follower' || redis?.isUp !== true) return;
    const status = await readStatus(redis, standing.lease.by).catch(() => undefined);
    if (status !== undefined) this.#leaderLapi = status.lapi;
  }
}
