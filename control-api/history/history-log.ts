import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { keys } from '../../bouncer/shared/redis/keys.ts';
import { parseJson } from '../parse-json.ts';
import { type DecisionCounts, type DecisionSample, sampleSchema } from './decision-sample.ts';

/** A week of changes at their most frequent, and some more: about half a megabyte. */
const KEPT = 5_500;

/** The time of a sample is that of its id: Redis' own clock, whichever process writes. */
export async function appendSample(redis: RedisLink, counts: DecisionCounts): Promise<void> {
  await redis.commands.xadd(keys.history, 'MAXLEN', '~', KEPT, '*', 'sample', JSON.stringify(counts));
}

/** Oldest first; one that cannot be read is left out. */
export async function samplesSince(redis: RedisLink, since: number): Promise<DecisionSample[]> {
  const rows = await redis.commands.xrange(keys.history, String(Math.max(0, since)), '+');
  return rows.flatMap(readSample);
}

export async function newestSample(redis: RedisLink): Promise<DecisionSample | undefined> {
  const rows = await redis.commands.xrevrange(keys.history, '+', '-', 'COUNT', 1);
  return rows.flatMap(readSample)[0];
}

function readSample([id, fields]: [string, string[]]): DecisionSample[] {
  const parsed = sampleSchema.safeParse(parseJson(fields[1] ?? ''));
  return parsed.success ? [{ ...parsed.data, at: Number.parseInt(id, 10) }] : [];
}
