/** The Hub on disk in states that cscli did not leave it in, and collections that are to stay whole. */
import { mkdir, readFile, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CrowdsecServer } from '../../scripts/servers/crowdsec-server.ts';
import { Workbench } from '../support/servers.ts';
import { settingsFor, startInternet } from './control-api-crowdsec.ts';
import { type ApiUnderTest, startApi } from './control-api-under-test.ts';

let workbench: Workbench;
let crowdsec: CrowdsecServer;
let api: ApiUnderTest;

/** What is installed: its name and its state. */
async function weSay(): Promise<[name: string, status: string][]> {
  const { body } = await api.get('/hub/items?installed=true&limit=500');
  return (body as { items: { name: string; status: string }[] }).items.map(({ name, status }) => [name, status]);
}

beforeAll(async () => {
  workbench = await Workbench.open();
  const [redis, running] = await Promise.all([workbench.redis(), workbench.crowdsec()]);
  crowdsec = running;
  const { proxyUrl } = await startInternet(workbench, crowdsec);
  await mkdir(join(crowdsec.folders.etc, 'scenarios'), { recursive: true });
  api = await startApi(workbench, { ...settingsFor(crowdsec), REDIS_URL: redis.url, HTTPS_PROXY: proxyUrl });
});

afterAll(() => workbench.stop());

describe('the Hub on disk', () => {
  it('keeps a collection whole: what it needs is not removed from under it', async () => {
    await api.post('/hub/items/collections/crowdsecurity/base-http-scenarios');
    const whole = await weSay();
    expect((await api.delete('/hub/presets/http-probing?preview=true')).body).toMatchObject({
      code: 'hub_item_needed',
    });
    expect((await api.delete('/hub/items/scenarios/crowdsecurity/http-probing')).body).toMatchObject({
      status: 409,
      code: 'hub_item_needed',
      detail: expect.stringContaining('crowdsecurity/base-http-scenarios') as string,
    });
    expect(await weSay()).toEqual(whole);
    await api.delete('/hub/items/collections/crowdsecurity/base-http-scenarios');
    expect(await weSay()).toEqual([]);
  });

  it('lists a link to what is no file, as one of which it knows nothing', async () => {
    const link = join(crowdsec.folders.etc, 'scenarios', 'http-probing.yaml');
    const target = join(crowdsec.folders.hub, 'scenarios/crowdsecurity/http-probing.yaml');
    const original = await readFile(target);
    await rm(target);
    await mkdir(target);
    await symlink(target, link);
    const found = await weSay();
    await unlink(link);
    await rm(target, { recursive: true });
    await writeFile(target, original);
    expect(found).toEqual([['crowdsecurity/http-probing', 'tainted']]);
  });

  it('does not say that a first index installed what has been there all along', async () => {
    await api.post('/hub/presets/bad-user-agents');
    await rm(join(crowdsec.folders.hub, '.index.json'));
    expect((await api.get('/hub/items')).status).toBe(503);
    const answer = await api.post('/hub/update');
    expect(answer).toMatchObject({ status: 200, body: { changes: [] } });
    await api.delete('/hub/presets/bad-user-agents');
    expect(await weSay()).toEqual([]);
  });
});
