import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onCommand } from '../../bouncer/shared/redis/command-channel.ts';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { readSettings } from '../../bouncer/shared/redis/settings-store.ts';
import { removeStatus, writeStatus } from '../../bouncer/shared/redis/status-store.ts';
import type { RedisServer } from '../../scripts/servers/redis-server.ts';
import { linkedRedis } from '../support/linked-redis.ts';
import { Workbench } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';
import { bouncerStatus, caddyStatus } from '../unit/control-api-bouncers.ts';
import { type ApiUnderTest, startApi } from './control-api-under-test.ts';

let workbench: Workbench;
let redis: RedisServer;
let api: ApiUnderTest;
let link: RedisLink;

/** A bouncer that follows every change at once, but for what a test makes of its Caddy. */
let caddyFollows = true;
let isAlive = true;

async function speak(): Promise<void> {
  const { enabled = true, policy = 'enforce', change } = await readSettings(link);
  const followed = { ...(change === undefined ? {} : { change }) };
  const caddy = caddyFollows
    ? caddyStatus({ state: 'in_sync', ...followed })
    : caddyStatus({ state: 'unreachable', error: 'connection refused' });
  await writeStatus(link, bouncerStatus({ settings: { enabled, policy, ...followed }, caddies: [caddy] }));
}

beforeAll(async () => {
  workbench = await Workbench.open();
  redis = await workbench.redis();
  link = await linkedRedis(redis.url);
  await onCommand(link, (command) => {
    if (command.kind === 'settings' && isAlive) void speak();
  });
  api = await startApi(workbench, { REDIS_URL: redis.url });
  await waitFor(async () => (await api.get('/status')).status === 200, { what: 'the API to reach Redis' });
});

afterAll(async () => {
  link.stop();
  await workbench.stop();
});

describe('the toggle', () => {
  it('says what is missing when no bouncer is alive, soon, and keeps what was wanted', async () => {
    isAlive = false;
    await removeStatus(link, 'one');
    expect((await api.get('/status')).body).toMatchObject({ enabled: true, bouncer: { state: 'offline' } });
    const answer = await api.put('/enabled', { enabled: false });
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ confirmed: false, missing: [expect.stringMatching(/^no bouncer is alive/)] });
    expect((await api.get('/status')).body).toMatchObject({ enabled: false });
    isAlive = true;
  });

  it('answers when Caddy has confirmed it', async () => {
    caddyFollows = true;
    const off = await api.put('/enabled', { enabled: false });
    expect(off.status).toBe(200);
    expect(off.body).toMatchObject({ enabled: false, confirmed: true, missing: [] });
    expect((await api.get('/status')).body).toMatchObject({ enabled: false });
    const on = await api.put('/enabled', { enabled: true });
    expect(on.body).toMatchObject({ enabled: true, confirmed: true });
    expect((await api.get('/status')).body).toMatchObject({ enabled: true, bouncer: { ids: ['one'] } });
  });

  it('answers 202 with what is still missing when a Caddy cannot be reached', async () => {
    caddyFollows = false;
    const answer = await api.put('/enabled', { enabled: false });
    expect(answer.status).toBe(202);
    expect((answer.body as { took_ms: number }).took_ms).toBeLessThan(3_000); // not the ten seconds of a slow push
    expect(answer.body).toMatchObject({
      enabled: false,
      confirmed: false,
      missing: ['caddy http://caddy:2019 is unreachable: connection refused; the bouncer keeps trying'],
    });
    caddyFollows = true;
  });

  it('switches between enforcing and monitoring, and knows no third word', async () => {
    expect((await api.put('/policy', { policy: 'monitor' })).body).toMatchObject({
      policy: 'monitor',
      confirmed: true,
    });
    expect((await api.get('/status')).body).toMatchObject({ policy: 'monitor' });
    const refused = await api.put('/policy', { policy: 'off' });
    expect(refused.status).toBe(400);
    expect((await api.get('/status')).body).toMatchObject({ policy: 'monitor' });
  });

  it('says 503 with a hint while Redis is gone, and works again when it is back', async () => {
    await redis.stop();
    const gone = await waitFor(
      async () => {
        const answer = await api.put('/enabled', { enabled: true });
        return answer.status === 503 ? answer : undefined;
      },
      { what: 'the API to notice' },
    );
    expect(gone.body).toMatchObject({ code: 'redis_unavailable' });
    expect((await api.request('/healthz')).status).toBe(200);
    await redis.start();
    await waitFor(async () => (await api.get('/status')).status === 200, { what: 'the API to be back' });
  });
});
