import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RedisServer } from '../../scripts/servers/redis-server.ts';
import { FleetLease } from '../../bouncer/fleet/fleet-lease.ts';
import { sharedSetOf } from '../../bouncer/fleet/shared-set.ts';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { keys } from '../../bouncer/shared/redis/keys.ts';
import { type SharedSet, SnapshotKeeper } from '../../bouncer/state/snapshot-keeper.ts';
import { StateDir } from '../../bouncer/state/state-dir.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { decisionOf } from '../support/fake-decision.ts';
import { fakeLog } from '../support/fake-log.ts';
import { linkedRedis } from '../support/linked-redis.ts';
import { Workbench } from '../support/servers.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

let workbench: Workbench;
let server: RedisServer;
let redis: RedisLink;
let logger: ReturnType<typeof fakeLog>;

beforeAll(async () => {
  workbench = await Workbench.open();
  server = await workbench.redis();
});
afterAll(() => workbench.stop());

beforeEach(async () => {
  logger = fakeLog();
  await server.wipe();
  redis = await linkedRedis(server.url, logger.log);
});
afterEach(() => redis.stop());

describe('the snapshot in Redis', () => {
  const clock = new FakeClock(5_000, Date.now()); // Redis numbers its entries by the time of day
  const snapshotsOf = (ids: readonly number[], shared: () => SharedSet | undefined) =>
    new SnapshotKeeper({
      state: new StateDir(temporaryFolder('state'), logger.log),
      redis,
      shared,
      decisions: () => ids.map((id) => decisionOf(id, `192.0.2.${id}`)),
      clock,
      log: logger.log,
    });

  /** Of the bouncer that pulls. */
  async function keeperWith(ids: readonly number[]): Promise<SnapshotKeeper> {
    const lease = new FleetLease({ id: 'bouncer', redis, clock, log: logger.log });
    await lease.turn();
    return snapshotsOf(ids, () => sharedSetOf(lease, redis, clock));
  }

  async function restored(): Promise<number[] | undefined> {
    const snapshot = await snapshotsOf([], () => undefined).restore();
    return snapshot && Array.from(snapshot.decisions, ({ id }) => id);
  }

  it('restores a machine that lost its disk, and comes back after a wipe', async () => {
    const keeper = await keeperWith([1, 2]);
    keeper.changed({ added: [], removedIds: [] });
    await keeper.flush();
    expect(await restored()).toEqual([1, 2]);
    await server.wipe();
    keeper.redisForgot();
    await waitFor(
      async () => {
        await keeper.flush(); // refused until the lease, which went, too, is taken anew
        return (await restored())?.length === 2;
      },
      { what: 'both decisions' },
    );
  });

  it('comes back with what changed since, although the process was killed before it wrote the next', async () => {
    const keeper = await keeperWith([1, 2, 3]);
    keeper.changed({ added: [], removedIds: [] });
    await keeper.flush();
    keeper.changed({ added: [decisionOf(4, '192.0.2.4'), decisionOf(2, '192.0.2.2')], removedIds: [1] });
    keeper.changed({ added: [decisionOf(5, '192.0.2.5')], removedIds: [4] });
    expect(await keeper.told()).toBe(true);
    expect(await restored()).toEqual([3, 2, 5]);
  });

  /** What a bouncer comes back with that wrote these to its disk at a time, when Redis answers again. */
  async function restoredWith(id: number, wroteAt: FakeClock, meanwhile = () => Promise.resolve()) {
    const parts = {
      state: new StateDir(temporaryFolder('state'), logger.log),
      clock: wroteAt,
      log: logger.log,
      shared: () => undefined,
    };
    const before = new SnapshotKeeper({ ...parts, redis: undefined, decisions: () => [decisionOf(id, '192.0.2.9')] });
    before.changed({ added: [], removedIds: [] });
    await before.flush();
    await meanwhile();
    const found = await new SnapshotKeeper({ ...parts, redis, decisions: () => [] }).restore();
    return Array.from(found?.decisions ?? [], (decision) => decision.id);
  }

  it('gives way to one on disk that is newer, and to none that is older or lacks what came later', async () => {
    const keeper = await keeperWith([1]);
    keeper.changed({ added: [], removedIds: [] });
    await keeper.flush();
    expect(await restoredWith(3, clock)).toEqual([1]);
    expect(await restoredWith(3, new FakeClock(5_000, Date.now() + 60_000))).toEqual([3]);
    const change = async () => {
      keeper.changed({ added: [decisionOf(2, '192.0.2.2')], removedIds: [] });
      expect(await keeper.told()).toBe(true);
    };
    expect(await restoredWith(3, new FakeClock(5_000, Date.now()), change)).toEqual([1, 2]);
  });

  it('comes back alone when a change cannot be read, and that is told', async () => {
    const keeper = await keeperWith([1, 2]);
    keeper.changed({ added: [], removedIds: [] });
    await keeper.flush();
    await server.command('XADD', keys.batches, '*', 'batch', 'nonsense');
    expect(await restored()).toEqual([1, 2]);
    expect(logger.warnings()).toEqual([expect.stringContaining('passed over')]);
  });

  it('is not replaced by an empty one while LAPI has not answered', async () => {
    const keeper = await keeperWith([1]);
    keeper.changed({ added: [], removedIds: [] });
    await keeper.flush();
    const next = await keeperWith([]);
    next.start();
    next.redisForgot();
    await next.stop();
    expect(await restored()).toEqual([1]);
  });
});
