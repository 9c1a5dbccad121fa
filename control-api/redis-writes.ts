import type { RedisLink } from '../bouncer/shared/redis/client.ts';
import { PREFIX } from '../bouncer/shared/redis/keys.ts';

/** Written to see whether anything can be, and gone after a second. */
const WRITTEN = `${PREFIX}diagnosed`;

/** Why Redis takes no writes although it answers: its memory or disk is full, say. Undefined where it takes them. */
export async function refusalOfWrites(redis: RedisLink): Promise<string | undefined> {
  try {
    await redis.commands.set(WRITTEN, '1', 'PX', 1_000);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
