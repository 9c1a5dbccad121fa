import { setTimeout as sleep } from 'node:timers/promises';
import type { StoredSettings } from '../../bouncer/shared/domain/settings.ts';
import type { BouncerStatus, CaddyStatus } from '../../bouncer/shared/domain/status.ts';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { readSettings, writeSettings } from '../../bouncer/shared/redis/settings-store.ts';
import { readStatuses } from '../../bouncer/shared/redis/status-store.ts';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import { viaRedis } from '../redis-access.ts';
import { refusalOfWrites } from '../redis-writes.ts';
import type { Silence } from './bouncer-summary.ts';
import { isStuck, missingFor } from './confirmation.ts';
import { contradiction, type Patch, type Standing, type Undone } from './contradiction.ts';

/** How long an answer waits for Caddy; a push of a very large set on a small machine takes seconds. */
const CONFIRM_WITHIN_MS = 10_000;

/** How long it waits for a first sign of a bouncer when none is alive: one may just be starting. */
const ALIVE_WITHIN_MS = 1_500;

/** How long a Caddy that is gone, or that refuses, may take to come round before the answer names it. */
const STUCK_FOR_MS = 1_000;

const LOOK_EVERY_MS = 50;

/** What an operator wants, with the meaning of what was never said filled in. */
export interface Wanted {
  readonly enabled: boolean;
  readonly policy: NonNullable<StoredSettings['policy']>;
}

export interface ChangeOutcome {
  readonly confirmed: boolean;
  readonly tookMs: number;
  readonly caddies: readonly CaddyStatus[];
  /** Empty when confirmed. */
  readonly missing: readonly string[];
  /** Somebody has wanted otherwise since; `missing` says what holds now. */
  readonly overtaken: boolean;
}

const NOTHING_UNDONE: Undone = () => Promise.resolve(undefined);

/** The switch: writes what is wanted, and watches the bouncers make it so. */
export class Protection {
  readonly #redis: RedisLink;
  readonly #clock: Clock;
  #lastSeen: string | undefined;

  constructor(redis: RedisLink, clock: Clock) {
    this.#redis = redis;
    this.#clock = clock;
  }

  /** A field that Redis does not have (never set, or wiped) is what the bouncers say they follow. */
  async wanted(): Promise<Wanted> {
    const stored = await viaRedis(this.#redis, readSettings);
    const [followed] = stored.enabled === undefined || stored.policy === undefined ? await this.bouncers() : [];
    return {
      enabled: stored.enabled ?? followed?.settings.enabled ?? true,
      policy: stored.policy ?? followed?.settings.policy ?? 'enforce',
    };
  }

  /** Every bouncer that is alive. */
  async bouncers(): Promise<BouncerStatus[]> {
    const bouncers = await viaRedis(this.#redis, readStatuses);
    const [latest] = bouncers
      .map((bouncer) => bouncer.updated_at)
      .toSorted()
      .slice(-1);
    this.#lastSeen = latest ?? this.#lastSeen;
    return bouncers;
  }

  /** When a bouncer was last heard of, by this process. */
  get offlineSince(): string | undefined {
    return this.#lastSeen;
  }

  /** Why no bouncer is heard: each speaks through Redis, which has to take what it says. */
  async silence(): Promise<Silence> {
    const refusal = this.#redis.isUp ? await refusalOfWrites(this.#redis) : undefined;
    const because =
      refusal === undefined
        ? undefined
        : `Redis takes no writes (${refusal}), so no bouncer can say how it is; one that runs goes on blocking`;
    return { since: this.#lastSeen, because };
  }

  /**
   * A newer change that keeps this one is as good, since bouncers follow the newest alone; where somebody has wanted
   * otherwise since, nobody waits for what will not come.
   */
  async change(patch: Patch, undone: Undone = NOTHING_UNDONE): Promise<ChangeOutcome> {
    const startedAt = this.#clock.monotonic();
    const change = await viaRedis(this.#redis, (redis) => writeSettings(redis, patch));
    const carriers = new Set([change]);
    let stuckAt: number | undefined;
    for (;;) {
      const now = await this.#standing();
      const against = await contradiction(patch, now, undone);
      if (against === undefined && now.change !== undefined) carriers.add(now.change);
      const bouncers = await this.bouncers();
      const missing = against === undefined ? missingFor(carriers, bouncers) : [against];
      const tookMs = Math.round(this.#clock.monotonic() - startedAt);
      stuckAt = isStuck(carriers, bouncers) ? (stuckAt ?? tookMs) : undefined;
      if (missing.length === 0 || against !== undefined || tookMs >= patience(bouncers, stuckAt)) {
        const caddies = bouncers.flatMap((bouncer) => bouncer.caddies);
        return { confirmed: missing.length === 0, tookMs, caddies, missing, overtaken: against !== undefined };
      }
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** What Redis says now; what nobody can read is told by others, and no reason to give up a change that is written. */
  async #standing(): Promise<Standing> {
    return readSettings(this.#redis).catch(() => ({ isFresh: true }));
  }
}

function patience(bouncers: readonly BouncerStatus[], stuckAt: number | undefined): number {
  if (bouncers.length === 0) return ALIVE_WITHIN_MS;
  return stuckAt === undefined ? CONFIRM_WITHIN_MS : stuckAt + STUCK_FOR_MS;
}
