import type { Prefix } from '../../bouncer/shared/net/prefix.ts';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { keys } from '../../bouncer/shared/redis/keys.ts';

/** Which of these have an entry of their own now. */
export async function listed(redis: RedisLink, values: readonly Prefix[]): Promise<Set<Prefix>> {
  const entries = await redis.commands.hmget(keys.allowlist, ...values);
  return new Set(values.filter((_, at) => typeof entries[at] === 'string'));
}
