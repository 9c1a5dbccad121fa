import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { CrowdsecServer } from '../../scripts/servers/crowdsec-server.ts';
import { call } from '../../scripts/servers/http.ts';
import { freePort } from '../../scripts/servers/ports.ts';
import type { RedisServer } from '../../scripts/servers/redis-server.ts';
import { ControlApiProcess } from '../../scripts/servers/sidecar.ts';
import { requireBuild } from '../support/built.ts';
import type { Internet } from '../support/internet/internet.ts';
import { Workbench } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';
import { settingsFor, startInternet } from './control-api-crowdsec.ts';
import { type ApiUnderTest, startApi } from './control-api-under-test.ts';

/** LAPI refuses a machine whose User-Agent has not exactly one slash. */
const AS_A_MACHINE = { 'user-agent': 'caddy-crowdsec-sidecar-tests/1.0' };

let workbench: Workbench;
let redis: RedisServer;
let crowdsec: CrowdsecServer;
let internet: Internet;
let stateDir: string;
let api: ApiUnderTest;
const logged: string[] = [];

const log = pino(
  { level: 'info' },
  new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      logged.push((JSON.parse(chunk.toString()) as { msg: string }).msg);
      done();
    },
  }),
);

const settings = (): Record<string, string> => ({
  ...settingsFor(crowdsec),
  REDIS_URL: redis.url,
  HTTPS_PROXY: internet.proxyUrl,
  STATE_DIR: stateDir,
  CROWDSEC_ENGINE: 'managed',
  CROWDSEC_BIN: `${crowdsec.spec.command} -no-cs`,
});

const engine = async () => ((await api.get('/status')).body as { engine: { state: string; error?: string } }).engine;
/** @returns all that was said of it then: the next answer may be of another state. */
const until = (state: string) =>
  waitFor(
    async () => {
      const said = await engine();
      return said.state === state && said;
    },
    { what: `the engine to be ${state}` },
  );
const pid = () => Number(readFileSync(join(stateDir, 'crowdsec.pid'), 'utf8'));
const isAlive = (id: number) => existsSync(`/proc/${id}`);

beforeAll(async () => {
  workbench = await Workbench.open();
  [redis, crowdsec] = await Promise.all([workbench.redis({ persistent: true }), workbench.crowdsec()]);
  await crowdsec.stop(); // from here on it is the API's to start
  internet = await startInternet(workbench, crowdsec);
  stateDir = workbench.path('state');
  api = await startApi(workbench, settings(), { log });
  await waitFor(async () => (await api.get('/status')).status === 200, { what: 'the API to reach Redis' });
});

afterAll(() => workbench.stop());

async function tokenOfLapi(): Promise<string> {
  const { login, password } = parse(readFileSync(crowdsec.folders.credentials, 'utf8')) as Record<string, string>;
  const answer = await call({
    url: `${crowdsec.url}/v1/watchers/login`,
    method: 'POST',
    headers: { ...AS_A_MACHINE, 'content-type': 'application/json' },
    body: JSON.stringify({ machine_id: login, password, scenarios: [] }),
  });
  return (JSON.parse(answer.body) as { token: string }).token;
}

const alertsWith = (token: string) =>
  call({ url: `${crowdsec.url}/v1/alerts?limit=1`, headers: { ...AS_A_MACHINE, authorization: `Bearer ${token}` } });

describe('a managed engine', () => {
  it('is started at boot, since protection was never switched off', async () => {
    await until('running');
    expect((await fetch(`${crowdsec.url}/health`)).status).toBe(200);
    expect(logged).toContain('[CROWDSEC_STARTUP] CrowdSec is starting; LAPI can take a minute');
    expect(logged.some((message) => /^\[CROWDSEC_STARTUP\] LAPI is ready after \d+ ms$/.test(message))).toBe(true);
  });

  it('is stopped with PUT /enabled false, and started again with true', async () => {
    const before = pid();
    await api.put('/enabled', { enabled: false });
    await until('stopped');
    expect(isAlive(before)).toBe(false);
    await api.put('/enabled', { enabled: true });
    await until('running');
  });

  it('is started again when it crashed', async () => {
    process.kill(pid(), 'SIGKILL');
    expect((await until('crashed')).error).toBe('it was ended by SIGKILL');
    await until('running');
  });

  it('reads its items again after a change of the Hub', async () => {
    const before = pid();
    const token = await tokenOfLapi();
    expect((await alertsWith(token)).status).toBe(200);
    const done = await api.post('/hub/items/scenarios/crowdsecurity/http-probing');
    expect(done.body).toMatchObject({ engine: { kind: 'reloaded' } });
    // Until its old LAPI closes the door, that answers as if nothing had happened.
    await waitFor(async () => (await alertsWith(token)).status === 401, {
      what: 'LAPI to be back, without its tokens',
    });
    expect(pid()).toBe(before);
    expect((await api.get('/alerts')).status).toBe(200); // of those that died, one was the API's
    expect((await api.post('/hub/update')).body).not.toHaveProperty('engine'); // nothing changed: nothing to read
  });

  it('stays off over a restart of the API when it was switched off, and never outlives it', async () => {
    const before = pid();
    await api.stop();
    expect(isAlive(before)).toBe(false);
    api = await startApi(workbench, settings(), { log });
    await until('running');
    await api.put('/enabled', { enabled: false });
    await until('stopped');
    await api.stop();
    api = await startApi(workbench, settings(), { log });
    await waitFor(async () => (await api.get('/status')).status === 200, { what: 'the API to reach Redis' });
    expect((await engine()).state).toBe('stopped');
    const removed = await api.delete('/hub/items/scenarios/crowdsecurity/http-probing');
    expect(removed.body).toMatchObject({
      engine: {
        kind: 'not_running',
        next_step: 'It reads the change when it is started next: switch protection on for that.',
      },
    });
    await api.put('/enabled', { enabled: true });
    await until('running');
  });

  it('says why it does not start, and goes on trying', async () => {
    await api.stop();
    api = await startApi(workbench, { ...settings(), CROWDSEC_BIN: '/nowhere/crowdsec' }, { log });
    expect((await until('crashed')).error).toContain('/nowhere/crowdsec');
    await api.stop();
  });

  it('ends with the API even when that is killed', async () => {
    requireBuild();
    const token = 'a-token-for-the-tests';
    const program = workbench.also(
      new ControlApiProcess({ port: await freePort(), token, env: { ...settings(), CONTROL_API_TOKEN: token } }),
    );
    await program.start();
    const id = await waitFor(() => (existsSync(join(stateDir, 'crowdsec.pid')) ? pid() : undefined), {
      what: 'the engine',
    });
    await waitFor(async () => (await fetch(`${crowdsec.url}/health`)).status === 200, { what: 'LAPI' });
    await program.kill('SIGKILL');
    await waitFor(() => !isAlive(id), { what: 'the engine to be gone' });
  });
});
