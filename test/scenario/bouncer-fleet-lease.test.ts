/** The lease by which one bouncer of a fleet pulls for all, in a real Redis and by a clock of the test. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RedisServer } from '../../scripts/servers/redis-server.ts';
import { FleetLease } from '../../bouncer/fleet/fleet-lease.ts';
import { sharedSetOf } from '../../bouncer/fleet/shared-set.ts';
import { StaleFence } from '../../bouncer/shared/redis/batch-stream.ts';
import { onCommand } from '../../bouncer/shared/redis/command-channel.ts';
import { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { keys } from '../../bouncer/shared/redis/keys.ts';
import { LEASE_MS } from '../../bouncer/shared/redis/stream-lease.ts';
import { StateDir } from '../../bouncer/state/state-dir.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { fakeLog } from '../support/fake-log.ts';
import { linkedRedis } from '../support/linked-redis.ts';
import { Workbench } from '../support/servers.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

let workbench: Workbench;
let redis: RedisServer;
const links: RedisLink[] = [];

beforeAll(async () => {
  workbench = await Workbench.open();
  redis = await workbench.redis();
});
afterAll(() => workbench.stop());

beforeEach(() => redis.wipe());
afterEach(() => {
  for (const link of links.splice(0)) link.stop();
});

async function linked(): Promise<RedisLink> {
  const link = await linkedRedis(redis.url);
  links.push(link);
  return link;
}

describe('the lease', () => {
  const clock = new FakeClock();
  const leaseOf = async (id: string) => new FleetLease({ id, redis: await linked(), clock, log: fakeLog().log });

  it('is believed in no longer than it lasts: who was paused asks again before it acts', async () => {
    const [first, second] = [await leaseOf('first'), await leaseOf('second')];
    await first.turn();
    const held = await first.terms();
    expect(held?.lease).toMatch(/^1 first /);
    clock.advance(LEASE_MS);
    expect(first.standing.kind).toBe('alone');
    await redis.command('DEL', keys.lease); // it has run out
    await second.turn();
    expect(await first.terms()).toBeUndefined();
    expect([first.standing.kind, second.standing.kind]).toEqual(['follower', 'leader']);
  });

  it('lets nobody write who has lost it, and whoever tries makes the holder pull everything', async () => {
    const [first, second] = [await leaseOf('first'), await leaseOf('second')];
    await first.turn();
    const link = await linked();
    const shared = sharedSetOf(first, link, clock);
    await redis.command('DEL', keys.lease);
    await second.turn();
    let resyncs = 0;
    second.on('resync', () => resyncs++);
    await expect(shared?.append({ added: [], removedIds: [1] })).rejects.toThrow(StaleFence);
    await expect(shared?.write(Buffer.from('old'), true)).rejects.toThrow(StaleFence);
    await first.turn();
    await second.turn();
    expect(resyncs).toBe(1);
    expect([await link.commands.exists(keys.snapshot), await link.commands.xlen(keys.batches)]).toEqual([0, 0]);
  });

  it('has a new token once another has pulled alone: what was written before is seen to be older', async () => {
    const [first, second] = [await leaseOf('first'), await leaseOf('second')];
    await first.turn();
    await second.turn();
    const shared = sharedSetOf(first, await linked(), clock);
    clock.advance(2 * LEASE_MS);
    for (const each of [first, second]) each.pulled();
    await first.turn(); // its own pulls are in its set
    expect([first.standing, first.isContinued]).toMatchObject([{ kind: 'leader', lease: { token: 1 } }, false]);
    await second.turn();
    expect(second.standing).toMatchObject({ kind: 'follower', lease: { token: 2, by: 'first' } });
    await expect(shared?.append({ added: [], removedIds: [1] })).rejects.toThrow(StaleFence);
    await first.turn();
    expect([first.standing, first.isContinued]).toMatchObject([{ kind: 'leader', lease: { token: 2 } }, false]);
    await redis.wipe();
    await first.turn();
    expect([first.standing, first.isContinued]).toMatchObject([{ kind: 'leader', lease: { token: 3 } }, true]);
  });

  it('makes a newcomer known at once: whoever took itself for the only one would trust deltas that another pull cut short', async () => {
    const listener = await linked();
    const heard: string[] = [];
    await onCommand(listener, ({ kind }) => heard.push(kind));
    const [first, second] = [await leaseOf('first'), await leaseOf('second')];
    await first.turn();
    await second.turn();
    await waitFor(() => heard.length > 0, { what: 'the word of the newcomer' });
    await first.turn(); // as it does when it hears that
    expect(heard).toEqual(['lease']);
    for (const link of links.splice(0)) link.stop(); // Redis is cut off
    clock.advance(2 * LEASE_MS);
    const alone = { lease: undefined, isShared: true };
    expect([await first.terms(), await second.terms()]).toEqual([alone, alone]);
  });

  it('has a token that goes on growing after Redis was wiped', async () => {
    const lease = await leaseOf('first');
    await lease.turn();
    await redis.command('DEL', keys.lease);
    await lease.turn();
    await redis.wipe();
    await lease.turn();
    expect(lease.standing).toMatchObject({ kind: 'leader', lease: { token: 3 } });
  });

  it('is not alone with LAPI either after a restart without Redis, where others were known before', async () => {
    const { log } = fakeLog();
    const state = new StateDir(temporaryFolder('lease'), log);
    const [link, gone] = [await linked(), new RedisLink('redis://127.0.0.1:1', log)];
    const isSharedWithoutRedis = async () =>
      (await new FleetLease({ id: 'first', redis: gone, state, clock, log }).terms())?.isShared;
    const first = new FleetLease({ id: 'first', redis: link, state, clock, log });
    await first.turn();
    expect(await isSharedWithoutRedis()).toBe(false);
    const second = await leaseOf('second');
    await second.turn();
    await first.turn();
    await waitFor(isSharedWithoutRedis, { what: 'the other to be remembered' });
    await second.stop(); // in order, as the whole fleet does when machines are switched off
    await first.turn();
    expect([await first.terms(), await isSharedWithoutRedis()]).toMatchObject([{ isShared: false }, true]);
  });

  it('is not alone with LAPI while a bouncer is missing that left without a word', async () => {
    const [first, second] = [await leaseOf('first'), await leaseOf('second')];
    await first.turn();
    await second.turn();
    await first.turn();
    expect(await first.terms()).toMatchObject({ isShared: false });
    const link = await linked();
    const [, heard = '0'] = await link.commands.zrange(keys.members, '0', '-1', 'WITHSCORES');
    await link.commands.zadd(keys.members, Number(heard) - LEASE_MS - 1, 'second');
    await first.turn();
    expect(await first.terms()).toMatchObject({ isShared: true });
    await second.stop(); // in order
    await first.turn();
    expect(await first.terms()).toMatchObject({ isShared: false });
  });
});
