import { randomUUID } from 'node:crypto';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { PREFIX } from '../../bouncer/shared/redis/keys.ts';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';

/** The Central API bans an address for an hour after some twenty logins; half of that leaves CrowdSec its own. */
export const MOST_LOGINS = 10;
const WINDOW_MS = 3_600_000;

const KEY = `${PREFIX}capi-logins`;

/**
 * KEYS[1] the logins, a sorted set by wall time; ARGV: now, window, most, a name for this one.
 * What lies ahead by more than a window was written by a clock that was wrong.
 * @returns 0 when granted, else how long to wait in milliseconds.
 */
const SPEND = `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1] - ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], ARGV[1] + ARGV[2], '+inf')
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then
  local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  return math.min(ARGV[2], math.max(1, math.ceil(oldest[2] + ARGV[2] - ARGV[1])))
end
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 0`;

/**
 * How often anything of ours may log in at the Central API within an hour, whatever is clicked and however often this
 * process restarts: kept in Redis, and in memory as well for when Redis is gone.
 */
export class LoginBudget {
  readonly #redis: RedisLink;
  readonly #clock: Clock;
  /** Monotonic: a clock that is set back must not keep us from logging in until it is that late again. */
  #own: number[] = [];

  constructor(redis: RedisLink, clock: Clock) {
    this.#redis = redis;
    this.#clock = clock;
  }

  /** Takes one login. @returns undefined when it may go ahead. */
  async spend(): Promise<{ readonly retryAfterMs: number } | undefined> {
    const now = this.#clock.monotonic();
    this.#own = this.#own.filter((at) => at > now - WINDOW_MS);
    const [oldest = now] = this.#own;
    if (this.#own.length >= MOST_LOGINS) return { retryAfterMs: oldest + WINDOW_MS - now };
    const waitMs = await this.#spendShared(this.#clock.wall());
    if (waitMs > 0) return { retryAfterMs: waitMs };
    this.#own.push(now);
    return undefined;
  }

  async #spendShared(now: number): Promise<number> {
    try {
      return Number(await this.#redis.commands.eval(SPEND, 1, KEY, now, WINDOW_MS, MOST_LOGINS, randomUUID()));
    } catch {
      return 0; // without Redis what this process remembers is the limit
    }
  }
}
