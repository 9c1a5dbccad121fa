/** What the leader wrote to Redis cannot be read: by nobody, while nothing changes that would bring a new snapshot, or not now. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { RedisServer } from '../../scripts/servers/redis-server.ts';
import { bouncerOptions } from '../../bouncer/config.ts';
import { Daemon } from '../../bouncer/daemon.ts';
import { readConfig } from '../../bouncer/shared/config/read.ts';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { DecisionSource } from '../../bouncer/shared/redis/decision-source.ts';
import { keys } from '../../bouncer/shared/redis/keys.ts';
import { systemClock } from '../../bouncer/shared/runtime/clock.ts';
import { DecisionTable } from '../../control-api/decisions/decision-table.ts';
import { NOWHERE } from '../../control-api/decisions/places.ts';
import { EmptyCaddy } from '../support/empty-caddy.ts';
import { KEY } from '../support/fake-lapi.ts';
import { PositionedLapi } from '../support/fake-lapi-position.ts';
import { fakeLog } from '../support/fake-log.ts';
import { linkedRedis } from '../support/linked-redis.ts';
import { Workbench } from '../support/servers.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { waitFor } from '../support/wait-for.ts';

/** A snapshot that is asked for may wait ten seconds. */
const LONG_MS = 60_000;

let workbench: Workbench;
let redis: RedisServer;
let lapi: PositionedLapi;
let caddyUrl: string;
let link: RedisLink;
const stops: (() => unknown)[] = [];

beforeAll(async () => {
  workbench = await Workbench.open();
  redis = await workbench.redis();
  lapi = workbench.also(await PositionedLapi.start());
  caddyUrl = workbench.also(await EmptyCaddy.start()).url;
  link = await linkedRedis(redis.url);
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});
afterAll(async () => {
  link.stop();
  await workbench.stop();
});

async function bouncer(id: string): Promise<Daemon> {
  const environment = {
    CROWDSEC_LAPI_URL: lapi.server.url,
    CROWDSEC_BOUNCER_KEY: KEY,
    CADDY_ADMIN: caddyUrl,
    REDIS_URL: redis.url,
    BOUNCER_LISTEN: '127.0.0.1:0',
    BOUNCER_ID: id,
    STATE_DIR: temporaryFolder('unreadable'),
  };
  const read = readConfig(bouncerOptions, { flags: {}, environment, file: {}, readSecretFile: () => '' });
  if (read.kind === 'invalid') throw new Error(JSON.stringify(read.problems));
  const daemon = new Daemon(read.values, systemClock, fakeLog().log);
  stops.push(() => daemon.stop());
  await daemon.start();
  return daemon;
}

const announcements = async () =>
  (await link.commands.xrange(keys.batches, '-', '+')).filter(([, [field]]) => field === 'snapshot').length;

it.each([
  { what: 'a batch', damage: () => link.commands.xadd(keys.batches, '*', 'batch', 'nonsense') },
  { what: 'the snapshot', damage: () => link.commands.set(keys.snapshot, 'nonsense') },
  { what: 'no snapshot', damage: () => link.commands.del(keys.snapshot) },
])(
  'whoever begins to follow and finds $what asks for a new snapshot, and gets one',
  { timeout: 2 * LONG_MS },
  async ({ damage }) => {
    await redis.wipe();
    lapi.ban('192.0.2.1');
    await bouncer('first');
    await waitFor(async () => (await announcements()) === 1, { what: 'the first snapshot', withinMs: LONG_MS });
    await damage();
    const second = await bouncer('second');
    const source = new DecisionSource(link, systemClock);
    const places = () => Promise.resolve({ find: () => NOWHERE });
    const table = new DecisionTable({ source, places, clock: systemClock, log: fakeLog().log });
    table.start();
    stops.push(() => table.stop());
    await waitFor(() => second.status.ready && table.state.kind === 'live', {
      what: 'a bouncer and a page that know everything',
      withinMs: LONG_MS,
    });
    expect([second.status.decisions.total, table.rows.size, await announcements()]).toEqual([1, 1, 2]);
  },
);

it('a follower that may not read it says so as long as that lasts', { timeout: 2 * LONG_MS }, async () => {
  await redis.wipe();
  await bouncer('first');
  const follower = await bouncer('second');
  await waitFor(() => follower.status.ready, { what: 'a follower that is well', withinMs: LONG_MS });
  expect(follower.status.reasons).toEqual([]);
  await link.commands.acl('SETUSER', 'default', '-xrange');
  stops.push(() => link.commands.acl('SETUSER', 'default', '+xrange'));
  const reasons = () => follower.status.reasons.join();
  await waitFor(() => /cannot be read.*NOPERM/.test(reasons()), { what: 'the reason', withinMs: LONG_MS });
  await expect(follower.refresh({ confirm: true, full: false })).resolves.toEqual([expect.stringContaining('NOPERM')]);
  await link.commands.acl('SETUSER', 'default', '+xrange');
  await waitFor(() => reasons() === '', { what: 'no reason any more', withinMs: LONG_MS });
});
