import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Decision } from '../../bouncer/shared/domain/decision.ts';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { SettingsKeeper } from '../../bouncer/state/settings-keeper.ts';
import { type SharedSet, SnapshotKeeper } from '../../bouncer/state/snapshot-keeper.ts';
import { StateDir } from '../../bouncer/state/state-dir.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { decisionOf } from '../support/fake-decision.ts';
import { fakeLog } from '../support/fake-log.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let folder: string;
let logger: ReturnType<typeof fakeLog>;

beforeEach(() => {
  folder = join(temporaryFolder('state'), 'state');
  logger = fakeLog();
});

const stateDir = () => new StateDir(folder, logger.log);

const keeper = (decisions: () => Iterable<Decision> = () => [], shared?: SharedSet) =>
  new SnapshotKeeper({
    state: stateDir(),
    redis: undefined,
    shared: () => shared,
    decisions,
    clock: new FakeClock(),
    log: logger.log,
  });

describe('a snapshot', () => {
  it('that a folder did not take is written again as soon as it does, though nothing changed since', async () => {
    const writer = keeper(() => [decisionOf(1, '192.0.2.1')]);
    rmSync(folder, { recursive: true });
    writer.changed({ added: [], removedIds: [] });
    for (let i = 0; i < 3; i++) await writer.flush();
    expect(logger.warnings()).toEqual([expect.stringContaining('STATE_DIR cannot be used')]);
    mkdirSync(folder);
    await writer.flush();
    expect((await keeper().restore())?.decisions).toHaveLength(1);
    rmSync(folder, { recursive: true });
    await writer.flush(); // which has nothing to do
    expect(logger.warnings()).toHaveLength(1);
  });

  it('that could not be made is made again, without Redis too', async () => {
    let troubles = 2;
    const writer = keeper(function* () {
      if (troubles-- > 0) throw new Error('out of memory');
      yield decisionOf(1, '192.0.2.1');
    });
    writer.changed({ added: [], removedIds: [] });
    for (let i = 0; i < 2; i++) await writer.flush();
    expect((await keeper().restore())?.decisions).toHaveLength(1);
  });

  it('that a folder did not take goes to Redis again with the file, as no news', async () => {
    const told: boolean[] = [];
    const shared: SharedSet = {
      token: 1,
      append: () => Promise.resolve('2-0'),
      write: (_, isNews) => {
        told.push(isNews);
        return Promise.resolve(isNews ? '1-0' : undefined);
      },
    };
    const writer = keeper(() => [decisionOf(1, '192.0.2.1')], shared);
    rmSync(folder, { recursive: true });
    writer.changed({ added: [], removedIds: [] });
    expect(await writer.told()).toBe(true);
    mkdirSync(folder);
    for (let i = 0; i < 3; i++) await writer.flush();
    expect(told).toEqual([true, false]);
  });
});

describe('a folder', () => {
  it('that could not be made at the start is made as soon as it can be, and takes what waited for it', async () => {
    const disk = dirname(folder);
    rmSync(disk, { recursive: true });
    writeFileSync(disk, 'not mounted yet');
    const writer = keeper(() => [decisionOf(1, '192.0.2.1')]);
    writer.changed({ added: [], removedIds: [] });
    await writer.flush();
    expect(logger.warnings()).toEqual([expect.stringContaining('STATE_DIR cannot be used')]);
    rmSync(disk);
    mkdirSync(disk);
    await writer.flush();
    expect((await keeper().restore())?.decisions).toHaveLength(1);
  });
});

describe('settings', () => {
  it('that a folder did not take are written at the next look, also when Redis is gone by then', async () => {
    const wanted = { settings: { seen: '1', enabled: 'false' }, allowlist: { '198.51.100.7': '{}' } };
    const transaction = {
      hgetall: () => transaction,
      exec: () => Promise.resolve([wanted.settings, wanted.allowlist].map((fields) => [null, fields])),
    };
    const redis = { isUp: true, commands: { multi: () => transaction } };
    const parts = { state: stateDir(), defaultPolicy: 'enforce', allowlist: [], log: logger.log } as const;
    const settings = new SettingsKeeper({ ...parts, redis: redis as unknown as RedisLink });
    rmSync(folder, { recursive: true });
    for (let i = 0; i < 3; i++) await settings.look();
    expect(settings.current.enabled).toBe(false);
    expect(logger.warnings()).toEqual([expect.stringContaining('STATE_DIR cannot be used')]);
    mkdirSync(folder);
    redis.isUp = false;
    await settings.look();
    const restarted = new SettingsKeeper({ ...parts, redis: undefined });
    expect([restarted.current.enabled, restarted.allowlist]).toEqual([false, ['198.51.100.7']]);
    rmSync(join(folder, 'settings.json'));
    await settings.look(); // which has nothing to do
    expect(readdirSync(folder)).toEqual([]);
  });
});
