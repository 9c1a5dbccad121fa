import type { Clock } from '../runtime/clock.ts';
import type { RedisLink } from './client.ts';
import { keys } from './keys.ts';
import { decodeBatch, type DecisionBatch, encodeBatch } from './snapshot-codec.ts';

/** How many batches are kept, about: at one every ten seconds, longer than any follower may be away. */
const KEPT = 2_000;

/** An entry of the stream: what changed, or that the snapshot was written anew and replaces everything. */
export type StreamEntry =
  | { readonly kind: 'batch'; readonly id: string; readonly batch: DecisionBatch }
  | { readonly kind: 'snapshot'; readonly id: string };

/** @returns the entry's id: a snapshot taken now may name it as its position. */
export async function appendBatch(redis: RedisLink, batch: DecisionBatch, clock: Clock): Promise<string> {
  return append(redis, 'batch', encodeBatch(batch, clock));
}

export async function announceSnapshot(redis: RedisLink): Promise<string> {
  return append(redis, 'snapshot', '');
}

async function append(redis: RedisLink, field: string, value: string): Promise<string> {
  const id = await redis.commands.xadd(keys.batches, 'MAXLEN', '~', KEPT, '*', field, value);
  if (id === null) throw new Error('Redis did not append to the stream of batches');
  return id;
}

/**
 * The entries after `position`, oldest first, at most `count`.
 * @throws Error where an entry cannot be read: whoever follows must start from the snapshot again.
 */
export async function readBatches(
  redis: RedisLink,
  position: string,
  count: number,
  clock: Clock,
): Promise<StreamEntry[]> {
  const entries = await redis.commands.xrange(keys.batches, `(${position}`, '+', 'COUNT', count);
  return entries.map(([id, [field, value = '']]) =>
    field === 'snapshot' ? { kind: 'snapshot', id } : { kind: 'batch', id, batch: decodeBatch(value, clock) },
  );
}
