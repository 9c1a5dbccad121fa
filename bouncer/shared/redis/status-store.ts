import { type BouncerStatus, bouncerStatusSchema } from '../domain/status.ts';
import type { RedisLink } from './client.ts';
import { keys } from './keys.ts';

/** A bouncer that has not spoken for this long is gone. */
export const STATUS_TTL_MS = 15_000;

export async function writeStatus(redis: RedisLink, status: BouncerStatus): Promise<void> {
  await redis.commands.set(keys.status(status.id), JSON.stringify(status), 'PX', STATUS_TTL_MS);
}

/** A bouncer that stops in order takes its status with it. */
export async function removeStatus(redis: RedisLink, bouncerId: string): Promise<void> {
  await redis.commands.del(keys.status(bouncerId));
}

/** Undefined when that bouncer is not alive, or says what this version cannot read. */
export async function readStatus(redis: RedisLink, bouncerId: string): Promise<BouncerStatus | undefined> {
  const text = await redis.commands.get(keys.status(bouncerId));
  if (text === null) return undefined;
  return bouncerStatusSchema.safeParse(parseJson(text)).data;
}

/** Every bouncer that is alive, by id. */
export async function readStatuses(redis: RedisLink): Promise<BouncerStatus[]> {
  const found: string[] = [];
  for await (const page of redis.commands.scanStream({ match: keys.statusPattern, count: 200 })) {
    found.push(...(page as string[]));
  }
  if (found.length === 0) return [];
  const texts = await redis.commands.mget(found.sort());
  return texts
    .filter((text) => text !== null)
    .map((text) => bouncerStatusSchema.safeParse(parseJson(text)))
    .flatMap((parsed) => (parsed.success ? [parsed.data] : []));
}

/** One entry that is none may not cost the others. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
