import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { removeStatus } from '../../bouncer/shared/redis/status-store.ts';
import type { CaddyServer } from '../../scripts/servers/caddy-server.ts';
import type { CrowdsecServer } from '../../scripts/servers/crowdsec-server.ts';
import type { RedisServer } from '../../scripts/servers/redis-server.ts';
import type { Internet } from '../support/internet/internet.ts';
import type { Workbench } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';
import { type Diagnosed, startDiagnosed } from './control-api-diagnosed.ts';
import { type ApiUnderTest, startApi } from './control-api-under-test.ts';

type Connection = Record<string, unknown>;
interface ConfigChecks {
  valid: boolean;
  checks: { id: string; status: string; message: string; hint?: string }[];
}

let diagnosed: Diagnosed;
let workbench: Workbench;
let redis: RedisServer;
let crowdsec: CrowdsecServer;
let caddy: CaddyServer;
let internet: Internet;
let link: RedisLink;
let api: ApiUnderTest;
let settings: Record<string, string>;
let speak: () => Promise<void>;

const connectivity = async () => (await api.get('/diagnostics/connectivity')).body as Record<string, Connection>;
const config = async () => (await api.get('/diagnostics/config')).body as ConfigChecks;
const check = async (id: string) => (await config()).checks.find((found) => found.id === id);

beforeAll(async () => {
  diagnosed = await startDiagnosed();
  ({ workbench, redis, crowdsec, caddy, internet, link, settings, speak } = diagnosed);
  api = await startApi(workbench, settings);
  await waitFor(async () => (await api.get('/status')).status === 200, { what: 'the API to reach Redis' });
});

afterEach(() => {
  internet.unreachable.clear();
  internet.silent.clear();
});

afterAll(() => diagnosed.stop());

/** The answers are shared for a second. */
const laterThan = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('GET /diagnostics/connectivity', () => {
  it('answers as the document shows when all is well', async () => {
    await speak();
    const found = await connectivity();
    expect(found['lapi']).toEqual({ status: 'healthy', latency_ms: expect.any(Number) as number });
    expect(found['capi']).toEqual({ status: 'reachable', latency_ms: expect.any(Number) as number });
    expect(found['hub']).toEqual({ status: 'reachable', latency_ms: expect.any(Number) as number });
    expect(found['redis']).toEqual({ status: 'healthy', latency_ms: expect.any(Number) as number });
    expect(found['caddy']).toEqual({ status: 'healthy', latency_ms: expect.any(Number) as number });
    expect(found['bouncer']).toEqual({ status: 'enforcing' });
  });

  it('spends no login at the Central API', async () => {
    await laterThan(1_100);
    await connectivity();
    expect(internet.capi.logins).toEqual([]);
  });

  it('names what refuses the way to the Central API, the proxy in use included', async () => {
    await laterThan(1_100);
    internet.unreachable.add('api.crowdsec.net');
    const { capi } = await connectivity();
    expect(capi).toMatchObject({ status: 'unreachable' });
    expect(capi?.['error']).toContain(internet.proxyUrl);
    expect(capi?.['hint']).toContain('HTTPS_PROXY');
  });

  it.each([
    ['a name that does not resolve', 'http://no-such-host.invalid/', 'dns'],
    ['a port where nobody listens', 'http://127.0.0.1:1/', 'tcp'],
  ])('tells apart %s', async (_, url, stage) => {
    await laterThan(1_100);
    const path = join(crowdsec.folders.etc, 'online_api_credentials.yaml');
    await writeFile(path, `url: ${url}\nlogin: a\npassword: b\n`);
    expect((await connectivity())['capi']?.['error']).toContain(`: ${stage}: `);
    await writeFile(path, '# not registered\n');
  });

  it('tells a certificate that nobody vouches for', async () => {
    const authority = process.env['SSL_CERT_FILE'];
    delete process.env['SSL_CERT_FILE'];
    const stranger = await startApi(workbench, settings);
    const { capi } = (await stranger.get('/diagnostics/connectivity')).body as Record<string, Connection>;
    process.env['SSL_CERT_FILE'] = authority ?? '';
    await stranger.stop();
    expect(capi?.['error']).toContain(': tls: ');
  });

  it('says what to do about a LAPI that is down, and about something else on its port', async () => {
    await laterThan(1_100);
    await crowdsec.stop();
    const { lapi } = await connectivity();
    await crowdsec.start();
    expect(lapi).toMatchObject({
      status: 'unreachable',
      error: expect.stringContaining('connection refused') as string,
    });
    expect(lapi?.['hint']).toContain('60 seconds');

    const website = createServer((_, response) => response.end('<html>'));
    await new Promise<void>((resolve) => website.listen(0, '127.0.0.1', resolve));
    const { port } = website.address() as AddressInfo;
    const other = await startApi(workbench, { ...settings, CROWDSEC_LAPI_URL: `http://127.0.0.1:${port}` });
    const answer = (await other.get('/diagnostics/connectivity')).body as Record<string, Connection>;
    await other.stop();
    website.close();
    expect(answer['lapi']).toMatchObject({ status: 'unhealthy' });
  });

  it('works while Redis is gone', async () => {
    await laterThan(1_100);
    await redis.stop();
    await waitFor(async () => (await api.get('/status')).status === 503, { what: 'the API to notice' });
    const found = await connectivity();
    await redis.start();
    expect(found['redis']).toMatchObject({ status: 'unreachable' });
    expect(found['lapi']).toMatchObject({ status: 'healthy' });
    await waitFor(() => link.isUp, { what: 'the test to reach Redis again' });
    await waitFor(async () => (await api.get('/status')).status === 200, { what: 'the API to reach Redis again' });
  });

  it('shows a Caddy that is gone, and a bouncer that is offline', async () => {
    await laterThan(1_100);
    await removeStatus(link, 'one');
    await caddy.stop();
    const found = await connectivity();
    await caddy.start();
    expect(found['caddy']).toMatchObject({ status: 'unreachable', hint: expect.any(String) as string });
    expect(found['bouncer']).toMatchObject({ status: 'offline', error: 'no bouncer is alive' });
  });
});

