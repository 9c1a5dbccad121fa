import type { RedisLink } from './client.ts';
import { keys } from './keys.ts';

/** How long the right to pull lasts without being renewed: what a fleet goes without deltas when its leader dies. */
export const LEASE_MS = 6_000;

/** A bouncer that left without a word may still be pulling somewhere; for so long it is reckoned with. */
const REMEMBERED_MS = 15 * 60_000;

/** Who pulls from LAPI for all. A process, and not only its id: an id may be given twice by mistake. */
export interface Lease {
  /** Grows with every new holder. */
  readonly token: number;
  readonly by: string;
  readonly run: string;
}

/** As it stands in Redis; every write of the holder names it, and is refused once it stands there no more. */
export type Fence = string;

export interface Member {
  readonly id: string;
  /** How long ago it was last heard of, by Redis' clock. */
  readonly ageMs: number;
}

export interface LeaseTurn {
  readonly lease: Lease;
  readonly fence: Fence;
  readonly resyncs: number;
  /** Every bouncer of the fleet, the one that asks too. */
  readonly members: readonly Member[];
}

export interface LeaseWish {
  readonly id: string;
  readonly run: string;
  /** The highest token ever seen here, so that the numbers go on growing after Redis was wiped. */
  readonly known: number;
  /** Takes over at once what an earlier run with the same id left behind. */
  readonly takesOwn: boolean;
  /**
   * Deltas may have been lost: whoever holds the lease pulls everything. Another's gets a new token at once, so that
   * what was written before it has done so is seen to be older than what the one that asks has pulled.
   */
  readonly asksResync: boolean;
}

const TURN = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[4], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', '(' .. string.format('%.0f', now - ARGV[7]))
if ARGV[6] == '1' then redis.call('INCR', KEYS[3]) end
local held = redis.call('GET', KEYS[1])
local by, run
if held then by, run = string.match(held, '^%d+ (%S+) (%S+)$') end
local function give(id, process, ms)
  local token = math.max(tonumber(redis.call('GET', KEYS[2]) or '0'), tonumber(ARGV[4])) + 1
  redis.call('SET', KEYS[2], string.format('%.0f', token))
  held = string.format('%.0f', token) .. ' ' .. id .. ' ' .. process
  redis.call('SET', KEYS[1], held, 'PX', ms)
end
if by == ARGV[1] and run == ARGV[2] then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
elseif not by or (by == ARGV[1] and ARGV[5] == '1') then
  give(ARGV[1], ARGV[2], ARGV[3])
elseif ARGV[6] == '1' then
  give(by, run, math.max(1, redis.call('PTTL', KEYS[1])))
end
local members = {}
local scores = redis.call('ZRANGE', KEYS[4], 0, -1, 'WITHSCORES')
for i = 1, #scores, 2 do
  members[i] = scores[i]
  members[i + 1] = string.format('%.0f', now - scores[i + 1])
end
return {held, redis.call('GET', KEYS[3]) or '0', members}`;

/** Says that this bouncer is there, renews its lease, or takes one that is free. @returns who holds it now. */
export async function takeTurn(redis: RedisLink, wish: LeaseWish): Promise<LeaseTurn> {
  const flag = (value: boolean) => (value ? '1' : '0');
  const [fence, resyncs, members] = (await redis.commands.eval(
    TURN,
    4,
    ...[keys.lease, keys.leaseToken, keys.leaseResync, keys.members],
    ...[wish.id, wish.run, LEASE_MS, wish.known, flag(wish.takesOwn), flag(wish.asksResync), REMEMBERED_MS],
  )) as [Fence, string, string[]];
  return { lease: parseFence(fence), fence, resyncs: Number(resyncs), members: membersOf(members) };
}

const RELEASE = `
redis.call('ZREM', KEYS[2], ARGV[2])
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', KEYS[3], '{"kind":"lease"}')
return 1`;

/** Leaves the fleet in order: nobody has to wait for the lease to run out. */
export async function leave(redis: RedisLink, id: string, fence: Fence | undefined): Promise<void> {
  await redis.commands.eval(RELEASE, 3, keys.lease, keys.members, keys.commands, fence ?? '', id);
}

function parseFence(fence: Fence): Lease {
  const [token, by = '', run = ''] = fence.split(' ');
  return { token: Number(token), by, run };
}

function membersOf(flat: readonly string[]): Member[] {
  return flat.flatMap((id, i) => (i % 2 === 0 ? [{ id, ageMs: Number(flat[i + 1]) }] : []));
}
