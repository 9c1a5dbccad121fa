import type { RedisLink } from '../bouncer/shared/redis/client.ts';
import { keys } from '../bouncer/shared/redis/keys.ts';
import { reasonOf } from '../bouncer/shared/runtime/reason.ts';

/** Why Redis takes no writes although it answers: its memory or disk is full, say. Undefined where it takes them. */
export async function refusalOfWrites(redis: RedisLink): Promise<string | undefined> {
  try {
    await redis.commands.set(keys.diagnosed, '1', 'PX', 1_000);
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}
