import type { RedisLink } from './client.ts';
import { keys } from './keys.ts';

/** The bytes of the last good set; `snapshot-codec.ts` knows what they mean. */
export async function writeSnapshot(redis: RedisLink, bytes: Buffer): Promise<void> {
  await redis.commands.set(keys.snapshot, bytes);
}

export async function readSnapshot(redis: RedisLink): Promise<Buffer | undefined> {
  return (await redis.commands.getBuffer(keys.snapshot)) ?? undefined;
}
