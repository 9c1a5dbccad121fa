import { appendBatch, StaleFence, writeSnapshot } from '../shared/redis/batch-stream.ts';
import type { RedisLink } from '../shared/redis/client.ts';
import type { Clock } from '../shared/runtime/clock.ts';
import type { SharedSet } from '../state/snapshot-keeper.ts';
import type { FleetLease } from './fleet-lease.ts';

/** The set in Redis, for the one that holds the lease; undefined for everybody else, and while Redis is gone. */
export function sharedSetOf(lease: FleetLease, redis: RedisLink | undefined, clock: Clock): SharedSet | undefined {
  const { standing } = lease;
  if (redis?.isUp !== true || standing.kind !== 'leader') return undefined;
  const { fence } = standing;
  return {
    token: standing.lease.token,
    append: (batch) => fenced(lease, appendBatch(redis, fence, batch, clock)),
    write: (bytes, isNews) => fenced(lease, writeSnapshot(redis, fence, bytes, isNews)),
  };
}

async function fenced<Reply>(lease: FleetLease, write: Promise<Reply>): Promise<Reply> {
  try {
    return await write;
  } catch (error) {
    if (error instanceof StaleFence) lease.lost();
    throw error;
  }
}
