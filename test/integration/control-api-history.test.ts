import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { keys } from '../../bouncer/shared/redis/keys.ts';
import { writeStatus } from '../../bouncer/shared/redis/status-store.ts';
import type { RedisServer } from '../../scripts/servers/redis-server.ts';
import { linkedRedis } from '../support/linked-redis.ts';
import { Workbench } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';
import { bouncerStatus } from '../unit/control-api-bouncers.ts';
import { type ApiUnderTest, startApi } from './control-api-under-test.ts';

interface History {
  readonly slots: readonly { readonly at: string; readonly counts: Record<string, number> | null }[];
}

const DECISIONS = { total: 33_552, local: 6, community: 33_546, lists: 0 };
const NEWEST = { local: 6, community: 33_546, lists: 0 };

let workbench: Workbench;
let redis: RedisServer;
let link: RedisLink;
let api: ApiUnderTest;

const history = async (period: string) => (await api.get(`/decisions/history?period=${period}`)).body as History;
const written = () => link.commands.xlen(keys.history);

async function startWatching(): Promise<void> {
  api = await startApi(workbench, { REDIS_URL: redis.url });
  await waitFor(async () => (await api.get('/status')).status === 200, { what: 'the API to reach Redis' });
}

beforeAll(async () => {
  workbench = await Workbench.open();
  redis = await workbench.redis({ persistent: true });
  link = await linkedRedis(redis.url);
  await writeStatus(link, bouncerStatus({ decisions: DECISIONS }));
  await startWatching();
});

afterAll(async () => {
  link.stop();
  await workbench.stop();
});

it('writes down at its start how many decisions are in force, and shows them in the newest part', async () => {
  await waitFor(async () => (await written()) === 1, { what: 'the first sample' });
  const { slots } = await history('24h');
  expect(slots).toHaveLength(96);
  expect(slots.at(-1)).toMatchObject({ counts: NEWEST, state: 'enforcing' });
  expect(slots[0]).toMatchObject({ counts: null, state: null });
  expect((await history('7d')).slots.at(-1)).toMatchObject({ counts: NEWEST });
});

it('shows in the newest part what holds now, long before that is written down', async () => {
  const decisions = { ...DECISIONS, total: 33_556, local: 10 };
  await writeStatus(link, bouncerStatus({ decisions, state: 'syncing' })); // on its way to Caddy
  expect((await history('24h')).slots.at(-1)).toMatchObject({ counts: { ...NEWEST, local: 10 } });
  expect(await written()).toBe(1);
});

it('keeps the series over restarts of Redis and of itself, and counts nothing twice', async () => {
  await api.stop();
  await redis.restart();
  await waitFor(() => link.isUp, { what: 'the test to reach Redis again' });
  await writeStatus(link, bouncerStatus({ decisions: DECISIONS }));
  await startWatching();
  expect((await history('24h')).slots.at(-1)).toMatchObject({ counts: NEWEST });
  expect(await written()).toBe(1);
});

it('says that Redis is needed while it is gone', async () => {
  await redis.stop();
  await waitFor(async () => (await api.get('/decisions/history')).status === 503, { what: 'the answer 503' });
});
