import type { RedisLink } from '../bouncer/shared/redis/client.ts';
import { reasonOf } from '../bouncer/shared/runtime/reason.ts';

/** Redis was needed and could not be used. */
export class RedisUnavailable extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = 'RedisUnavailable';
  }
}

/** In words for people: ioredis gives up a command whose connection is lost with advice for programmers. */
export function redisTrouble(error: unknown): string {
  const message = reasonOf(error);
  return /max retries per request/i.test(message) ? 'the connection was lost' : message;
}

/** Does something with Redis; whatever goes wrong in it comes out as one kind of error. */
export async function viaRedis<Result>(redis: RedisLink, work: (redis: RedisLink) => Promise<Result>): Promise<Result> {
  try {
    return await work(redis);
  } catch (error) {
    throw new RedisUnavailable(redis.error ?? redisTrouble(error), { cause: error });
  }
}
