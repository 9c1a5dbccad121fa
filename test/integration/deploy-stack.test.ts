/** What compose would run, without an engine: its own Caddyfile, start script and profiles, on real servers. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Child } from '../../scripts/servers/child.ts';
import { findCrowdsec } from '../../scripts/servers/binaries.ts';
import { PUSH_NAME } from '../../scripts/servers/crowdsec-config.ts';
import { CrowdsecServer } from '../../scripts/servers/crowdsec-server.ts';
import { call } from '../../scripts/servers/http.ts';
import { freePort } from '../../scripts/servers/ports.ts';
import { BouncerProcess } from '../../scripts/servers/sidecar.ts';
import { requireBuild } from '../support/built.ts';
import { DEPLOY } from '../support/compose.ts';
import { caddyBinary, Workbench } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';

const CLIENT = '127.44.5.6';

let bench: Workbench;
beforeAll(async () => {
  requireBuild();
  bench = await Workbench.open();
});
afterAll(() => bench.stop());

/** The Caddyfile of the compose file; only its paths and ports are this test's. */
async function startCaddy(environment: Record<string, string>) {
  const [site, probe, upstream] = [await freePort(), await freePort(), await freePort()];
  const folder = bench.path('c');
  mkdirSync(join(folder, 'clients'), { recursive: true });
  for (const name of ['direct', 'cdn']) {
    copyFileSync(join(DEPLOY, 'caddy', 'clients', `${name}.caddyfile`), join(folder, 'clients', `${name}.caddyfile`));
  }
  const text = readFileSync(join(DEPLOY, 'caddy', 'Caddyfile'), 'utf8');
  const own = text
    .replaceAll('/run/caddy/', `${folder}/`)
    .replaceAll('/var/log/caddy/', `${folder}/`)
    .replaceAll(':8099', `:${probe}`)
    .replaceAll(':8098', `:${upstream}`);
  writeFileSync(join(folder, 'Caddyfile'), own);
  const { path } = await caddyBinary('newest');
  const probeUrl = `http://127.0.0.1:${probe}`;
  const caddy = new Child({
    name: "the compose file's Caddy",
    command: path,
    args: ['run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile'],
    env: { HOME: folder, SITE_ADDRESS: `http://127.0.0.1:${site}`, UPSTREAM: `127.0.0.1:${upstream}`, ...environment },
    cwd: folder,
    ready: async () => (await call({ url: `${probeUrl}/healthz` })).status === 200,
  });
  await bench.also(caddy).start();
  return { folder, admin: `unix/${join(folder, 'admin.sock')}`, siteUrl: `http://127.0.0.1:${site}/`, probeUrl };
}

/** A CrowdSec 1.4.6 that start.sh and profiles.yaml.local were given to, as the container is. */
async function startCrowdsec(token: string, refreshUrl: string): Promise<CrowdsecServer> {
  const stateDir = bench.path('crowdsec');
  const push = { url: 'http://127.0.0.1:9/', token: 'unused' };
  const server = bench.also(await CrowdsecServer.start({ binaries: await findCrowdsec(), stateDir, push }));
  expect(server.pushProblem).toBeUndefined();
  await server.stop();
  const { etc, notifications } = server.folders;
  rmSync(join(notifications, `${PUSH_NAME}.yaml`)); // the one that our own CrowdsecServer made
  const secrets = bench.path('secrets');
  mkdirSync(secrets);
  for (const name of ['bouncer_key', 'bouncer_token', 'machine_password']) writeFileSync(join(secrets, name), token);
  execFileSync('bash', [join(DEPLOY, 'crowdsec', 'start.sh'), 'true'], {
    env: {
      ...process.env,
      SECRETS_DIR: secrets,
      NOTIFICATIONS_DIR: notifications,
      REFRESH_URL: refreshUrl,
    },
  });
  copyFileSync(join(DEPLOY, 'crowdsec', 'profiles.yaml.local'), join(etc, 'profiles.yaml.local'));
  // The distribution's own profile stays, without a push of its own.
  writeFileSync(
    join(etc, 'profiles.yaml'),
    "name: default_ip_remediation\nfilters: ['Alert.Remediation == true']\ndecisions: [{type: ban, duration: 4h}]\non_success: break\n",
  );
  await server.start();
  return server;
}

describe("the compose file's parts together", () => {
  it('ban and let in again within moments: pushed by CrowdSec, through the lane, without a reload', async () => {
    const token = 't'.repeat(40);
    const port = await freePort();
    const crowdsec = await startCrowdsec(token, `http://127.0.0.1:${port}/refresh`);
    const { admin, siteUrl, probeUrl } = await startCaddy({ CLIENTS: 'direct' });
    const bouncer = new BouncerProcess({
      port,
      token,
      env: {
        CROWDSEC_LAPI_URL: crowdsec.url,
        CROWDSEC_BOUNCER_KEY_FILE: await crowdsec.addBouncer('caddy_sidecar'),
        CROWDSEC_POLL_INTERVAL: '1h', // so that only a push can tell it
        BOUNCER_TOKEN: token,
        CADDY_ADMIN: admin,
        CADDY_PROBE_URL: probeUrl,
        LANE_DIR: bench.path('lane'),
        LOG_BLOCKED: 'skip',
        REDIS_URL: 'none',
        STATE_DIR: bench.path('state'),
      },
    });
    await bench.also(bouncer).start();
    const isProven = async () => (await bouncer.get('/readyz')).body.includes('"state":"proven"');
    await waitFor(isProven, { what: 'the lane to be proven' });
    const visit = async () => (await call({ url: siteUrl, localAddress: CLIENT })).status;
    const pushes = async () => /^crowdsec_push_total.*$/gm.exec((await bouncer.get('/metrics')).body)?.[0];
    expect(await visit()).toBe(200);
    const before = await pushes();

    await crowdsec.ban(CLIENT);
    await waitFor(async () => (await visit()) === 403, { what: 'the ban to be enforced' });
    await crowdsec.unban(CLIENT);
    await bouncer.refresh(); // CrowdSec tells of alerts, never of deletions
    await waitFor(async () => (await visit()) === 200, { what: 'the client to be let in again' });
    expect(await pushes()).toBe(before);
  });

  it('writes an access log as JSON that its group may read, with the address that the CDN vouches for', async () => {
    const { folder, siteUrl } = await startCaddy({ CLIENTS: 'cdn', TRUSTED_PROXIES: '127.0.0.0/8 ::1' });
    await call({ url: siteUrl, headers: { 'x-forwarded-for': '9.9.9.9, 198.51.100.7' } });
    const path = join(folder, 'access.log');
    const last = () => readFileSync(path, 'utf8').trim().split('\n').at(-1) ?? '';
    const line = await waitFor(() => JSON.parse(last()) as object, { what: 'a line in the access log' });
    expect(line).toMatchObject({ request: { client_ip: '198.51.100.7' } });
    expect((statSync(path).mode & 0o777).toString(8)).toBe('640');
  });
});
