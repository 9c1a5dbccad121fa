/** An enrollment that somebody accepts in the Console: how CrowdSec 1.4, which is not told, comes to know of it. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CrowdsecServer } from '../../scripts/servers/crowdsec-server.ts';
import type { RedisServer } from '../../scripts/servers/redis-server.ts';
import type { Internet } from '../support/internet/internet.ts';
import { Workbench } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';
import { settingsFor, startInternet, withCentralApi } from './control-api-crowdsec.ts';
import { type ApiUnderTest, startApi } from './control-api-under-test.ts';

const KEY = 'abcdefghijklmnop';

let workbench: Workbench;
let redis: RedisServer;
let crowdsec: CrowdsecServer;
let internet: Internet;
let api: ApiUnderTest;

const enroll = (body: object = {}) => api.post('/console/enroll', { enrollment_key: KEY, ...body });
const status = async () => (await api.get('/console/status')).body;
const heartbeat = () => api.post('/console/heartbeat');

/** A new process: it has no tokens. */
async function start(): Promise<void> {
  const settings = { REDIS_URL: redis.url, HTTPS_PROXY: internet.proxyUrl, ...settingsFor(crowdsec) };
  api = await startApi(workbench, settings);
  await waitFor(async () => (await api.get('/status')).status === 200, { what: 'the API to reach Redis' });
}

beforeAll(async () => {
  workbench = await Workbench.open();
  redis = await workbench.redis();
  crowdsec = await workbench.crowdsec();
  internet = await startInternet(workbench, crowdsec);
});

beforeEach(async () => {
  await redis.wipe();
  await withCentralApi(crowdsec);
  internet.capi.reset();
  internet.capi.keys.add(KEY);
  await start();
  return () => api.stop();
});

afterAll(() => workbench.stop());

describe('an enrollment that was accepted', () => {
  it('becomes enrolled by a heartbeat: v3 of the Central API tells it, for the account of v2', async () => {
    await enroll({ name: 'web 1' });
    expect((await heartbeat()).body).toMatchObject({ sent: true, enrollment: { state: 'pending_acceptance' } });
    internet.capi.accept();
    await api.stop();
    await start();
    expect((await heartbeat()).body).toMatchObject({ sent: true, enrollment: { state: 'enrolled' } });
    expect(await status()).toMatchObject({
      state: 'enrolled',
      name: 'web 1',
      next_step: expect.stringContaining('log in anew') as string,
      command: 'systemctl reload crowdsec', // this CrowdSec is not ours to reload
    });
  });

  it('says where to look while this CrowdSec cannot tell whether it was accepted, and warns of nothing', async () => {
    internet.capi.v3IsOpen = false;
    await enroll();
    internet.capi.accept();
    expect((await heartbeat()).body).toMatchObject({ sent: true, heartbeat: { state: 'online' } });
    expect(await status()).toMatchObject({
      state: 'pending_acceptance',
      may_be_accepted: true,
      message: expect.stringContaining('CrowdSec 1.4 cannot tell for certain') as string,
      next_step: expect.stringMatching(/app\.crowdsec\.net.* you are done/) as string,
    });
    const { checks } = (await api.get('/diagnostics/config')).body as { checks: { id: string }[] };
    expect(checks.find(({ id }) => id === 'enrollment')).toMatchObject({
      status: 'ok',
      message: expect.stringContaining('app.crowdsec.net') as string,
    });
  });
});
