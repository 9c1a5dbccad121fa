import { z } from '@hono/zod-openapi';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { keys } from '../../bouncer/shared/redis/keys.ts';
import { parseJson } from '../parse-json.ts';

/**
 * `unknown`: not tried yet · `online`: the last contact succeeded · `degraded`: the last ones failed ·
 * `offline`: three or more in a row failed · `not_registered`: CrowdSec has no account to make contact with.
 */
export const HEARTBEAT_STATES = ['unknown', 'online', 'degraded', 'offline', 'not_registered'] as const;

export const heartbeatRecordSchema = z.object({
  state: z.enum(HEARTBEAT_STATES),
  /** The last contact that succeeded. */
  last_heartbeat_at: z.string().optional(),
  last_attempt_at: z.string().optional(),
  last_latency_ms: z.number().optional(),
  failures_in_a_row: z.number().int(),
  last_error: z.string().optional(),
  hint: z.string().optional(),
  next_at: z.string().optional(),
});

export type HeartbeatRecord = z.infer<typeof heartbeatRecordSchema>;

export const NO_HEARTBEAT: HeartbeatRecord = { state: 'unknown', failures_in_a_row: 0 };

/** Failures in a row after which the engine counts as offline. */
const OFFLINE_AFTER = 3;

export function stateAfter(failuresInARow: number): HeartbeatRecord['state'] {
  if (failuresInARow === 0) return 'online';
  return failuresInARow >= OFFLINE_AFTER ? 'offline' : 'degraded';
}

/** What happened since, told from nothing (`NO_HEARTBEAT`) while Redis could not be read, after what stood there. */
export function continued(stood: HeartbeatRecord, since: HeartbeatRecord): HeartbeatRecord {
  if (since.last_heartbeat_at !== undefined) return since;
  const both = { ...stood, ...since };
  if (since.state === 'unknown') return { ...both, state: stood.state, failures_in_a_row: stood.failures_in_a_row };
  if (since.state === 'not_registered') return both;
  const failures = stood.failures_in_a_row + since.failures_in_a_row;
  return { ...both, state: stateAfter(failures), failures_in_a_row: failures };
}

export async function readHeartbeat(redis: RedisLink): Promise<HeartbeatRecord | undefined> {
  const text = await redis.commands.get(keys.heartbeat);
  const parsed = heartbeatRecordSchema.safeParse(text === null ? undefined : parseJson(text));
  return parsed.success ? parsed.data : undefined;
}

export async function writeHeartbeat(redis: RedisLink, record: HeartbeatRecord): Promise<void> {
  await redis.commands.set(keys.heartbeat, JSON.stringify(record));
}

/** Only where there is none: another control API may have written a newer one. */
export async function restoreHeartbeat(redis: RedisLink, record: HeartbeatRecord): Promise<void> {
  await redis.commands.setnx(keys.heartbeat, JSON.stringify(record));
}
