/** A Redis that was wiped, and two bouncers that remember different things. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RedisServer } from '../../scripts/servers/redis-server.ts';
import { readAllowlist, removeFromAllowlist, writeAllowlist } from '../../bouncer/shared/redis/allowlist-store.ts';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { readSettings, writeSettings } from '../../bouncer/shared/redis/settings-store.ts';
import { SettingsKeeper } from '../../bouncer/state/settings-keeper.ts';
import { StateDir } from '../../bouncer/state/state-dir.ts';
import { fakeLog } from '../support/fake-log.ts';
import { linkedRedis } from '../support/linked-redis.ts';
import { Workbench } from '../support/servers.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ALLOWED = { '198.51.100.7': '{"reason":"me"}' };

let workbench: Workbench;
let server: RedisServer;
let redis: RedisLink;

beforeAll(async () => {
  workbench = await Workbench.open();
  server = await workbench.redis();
});
afterAll(() => workbench.stop());

beforeEach(async () => {
  await server.wipe();
  redis = await linkedRedis(server.url);
});
afterEach(() => redis.stop());

function newBouncer(): SettingsKeeper {
  const { log } = fakeLog();
  const state = new StateDir(temporaryFolder('state'), log);
  return new SettingsKeeper({ state, redis, defaultPolicy: 'enforce', allowlist: [], log });
}

async function bouncerThatWasToldTo(enabled: boolean): Promise<SettingsKeeper> {
  const told = newBouncer();
  await told.look();
  await writeAllowlist(redis, ALLOWED);
  await writeSettings(redis, { enabled });
  await told.look();
  return told;
}

describe('settings that a wipe took', () => {
  it('come back although a bouncer that knows nothing was there first, and for that one, too', async () => {
    const old = await bouncerThatWasToldTo(false);
    await server.wipe();
    const fresh = newBouncer();
    await fresh.look();
    for (const each of [old, fresh]) await each.look();
    expect([old, fresh].map(({ current, allowlist }) => [current.enabled, ...allowlist])).toEqual([
      [false, '198.51.100.7'],
      [false, '198.51.100.7'],
    ]);
    expect(await readAllowlist(redis)).toEqual(ALLOWED);
  });

  it('give way to what was wanted since, and an entry that is taken off the list is not put back', async () => {
    const old = await bouncerThatWasToldTo(false);
    await server.wipe();
    await newBouncer().look();
    await writeSettings(redis, { enabled: true });
    await old.look();
    expect(old.current.enabled).toBe(true);
    await writeAllowlist(redis, ALLOWED);
    await old.look();
    await removeFromAllowlist(redis, ['198.51.100.7']);
    await old.look();
    expect([old.allowlist, await readAllowlist(redis)]).toEqual([[], {}]);
    expect(await readSettings(redis)).toMatchObject({ enabled: true, isFresh: false });
  });
});