describe('GET /diagnostics/config', () => {
  const withFile = async (name: string, content: string, work: () => Promise<void>) => {
    const path = join(crowdsec.folders.etc, name);
    const before = await readFile(path, 'utf8').catch(() => '');
    await writeFile(path, content);
    await laterThan(1_100);
    await work();
    await writeFile(path, before);
  };

  it('is valid for a CrowdSec that is set up', async () => {
    await speak();
    await laterThan(1_100);
    const { valid, checks } = await config();
    expect(checks.filter(({ status }) => status === 'failed')).toEqual([]);
    expect(valid).toBe(true);
    const statuses = Object.fromEntries(checks.map(({ id, status }) => [id, status]));
    expect(statuses).toMatchObject({
      config_yaml: 'ok',
      profiles_yaml: 'ok',
      machine_credentials: 'ok',
      bouncer_key: 'ok',
      machine_login: 'ok',
      stream_age: 'ok',
      rules: 'ok',
      enrollment: 'ok',
      clock: 'ok',
    });
  });

  it('names the line of a file that is not valid, and does not quote it', async () => {
    await withFile('profiles.yaml', 'name: a\nfilters: [hunter2\n', async () => {
      const found = await check('profiles_yaml');
      expect(found).toMatchObject({
        status: 'failed',
        message: expect.stringMatching(/profiles\.yaml, line \d+: not valid YAML/) as string,
      });
      expect(JSON.stringify(found)).not.toContain('hunter2');
      expect((await config()).valid).toBe(false);
    });
  });

  it('sees a password that everybody may read', async () => {
    await chmod(crowdsec.folders.credentials, 0o644);
    await laterThan(1_100);
    expect(await check('machine_credentials')).toMatchObject({
      status: 'warning',
      hint: `chmod 600 ${crowdsec.folders.credentials}`,
    });
    await chmod(crowdsec.folders.credentials, 0o600);
  });

  it('does not consume decisions of the bouncer whose key it checks', async () => {
    await crowdsec.ban('203.0.113.77');
    await laterThan(1_100);
    expect(await check('bouncer_key')).toMatchObject({ status: 'ok' });
    const key = await readFile(settings['CROWDSEC_BOUNCER_KEY_FILE'] ?? '', 'utf8');
    const reply = await fetch(`${crowdsec.url}/v1/decisions/stream`, { headers: { 'x-api-key': key.trim() } });
    expect(await reply.text()).toContain('203.0.113.77');
  });

  it('tells a key and a machine that LAPI does not know, each with its fix', async () => {
    const { CROWDSEC_BOUNCER_KEY_FILE: _, ...others } = settings;
    const stranger = await startApi(workbench, {
      ...others,
      CROWDSEC_BOUNCER_KEY: 'not-the-key',
      CROWDSEC_MACHINE_ID: 'nobody',
      CROWDSEC_MACHINE_PASSWORD: 'hunter2',
    });
    const text = JSON.stringify((await stranger.get('/diagnostics/config')).body);
    await stranger.stop();
    const { checks } = JSON.parse(text) as ConfigChecks;
    expect(checks.find(({ id }) => id === 'bouncer_key')).toMatchObject({
      status: 'failed',
      hint: expect.stringContaining('cscli bouncers add') as string,
    });
    expect(checks.find(({ id }) => id === 'machine_login')).toMatchObject({
      status: 'failed',
      hint: expect.stringContaining('cscli machines add') as string,
    });
    expect(text).not.toMatch(/hunter2|not-the-key/);
  });

  it('says where the folder should be when CrowdSec is not where it is looked for', async () => {
    const lost = await startApi(workbench, { ...settings, CROWDSEC_CONFIG_DIR: '/nowhere/crowdsec' });
    const { checks } = (await lost.get('/diagnostics/config')).body as ConfigChecks;
    await lost.stop();
    expect(checks.find(({ id }) => id === 'config_yaml')).toMatchObject({
      status: 'failed',
      hint: expect.stringContaining('CROWDSEC_CONFIG_DIR') as string,
    });
    expect(checks.find(({ id }) => id === 'profiles_yaml')).toMatchObject({ status: 'skipped' });
  });

  it('gives every failed check a fix of one line', async () => {
    const lost = await startApi(workbench, { CADDY_ADMIN: 'http://127.0.0.1:1', REDIS_URL: redis.url });
    const { checks } = (await lost.get('/diagnostics/config')).body as ConfigChecks;
    await lost.stop();
    for (const { status, hint } of checks.filter((found) => found.status === 'failed')) {
      expect([status, hint]).toEqual(['failed', expect.stringMatching(/^[^\n]{10,}$/)]);
    }
  });
});
