import type { RedisLink } from '../bouncer/shared/redis/client.ts';

/** Redis was needed and could not be used. */
export class RedisUnavailable extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = 'RedisUnavailable';
  }
}

/** Does something with Redis; whatever goes wrong in it comes out as one kind of error. */
export async function viaRedis<Result>(redis: RedisLink, work: (redis: RedisLink) => Promise<Result>): Promise<Result> {
  try {
    return await work(redis);
  } catch (error) {
    const reason = redis.error ?? (error instanceof Error ? error.message : String(error));
    throw new RedisUnavailable(reason, { cause: error });
  }
}
