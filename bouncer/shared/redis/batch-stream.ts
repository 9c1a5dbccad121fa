import type { Clock } from '../runtime/clock.ts';
import { reasonOf } from '../runtime/reason.ts';
import type { RedisLink } from './client.ts';
import { keys } from './keys.ts';
import { decodeBatch, type DecisionBatch, encodeBatch } from './snapshot-codec.ts';
import type { Fence } from './stream-lease.ts';

/** How many batches are kept, about: at one every ten seconds, longer than any follower may be away. */
const KEPT = 2_000;

/** An entry of the stream: what changed, or that the snapshot was written anew and replaces everything. */
export type StreamEntry =
  | { readonly kind: 'batch'; readonly id: string; readonly batch: DecisionBatch }
  | { readonly kind: 'snapshot'; readonly id: string }
  /** Damaged: what it said is only in the snapshot that is announced next. */
  | { readonly kind: 'unreadable'; readonly id: string; readonly reason: string };

/** Somebody else pulls for the fleet by now; nothing was written. */
export class StaleFence extends Error {
  constructor() {
    super('the lease to pull from LAPI is no longer ours; nothing was written');
  }
}

/** What a leader writes, it writes only while the lease is its own: asked and done in one step. */
const IF_LEADER = `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end`;

const APPEND = `${IF_LEADER}
local id = redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*', 'batch', ARGV[3])
redis.call('PUBLISH', KEYS[3], '{"kind":"published"}')
return id`;

const WRITE = `${IF_LEADER}
redis.call('SET', KEYS[4], ARGV[3])
if ARGV[4] ~= '1' then return '' end
local id = redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*', 'snapshot', '')
redis.call('PUBLISH', KEYS[3], '{"kind":"published"}')
return id`;

/**
 * @returns the entry's id: a snapshot taken now may name it as its position.
 * @throws StaleFence
 */
export async function appendBatch(redis: RedisLink, fence: Fence, batch: DecisionBatch, clock: Clock): Promise<string> {
  const { lease, batches, commands } = keys;
  const text = encodeBatch(batch, clock);
  return written(await redis.commands.eval(APPEND, 3, lease, batches, commands, fence, KEPT, text));
}

/**
 * Writes the bytes of the last good set; `snapshot-codec.ts` knows what they mean.
 * @param isNews whether whoever follows has to start from it again.
 * @returns the id of the entry that announces it, if it is news.
 * @throws StaleFence
 */
export async function writeSnapshot(
  redis: RedisLink,
  fence: Fence,
  bytes: Buffer,
  isNews: boolean,
): Promise<string | undefined> {
  const { lease, batches, commands, snapshot } = keys;
  const flag = isNews ? '1' : '0';
  const id = await redis.commands.eval(WRITE, 4, lease, batches, commands, snapshot, fence, KEPT, bytes, flag);
  return written(id) || undefined;
}

export async function readSnapshot(redis: RedisLink): Promise<Buffer | undefined> {
  return (await redis.commands.getBuffer(keys.snapshot)) ?? undefined;
}

function written(reply: unknown): string {
  if (typeof reply !== 'string') throw new StaleFence();
  return reply;
}

/** The entries after `position`, oldest first, at most `count`. */
export async function readBatches(
  redis: RedisLink,
  position: string,
  count: number,
  clock: Clock,
): Promise<StreamEntry[]> {
  const entries = await redis.commands.xrange(keys.batches, `(${position}`, '+', 'COUNT', count);
  return entries.map(([id, [field, value = '']]) =>
    field === 'snapshot' ? { kind: 'snapshot', id } : batchOf(id, value, clock),
  );
}

function batchOf(id: string, text: string, clock: Clock): StreamEntry {
  try {
    return { kind: 'batch', id, batch: decodeBatch(text, clock) };
  } catch (error) {
    return { kind: 'unreadable', id, reason: reasonOf(error) };
  }
}
