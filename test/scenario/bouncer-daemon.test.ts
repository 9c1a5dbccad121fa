import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../scripts/servers/ports.ts';
import { projectRoot } from '../../scripts/servers/project-root.ts';
import { type BouncerConfig, bouncerOptions } from '../../bouncer/config.ts';
import { Daemon } from '../../bouncer/daemon.ts';
import { readConfig } from '../../bouncer/shared/config/read.ts';
import { parseAddress } from '../../bouncer/shared/net/prefix.ts';
import { systemClock } from '../../bouncer/shared/runtime/clock.ts';
import { requireBuild } from '../support/built.ts';
import { EmptyCaddy } from '../support/empty-caddy.ts';
import { rawDecision } from '../support/fake-decision.ts';
import { EMPTY, FakeLapi, KEY } from '../support/fake-lapi.ts';
import { fakeLog } from '../support/fake-log.ts';
import { waitFor } from '../support/wait-for.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const CONFIRMED = { confirm: true, full: false };

const stops: (() => unknown)[] = [];
let lapi: FakeLapi;
let caddyUrl: string;
let stateDir: string;

beforeAll(() => requireBuild(), 120_000);
beforeEach(async () => {
  lapi = await FakeLapi.http();
  stops.push(() => lapi.stop());
  const caddy = await EmptyCaddy.start();
  stops.push(() => caddy.stop());
  caddyUrl = caddy.url;
  stateDir = temporaryFolder('daemon');
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

const settings = () => ({
  CROWDSEC_LAPI_URL: lapi.url,
  CROWDSEC_BOUNCER_KEY: KEY,
  CADDY_ADMIN: caddyUrl,
  REDIS_URL: 'none',
  BOUNCER_LISTEN: '127.0.0.1:0',
  STATE_DIR: stateDir,
});

async function started(changes: Readonly<Record<string, string>> = {}): Promise<Daemon> {
  const environment = { ...settings(), ...changes };
  const read = readConfig(bouncerOptions, { flags: {}, environment, file: {}, readSecretFile: () => '' });
  if (read.kind === 'invalid') throw new Error(JSON.stringify(read.problems));
  const config: BouncerConfig = read.values;
  const daemon = new Daemon(config, systemClock, fakeLog().log);
  stops.push(() => daemon.stop());
  await daemon.start();
  return daemon;
}

function verdictOn(daemon: Daemon, ip: string) {
  const address = parseAddress(ip);
  if (address === undefined) throw new Error(`the test says ${ip} is an address`);
  return daemon.lookup(address).verdict;
}

describe('a refresh that waits', () => {
  it('confirms what LAPI said', async () => {
    const daemon = await started();
    lapi.says(200, JSON.stringify({ new: [rawDecision(1, '192.0.2.1')], deleted: [] }));
    await expect(daemon.refresh(CONFIRMED)).resolves.toEqual([]);
    expect(verdictOn(daemon, '192.0.2.1')).toBe('banned');
  });

  it('confirms nothing when LAPI did not answer it', async () => {
    const daemon = await started();
    await daemon.refresh(CONFIRMED);
    lapi.says(403, '{"message":"access forbidden"}');
    await expect(daemon.refresh(CONFIRMED)).resolves.toEqual([expect.stringContaining("refuses the bouncer's key")]);
    lapi.says(200, EMPTY);
    await expect(daemon.refresh(CONFIRMED)).resolves.toEqual([]);
  });
});

describe('a start while LAPI is gone', () => {
  const group = (origin: string, id: number, value: string) => ({ origin, scenario: 's', type: 'ban', ids: [id], values: [value], until: [9e9] }); // prettier-ignore
  const snapshot = { schema: 1, taken_at: 1, groups: [group('cscli', 1, '192.0.2.1'), group('CAPI', 2, '192.0.2.2')] };

  beforeEach(() => {
    lapi.says(500, '');
    writeFileSync(join(stateDir, 'snapshot.json.gz'), gzipSync(JSON.stringify(snapshot)));
  });

  it('enforces the last snapshot', async () => {
    expect(verdictOn(await started(), '192.0.2.2')).toBe('banned');
  });

  it('leaves out of it what the configuration no longer wants', async () => {
    const daemon = await started({ CROWDSEC_ORIGINS: 'cscli' });
    expect([verdictOn(daemon, '192.0.2.1'), verdictOn(daemon, '192.0.2.2')]).toEqual(['banned', 'clear']);
  });
});

describe('the program', () => {
  function run(config: Readonly<Record<string, string>>) {
    const file = join(stateDir, 'config.json');
    writeFileSync(file, JSON.stringify(config));
    const main = join(projectRoot, 'dist/bouncer/main.js');
    const child = spawn(process.execPath, [main, 'run', '--config', file], { env: { PATH: process.env['PATH'] } });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
    stops.push(() => child.kill('SIGKILL'));
    const exited = once(child, 'close'); // not 'exit': its last words may come after that
    const reload = (changed: Readonly<Record<string, string>>) => {
      writeFileSync(file, JSON.stringify(changed));
      child.kill('SIGHUP');
    };
    const says = (text: string) => waitFor(() => output.includes(text), { what: `"${text}" in\n${output}` });
    return { child, exited, reload, says, output: () => output };
  }

  const health = async (port: number) => (await fetch(`http://127.0.0.1:${port}/healthz`)).status;

  it('stops in order at SIGTERM, and exits 0', async () => {
    const port = await freePort();
    const { child, exited, output } = run({ ...settings(), BOUNCER_LISTEN: `127.0.0.1:${port}` });
    await waitFor(() => health(port), { what: 'the bouncer' });
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    expect(output()).not.toContain(KEY);
    expect(output()).toContain('Caddy keeps the last rules');
  });

  it('keeps the old configuration when the new one is wrong, or cannot run', async () => {
    const [port, other] = [await freePort(), await listening(createServer())];
    const config = { ...settings(), BOUNCER_LISTEN: `127.0.0.1:${port}` };
    const { child, exited, reload, says } = run(config);
    await waitFor(() => health(port), { what: 'the bouncer' });
    reload({ ...config, BAN_ACTION: '200' });
    await says('keeping the old one');
    reload({ ...config, BOUNCER_LISTEN: `127.0.0.1:${other}` });
    await says('cannot run with the new configuration');
    await waitFor(() => health(port), { what: 'the bouncer to be back' });
    const moved = await freePort();
    reload({ ...config, BOUNCER_LISTEN: `127.0.0.1:${moved}` });
    await waitFor(() => health(moved), { what: 'the bouncer at its new port' });
    child.kill('SIGINT');
    expect(await exited).toEqual([0, null]);
  });

  it('exits 1 with the reason when its port is taken', async () => {
    const port = await listening(createServer());
    const { exited, output } = run({ ...settings(), BOUNCER_LISTEN: `127.0.0.1:${port}` });
    expect(await exited).toEqual([1, null]);
    expect(output()).toContain('give another address in BOUNCER_LISTEN');
  });
});
