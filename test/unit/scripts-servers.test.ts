import { afterEach, describe, expect, it, vi } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { findCaddy, findCrowdsec, readVersion } from '../../scripts/servers/binaries.ts';
import { renderConfig, socketOf } from '../../scripts/servers/caddy-server.ts';
import { crowdsecConfig, crowdsecFolders, profiles, pushNotification } from '../../scripts/servers/crowdsec-config.ts';
import { manualAlert } from '../../scripts/servers/crowdsec-lapi.ts';
import { choosePort, freePort } from '../../scripts/servers/ports.ts';
import { redisArguments } from '../../scripts/servers/redis-server.ts';
import { claimState } from '../../scripts/start/run-lock.ts';
import { choosePorts, daemonEnvironment } from '../../scripts/start/settings.ts';

describe('versions', () => {
  it.each([
    ['v2.11.4 h1:abc=', '2.11.4'],
    ['2.6.2', '2.6.2'],
    ['Redis server v=7.0.15 sha=00000000:0', '7.0.15'],
    ['2026/11/22 15:17:23 version: v1.4.6-6~deb12u1+b1-debian', '1.4.6'],
    ['no number', ''],
  ])('%s', (output, version) => {
    expect(readVersion(output)).toBe(version);
  });
});

describe('a program that the user names', () => {
  afterEach(() => void vi.unstubAllEnvs());

  it('and that does not run is told by the name of the setting', async () => {
    vi.stubEnv('CADDY_BIN', '/bin/false');
    await expect(findCaddy('any')).rejects.toThrow(/^CADDY_BIN=\/bin\/false does not run \(.+\)\. Correct it/);
    vi.stubEnv('CADDY_BIN', '/bin/echo');
    await expect(findCaddy('any')).rejects.toThrow('CADDY_BIN=/bin/echo does not run (/bin/echo version: it tells no');
    vi.stubEnv('CROWDSEC_BIN', '/nowhere/crowdsec');
    await expect(findCrowdsec()).rejects.toThrow('CROWDSEC_BIN=/nowhere/crowdsec is no program that can be run');
  });
});

describe('Redis arguments', () => {
  const options = { binary: { path: 'redis-server', version: '' }, stateDir: '/state' };

  it('keep nothing unless told to', () => {
    const line = redisArguments(options, { port: 7 }).join(' ');
    expect(line).toContain('--port 7');
    expect(line).toContain('--appendonly no --save  --dir /state');
    expect(redisArguments({ ...options, persistent: true }, { port: 7 })).toContain('everysec');
  });

  it('open no port beside a socket', () => {
    expect(redisArguments(options, { socket: '/s' }).join(' ')).toContain('--port 0 --unixsocket /s');
  });
});

describe("Caddy's configuration", () => {
  it('gets the admin address, in a Caddyfile and in JSON', () => {
    const caddyfile = { kind: 'caddyfile', globals: 'auto_https off', sites: ':80' } as const;
    expect(renderConfig(caddyfile, 'unix//run/a.sock')).toBe(
      '{\n\tadmin unix//run/a.sock\n\tauto_https off\n}\n\n:80\n',
    );
    const json = renderConfig({ kind: 'json', value: { apps: {} } }, 'http://127.0.0.1:2019');
    expect(JSON.parse(json)).toEqual({ apps: {}, admin: { listen: '127.0.0.1:2019' } });
    expect(socketOf('unix//run/a.sock')).toBe('/run/a.sock');
    expect(socketOf('http://127.0.0.1:2019')).toBeUndefined();
  });
});

describe("CrowdSec's configuration", () => {
  const options = { folders: crowdsecFolders('/d'), listen: '127.0.0.1:1', push: true, asRoot: true };

  it('never reaches out, and stays in its folder', () => {
    const text = crowdsecConfig(options);
    expect(text).not.toMatch(/online_client|\/etc\/crowdsec/);
    expect(parse(text)).toMatchObject({ common: { daemonize: true }, cscli: { hub_branch: 'master' } });
  });

  it('has a place for an account at the Central API only where somebody may enroll it', () => {
    const account = '/d/etc/online_api_credentials.yaml';
    const config: unknown = parse(crowdsecConfig({ ...options, canEnroll: true }));
    expect(config).toHaveProperty('api.server.online_client.credentials_path', account);
  });

  it('runs the plugin as nobody where it can become somebody else', () => {
    expect(parse(crowdsecConfig(options))).toHaveProperty('plugin_config.user', 'nobody');
    expect(parse(crowdsecConfig({ ...options, asRoot: false }))).toHaveProperty('plugin_config.user', '');
    expect(parse(crowdsecConfig({ ...options, push: false }))).not.toHaveProperty('plugin_config');
  });

  it('tells about every alert, manual bans included, with the token', () => {
    const documents = parseAllDocuments(profiles(true)).map((document) => document.toJS() as object);
    expect(documents).toHaveLength(2);
    for (const document of documents) expect(document).toHaveProperty('notifications');
    expect(documents[1]).toMatchObject({ filters: ['true'] });
    expect(documents[1]).not.toHaveProperty('decisions');
    expect(parse(pushNotification({ url: 'http://x/', token: 't' }))).toMatchObject({
      headers: { Authorization: 'Bearer t' },
    });
  });

  it('bans an address as Ip and a network as Range', () => {
    expect(manualAlert('192.0.2.1', {})).toMatchObject({ source: { scope: 'Ip', ip: '192.0.2.1' } });
    expect(manualAlert('2001:db8::/32', {})).toMatchObject({ source: { scope: 'Range', range: '2001:db8::/32' } });
  });
});

describe('ports', () => {
  it.each(['0', '65536', '80a', '-1'])('refuses %s by the name of its setting', async (text) => {
    await expect(choosePort('START_X_PORT', text)).rejects.toThrow(`START_X_PORT=${text} is no port`);
  });

  it('takes what is given, then the last one, and never one port twice', async () => {
    const [given, last] = [await freePort(), await freePort()];
    const ports = await choosePorts({ START_SITE_PORT: String(given) }, { redis: last, lapi: last, site: 1 });
    expect(ports.site).toBe(given);
    expect(new Set(Object.values(ports)).size).toBe(5);
    expect([ports.redis, ports.lapi]).toContain(last);
  });

  it('refuses one port for two parts', async () => {
    const port = String(await freePort());
    await expect(choosePorts({ START_SITE_PORT: port, START_REDIS_PORT: port }, {})).rejects.toThrow(
      `START_REDIS_PORT=${port}: another setting asks for the same port`,
    );
  });
});

it('passes the settings of a user on, but never a second form of one of ours', () => {
  const options = { BAN_ACTION: {}, BOUNCER_TOKEN: {}, LOG_LEVEL: {} };
  const given = { BAN_ACTION: '451', BOUNCER_TOKEN: 'theirs', LOG_LEVEL: '', OTHER: 'x' };
  expect(daemonEnvironment(options, given, { BOUNCER_TOKEN_FILE: '/ours' })).toEqual({
    BAN_ACTION: '451',
    BOUNCER_TOKEN_FILE: '/ours',
  });
});

describe('the folder for the state', () => {
  it('that cannot be made is told with the setting that names another', async () => {
    await expect(claimState('/dev/null/state')).rejects.toThrow(
      /^the folder for the state cannot be made: .*ENOTDIR.*\/dev\/null\/state'\n +→ .*START_STATE_DIR=/,
    );
  });
});
