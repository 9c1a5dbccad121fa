import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Decision } from '../../bouncer/shared/domain/decision.ts';
import { SettingsKeeper } from '../../bouncer/state/settings-keeper.ts';
import { type SharedSet, SnapshotKeeper } from '../../bouncer/state/snapshot-keeper.ts';
import { StateDir } from '../../bouncer/state/state-dir.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { decisionOf, prefixOf } from '../support/fake-decision.ts';
import { fakeLog } from '../support/fake-log.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

let folder: string;
let clock: FakeClock;
let logger: ReturnType<typeof fakeLog>;

beforeEach(() => {
  folder = join(temporaryFolder('state'), 'deep', 'state');
  clock = new FakeClock();
  logger = fakeLog();
});

const stateDir = (path = folder) => new StateDir(path, logger.log);

/** A path that no user, not even root, can make a folder of. */
function impossible(): string {
  const file = join(temporaryFolder('state'), 'file');
  writeFileSync(file, '');
  return join(file, 'state');
}

describe('the state folder', () => {
  it('is made, for this user alone, and so is every file in it', async () => {
    const state = stateDir();
    await state.write('settings.json', '{}');
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'settings.json')).mode & 0o777).toBe(0o600);
    expect(state.read('settings.json')?.toString()).toBe('{}');
  });

  it('holds a file whole or not at all: many writes at once leave one of them, and no scraps', async () => {
    const state = stateDir();
    const contents = Array.from({ length: 20 }, (_, i) => `${i}`.repeat(50_000));
    await Promise.all(contents.map((content) => state.write('snapshot', content)));
    expect(contents).toContain(state.read('snapshot')?.toString());
    expect(readdirSync(folder)).toEqual(['snapshot']);
  });

  it('that cannot be used costs one warning, and nothing else', async () => {
    const state = stateDir(impossible());
    for (let i = 0; i < 3; i++) expect(await state.write('settings.json', '{}')).toBe(false);
    expect(state.read('settings.json')).toBeUndefined();
    expect(logger.warnings()).toEqual([expect.stringContaining('STATE_DIR cannot be used')]);
  });

  it('that comes back and goes again is warned of again', async () => {
    const state = stateDir();
    rmSync(folder, { recursive: true });
    await state.write('a', '1');
    mkdirSync(folder);
    await state.write('a', '2');
    rmSync(folder, { recursive: true });
    await state.write('a', '3');
    expect(logger.warnings()).toHaveLength(2);
  });

  it('keeps a secret over restarts, and makes another when it holds nonsense', { timeout: 20_000 }, async () => {
    const secret = stateDir().secret('word');
    await waitFor(() => stateDir().read('word')?.toString() === secret, { what: 'the secret on disk' });
    expect(stateDir().secret('word')).toBe(secret);
    writeFileSync(join(folder, 'word'), 'short');
    expect(stateDir().secret('word')).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('the snapshot', () => {
  const keeper = (decisions: readonly Decision[] = [], path = folder) =>
    new SnapshotKeeper({
      state: stateDir(path),
      redis: undefined,
      shared: () => undefined,
      decisions: () => decisions,
      clock,
      log: logger.log,
    });

  async function written(decisions: readonly Decision[]): Promise<void> {
    const writer = keeper(decisions);
    writer.changed({ added: decisions, removedIds: [] });
    await writer.flush();
  }

  it('brings back after a restart what has not run out, by the time of day', async () => {
    await written([
      decisionOf(1, '192.0.2.1', { expiresAt: 65_000 }),
      decisionOf(2, '2001:db8::/32', { expiresAt: 6_000 }),
    ]);
    clock = new FakeClock(1, clock.wall() + 2_000); // another boot: the monotonic clock begins anew
    const restored = await keeper().restore();
    expect(restored?.takenAt).toBe(Date.parse('2026-01-01T00:00:00Z'));
    expect([...(restored?.decisions ?? [])]).toEqual([decisionOf(1, '192.0.2.1', { expiresAt: 58_001 })]);
  });

  it('of nobody is a snapshot, too', async () => {
    await written([]);
    expect(await keeper().restore()).toMatchObject({ decisions: { length: 0 } });
  });

  it('is not there before a first complete pull: an empty set must not replace a good one', async () => {
    await written([decisionOf(1, '192.0.2.1', { expiresAt: 65_000 })]);
    const next = keeper([]);
    next.start();
    next.redisForgot();
    await next.flush();
    await next.stop();
    expect((await keeper().restore())?.decisions).toHaveLength(1);
  });

  it('is written once for many changes, and not at all for none', async () => {
    const writer = keeper();
    writer.changed({ added: [], removedIds: [] });
    await writer.flush();
    const { mtimeMs } = statSync(join(folder, 'snapshot.json.gz'));
    writer.changed({ added: [], removedIds: [] });
    await writer.flush();
    expect(statSync(join(folder, 'snapshot.json.gz')).mtimeMs).toBe(mtimeMs);
  });

  it.each([
    ['no gzip', Buffer.from('{}')],
    ['half a file', gzipSync('{"schema":1,"taken_at":1,"groups":[]}').subarray(0, 20)],
    ['no JSON', gzipSync('<html>')],
    ['another schema', gzipSync('{"schema":2,"taken_at":1,"groups":[]}')],
    ['half a document', gzipSync('{"schema":1,"taken_at":1,"groups":[')],
    ['two documents', gzipSync('{"schema":1,"taken_at":1,"groups":[]}{}')],
    ['no object', gzipSync('[1]')],
    ['without a time', gzipSync('{"schema":1,"groups":[]}')],
    ['no groups', gzipSync('{"schema":1,"taken_at":1}')],
    ['groups that are no list', gzipSync('{"schema":1,"taken_at":1,"groups":{}}')],
    ['groups only further in', gzipSync('{"schema":1,"taken_at":1,"x":{"groups":[]}}')],
    ['a group without values', gzipSync('{"schema":1,"taken_at":1,"groups":[{"ids":[1]}]}')],
    ['nothing', Buffer.alloc(0)],
  ])('that is %s is passed over with a warning', async (_, bytes) => {
    await stateDir().write('snapshot.json.gz', bytes);
    expect(await keeper().restore()).toBeUndefined();
    expect(logger.warnings()).toEqual([expect.stringContaining('passed over')]);
  });

  it('of no decisions is a snapshot, whatever else stands in it', async () => {
    const text = JSON.stringify({ new: { groups: [1] }, groups: [], schema: 1, taken_at: 7 });
    await stateDir().write('snapshot.json.gz', gzipSync(text));
    expect(await keeper().restore()).toMatchObject({ takenAt: 7, decisions: { length: 0 } });
  });

  it('whose lists do not fit together loses only what is damaged', async () => {
    const group = { origin: 'o', scenario: 's', type: 'ban', ids: [1, 2, 3, 4], values: ['192.0.2.1', 'x', '192.0.2.3'], until: [9e9, 9e9] }; // prettier-ignore
    await stateDir().write('snapshot.json.gz', gzipSync(JSON.stringify({ schema: 1, taken_at: 1, groups: [group] })));
    expect(Array.from((await keeper().restore())?.decisions ?? [], ({ id }) => id)).toEqual([1]);
  });

  it('that is being written leaves nothing untold of what changes meanwhile', async () => {
    const told: string[] = [];
    let meanwhile: (() => void) | undefined;
    const shared: SharedSet = {
      token: 1,
      append: ({ added, removedIds }) => {
        told.push(`added ${[...added].map(({ id }) => id).join()}, removed ${removedIds.join()}`);
        return Promise.resolve('2-0');
      },
      write: (_, isNews) => {
        told.push(isNews ? 'a snapshot that is news' : 'a snapshot');
        return Promise.resolve(isNews ? '1-0' : undefined);
      },
    };
    const writer = new SnapshotKeeper({
      state: stateDir(),
      redis: undefined,
      shared: () => shared,
      decisions: function* () {
        yield decisionOf(1, '192.0.2.1');
        meanwhile?.();
        meanwhile = undefined;
      },
      clock,
      log: logger.log,
    });
    meanwhile = () => writer.changed({ added: [decisionOf(2, '192.0.2.2')], removedIds: [1] });
    writer.changed({ added: [decisionOf(1, '192.0.2.1')], removedIds: [] });
    expect(await writer.told()).toBe(true);
    await writer.flush();
    expect(told).toEqual(['a snapshot that is news', 'added 2, removed 1', 'a snapshot']);
  });

  it('that cannot be kept does not stop anything', async () => {
    const writer = keeper([], impossible());
    writer.changed({ added: [], removedIds: [] });
    await writer.stop();
    expect(await keeper([], impossible()).restore()).toBeUndefined();
  });
});

describe('the settings without Redis', () => {
  const keeper = (changes: { defaultPolicy?: 'monitor' } = {}) =>
    new SettingsKeeper({
      state: stateDir(),
      redis: undefined,
      defaultPolicy: 'enforce',
      allowlist: [prefixOf('192.0.2.1')],
      log: logger.log,
      ...changes,
    });

  it('are on, with the policy and the allowlist of the configuration', async () => {
    const settings = keeper({ defaultPolicy: 'monitor' });
    await settings.look();
    expect(settings.current).toEqual({ enabled: true, policy: 'monitor', change: undefined });
    expect(settings.allowlist).toEqual(['192.0.2.1']);
  });

  it('are those that were last known: a switch that was off stays off over a restart', async () => {
    const known = { settings: { enabled: false, policy: 'monitor' }, allowlist: { '198.51.100.0/24': '{}' } };
    await stateDir().write('settings.json', JSON.stringify(known));
    expect(keeper().current).toMatchObject({ enabled: false, policy: 'monitor' });
    expect(keeper().allowlist).toEqual(['192.0.2.1', '198.51.100.0/24']);
  });

  it('leave out what ran out of the allowlist, and what is none', async () => {
    const at = (ms: number) => JSON.stringify({ expires_at: new Date(Date.now() + ms).toISOString() });
    const allowlist = { '198.51.100.1': at(-1_000), '198.51.100.2': at(60_000), '198.51.100.3': 'no JSON', 'x': '{}' }; // prettier-ignore
    await stateDir().write('settings.json', JSON.stringify({ settings: {}, allowlist }));
    expect(keeper().allowlist).toEqual(['192.0.2.1', '198.51.100.2', '198.51.100.3']);
  });

  it.each([
    '',
    'null',
    '{}',
    '{"settings":{"enabled":"no"},"allowlist":{}}',
    '{"settings":{"policy":"x"},"allowlist":{}}',
    '{"settings":',
  ])('that cannot be read are passed over with a warning, and the defaults apply: %s', async (text) => {
    await stateDir().write('settings.json', text);
    expect(keeper().current).toMatchObject({ enabled: true, policy: 'enforce' });
    expect(logger.warnings()).toHaveLength(1);
  });
});
