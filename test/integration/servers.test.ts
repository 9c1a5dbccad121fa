import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call } from '../../scripts/servers/http.ts';
import { freePort } from '../../scripts/servers/ports.ts';
import { allProcesses, isRunning } from '../support/processes.ts';
import { CADDY_VERSIONS, Workbench } from '../support/servers.ts';
import { openSite, plainProxy, requestAs, siteWith } from '../support/site.ts';
import { startUpstream } from '../support/upstream.ts';
import { waitFor } from '../support/wait-for.ts';

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.open();
});
afterAll(() => bench.stop());

describe('a real Redis', () => {
  it('answers, forgets on a restart, and is gone after its stop', async () => {
    const redis = await bench.redis();
    await redis.command('SET', 'key', 'value');
    expect(await redis.command('GET', 'key')).toBe('$5');
    await redis.restart();
    expect(await redis.command('GET', 'key')).toBe('$-1');
    const { pid } = redis;
    await redis.stop();
    expect(isRunning(pid)).toBe(false);
  });

  it('keeps its data over SIGTERM when told to, and loses it when wiped', async () => {
    const redis = await bench.redis({ persistent: true });
    await redis.command('SET', 'key', 'value');
    await redis.restart();
    expect(await redis.command('GET', 'key')).toBe('$5');
    await redis.wipe();
    expect(await redis.command('GET', 'key')).toBe('$-1');
  });

  it('listens on a unix socket', async () => {
    const redis = await bench.redis({ socket: join(bench.folder, 'redis.sock') });
    expect(await redis.command('PING')).toBe('+PONG');
    expect(redis.url).toMatch(/^unix:\/\/\//);
  });
});

describe('a real CrowdSec', () => {
  const stream = async (url: string, keyFile: string) => {
    const key = await readFile(keyFile, 'utf8');
    const headers = { 'x-api-key': key.trim(), 'user-agent': 'test/1' };
    return call({ url: `${url}/v1/decisions/stream?startup=true&dedup=false`, headers });
  };

  it('mints accounts into files that only their owner can read', async () => {
    const crowdsec = await bench.crowdsec();
    const keyFile = await crowdsec.addBouncer('reader');
    for (const path of [keyFile, crowdsec.folders.credentials]) expect((await stat(path)).mode & 0o777).toBe(0o600);
    await crowdsec.ban('203.0.113.9', { duration: '10m', reason: 'a test' });
    await crowdsec.import([{ value: '10.0.0.0/8' }, { value: '2001:db8::1' }]);
    const { body } = await stream(crowdsec.url, keyFile);
    for (const value of ['203.0.113.9', '10.0.0.0/8', '2001:db8::1']) expect(body).toContain(`"${value}"`);
    expect(await crowdsec.unban('203.0.113.9')).toBe(1);
    expect(await crowdsec.deleteAll()).toBe(2);
  });

  it('is driven on after a restart, and with the same accounts after its database is wiped', async () => {
    const crowdsec = await bench.crowdsec();
    const keyFile = await crowdsec.addBouncer('survivor');
    await crowdsec.ban('203.0.113.10');
    await crowdsec.restart();
    expect((await stream(crowdsec.url, keyFile)).body).toContain('203.0.113.10');
    await crowdsec.ban('203.0.113.11');
    await crowdsec.wipeDatabase();
    const wiped = await stream(crowdsec.url, keyFile);
    expect(wiped.status).toBe(200);
    expect(wiped.body).not.toContain('203.0.113');
    await crowdsec.ban('203.0.113.12');
  });

  it('tells a URL about a ban, and leaves no plugin behind', async () => {
    const told = bench.also(await startUpstream());
    const crowdsec = await bench.crowdsec({ push: { url: `${told.url}/refresh`, token: 'let-me-in' } });
    expect(crowdsec.pushProblem).toBeUndefined();
    await crowdsec.ban('203.0.113.13');
    const seen = await waitFor(() => told.requests[0], { what: 'the push' });
    expect(seen).toMatchObject({ method: 'POST', url: '/refresh', headers: { authorization: 'Bearer let-me-in' } });
    await crowdsec.stop();
    const left = async () => (await allProcesses()).filter(({ command }) => command.includes(crowdsec.folders.plugins));
    await waitFor(async () => (await left()).length === 0, { what: 'a plugin that was killed to be gone' });
  });
});

describe.each(CADDY_VERSIONS)('a real Caddy %s', (version) => {
  it.each([undefined, 0])('serves, is reloaded, killed and started again (admin port: %s)', async (adminPort) => {
    const site = await openSite(version, bench.also(await startUpstream()));
    const caddy = await bench.caddy(version, plainProxy(site), adminPort);
    expect(await requestAs('127.9.9.9', site)).toMatchObject({ status: 200, body: 'the site' });
    expect(site.upstream.requests[0]?.headers['x-forwarded-for']).toBe('127.9.9.9');
    await caddy.reload(siteWith(site, 'respond "reloaded"'));
    expect((await requestAs('::1', site)).body).toBe('reloaded');
    await caddy.kill('SIGKILL');
    await caddy.start();
    expect((await requestAs('127.9.9.9', site)).body).toBe('reloaded');
    expect(await caddy.adapt(`:${await freePort()} {\n\trespond "x"\n}`)).toHaveProperty('apps.http.servers');
    expect(await caddy.config('apps/http/servers')).toHaveProperty('srv0');
  });
});

it('lets any address be simulated on the newest Caddy, and says why not on 2.6.2', async () => {
  const upstream = bench.also(await startUpstream());
  const newest = await openSite('newest', upstream);
  await bench.caddy('newest', siteWith(newest, 'respond {client_ip}'));
  for (const address of ['203.0.113.9', '2001:db8::5']) expect((await requestAs(address, newest)).body).toBe(address);
  const floor = await openSite('2.6.2', upstream);
  await expect(requestAs('203.0.113.9', floor)).rejects.toThrow(/no trusted_proxies.*use an address in 127/);
});

it('shows the last words of a server that does not start', async () => {
  const site = await openSite('newest', bench.also(await startUpstream()));
  await expect(bench.caddy('newest', siteWith(site, 'no_such_directive'))).rejects.toThrow(
    /ended while starting.*\n.*unrecognized directive: no_such_directive/s,
  );
});
