import { randomUUID } from 'node:crypto';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { PREFIX } from '../../bouncer/shared/redis/keys.ts';

const KEY = `${PREFIX}lease:enrollment`;

/** Longer than one attempt; renewed before each. A process that dies leaves the lease to run out. */
const LEASE_MS = 120_000;

const RENEW = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`;
const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

/** The right to enroll, held by one process at a time. */
export class EnrollmentLease {
  readonly #redis: RedisLink;
  readonly #holder: string;

  private constructor(redis: RedisLink, holder: string) {
    this.#redis = redis;
    this.#holder = holder;
  }

  /** @returns undefined while somebody else holds it. */
  static async acquire(redis: RedisLink): Promise<EnrollmentLease | undefined> {
    const holder = randomUUID();
    const isOurs = await redis.commands.set(KEY, holder, 'PX', LEASE_MS, 'NX');
    return isOurs === null ? undefined : new EnrollmentLease(redis, holder);
  }

  static async isHeld(redis: RedisLink): Promise<boolean> {
    return (await redis.commands.exists(KEY)) === 1;
  }

  async renew(): Promise<void> {
    await this.#redis.commands.eval(RENEW, 1, KEY, this.#holder, LEASE_MS);
  }

  async release(): Promise<void> {
    await this.#redis.commands.eval(RELEASE, 1, KEY, this.#holder);
  }
}
