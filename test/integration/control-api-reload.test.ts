/** An external CrowdSec, with its agent, told by the API to read what was installed. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { Child } from '../../scripts/servers/child.ts';
import type { CrowdsecServer } from '../../scripts/servers/crowdsec-server.ts';
import { Workbench } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';
import { settingsFor, startInternet } from './control-api-crowdsec.ts';
import { type ApiUnderTest, startApi } from './control-api-under-test.ts';

const SCENARIO = 'crowdsecurity/http-probing';
const ITEM = `/hub/items/scenarios/${SCENARIO}`;

let workbench: Workbench;
let files: CrowdsecServer;
let crowdsec: Child;
let settings: Record<string, string>;

/** Somebody else's CrowdSec: with an agent, which the tests' own goes without. */
async function startWithAgent(daemonize: boolean): Promise<Child> {
  const { folders, spec } = files;
  const config = parse(await readFile(folders.config, 'utf8')) as Record<string, unknown>;
  const log = join(folders.root, 'access.log');
  await writeFile(log, '');
  const acquisition = join(folders.etc, 'acquis.yaml');
  await writeFile(acquisition, stringify({ filenames: [log], labels: { type: 'caddy' } }));
  await writeFile(
    folders.config,
    stringify({
      ...config,
      common: { ...(config['common'] as object), daemonize },
      crowdsec_service: { acquisition_path: acquisition, parser_routines: 1 },
    }),
  );
  const child: Child = workbench.also(
    new Child({
      ...spec,
      args: ['-c', folders.config],
      ready: async () => (await spec.ready()) && child.logs().includes('Starting processing data'),
      readyWithinMs: 120_000,
    }),
  );
  await child.start();
  return child;
}

const api = (pid: string): Promise<ApiUnderTest> =>
  startApi(
    workbench,
    { ...settings, STATE_DIR: workbench.path('state'), CROWDSEC_PID: pid },
    { crowdsecStartingMs: 2_000 }, // it says itself when it is there: see startWithAgent
  );

beforeAll(async () => {
  workbench = await Workbench.open();
  const redis = await workbench.redis();
  files = await workbench.crowdsec();
  await files.stop();
  const internet = await startInternet(workbench, files);
  settings = { ...settingsFor(files), REDIS_URL: redis.url, HTTPS_PROXY: internet.proxyUrl };
});

afterAll(() => workbench.stop());

async function ready(under: ApiUnderTest): Promise<ApiUnderTest> {
  await waitFor(async () => (await under.get('/status')).status === 200, { what: 'the API to reach Redis' });
  return under;
}

describe('an external CrowdSec that may be told by a signal', () => {
  beforeAll(async () => {
    crowdsec = await startWithAgent(true);
  });

  it('has read a new scenario when the answer says so, in the same process', async () => {
    const before = crowdsec.pid;
    expect(crowdsec.logs()).not.toContain(SCENARIO);
    const under = await ready(await api('auto'));
    const done = await under.post(ITEM);
    expect(done.body).toMatchObject({ engine: { kind: 'reloaded' } });
    await waitFor(() => crowdsec.logs().includes('SIGHUP received, reloading'), { what: 'CrowdSec to say so' });
    await waitFor(() => crowdsec.logs().includes(SCENARIO), { what: 'the scenario to be loaded', withinMs: 60_000 });
    await waitFor(() => files.spec.ready(), { what: 'LAPI to be back' });
    expect(crowdsec.pid).toBe(before);
    expect((await under.get('/alerts')).status).toBe(200); // its tokens died with the reload
    await under.stop();
  });

  it('is told by its process id as well, and nobody else is', async () => {
    const under = await ready(await api(String(crowdsec.pid)));
    expect((await under.delete(ITEM)).body).toMatchObject({ engine: { kind: 'reloaded' } });
    await under.stop();
    const wrong = await ready(await api(String(process.pid))); // SIGHUP would end these tests
    expect((await wrong.post(ITEM)).body).toMatchObject({ engine: { kind: 'ask_operator' } });
    await wrong.delete(ITEM);
    await wrong.stop();
  });
});

describe('a CrowdSec that a signal would end', () => {
  it('is left alone, and the answer says to restart it', async () => {
    await crowdsec.stop();
    crowdsec = await startWithAgent(false);
    const { pid = 0 } = crowdsec;
    const under = await ready(await api('auto'));
    const done = await under.post(ITEM);
    // The second where these tests themselves run in a container.
    const command = expect.stringMatching(/^(systemctl|docker compose) restart crowdsec$/) as string;
    expect(done.body).toMatchObject({ engine: { kind: 'ask_operator', command } });
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    await under.stop();
  });

  it('does end: the real 1.4.6 on SIGHUP with daemonize: false', async () => {
    const ended = new Promise<string>((resolve) => crowdsec.onDeath(resolve));
    await crowdsec.kill('SIGHUP');
    expect(await ended).toBe('SIGHUP');
  });
});
