import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaddyAdmin } from '../../caddy/admin-client.ts';
import { versionGuess } from '../../caddy/capabilities.ts';
import { compile } from '../../caddy/compile.ts';
import { isInPlace, writeJson } from '../../caddy/merge.ts';
import type { CaddyServer } from '../../scripts/servers/caddy-server.ts';
import { freePort } from '../../scripts/servers/ports.ts';
import { adminOf, enforce, expectOk, liveServers, ruleset, strangers } from '../support/caddy-enforcer.ts';
import { CADDY_VERSIONS, Workbench } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';

const BANNED = '127.66.0.9';
const NEW: Parameters<typeof compile>[1] = { clientIp: true, logAppend: true };

const routeSaying = (body: string) => ({ handle: [{ handler: 'static_response', body }] });

describe.each(CADDY_VERSIONS)('the admin API of Caddy %s', (version) => {
  let workbench: Workbench;
  let caddy: CaddyServer;
  let client: CaddyAdmin;

  const load = async (servers: unknown) => {
    const answer = await caddy.adminCall('POST', '/load', {
      admin: { listen: caddy.admin.replace('http://', '') },
      apps: { http: { servers } },
    });
    expect(answer).toMatchObject({ status: 200 });
  };
  const server = async (routes?: unknown, more: object = {}) => ({
    listen: [`127.0.0.1:${await freePort()}`],
    ...(routes === undefined ? {} : { routes }),
    ...more,
  });

  beforeAll(async () => {
    workbench = await Workbench.open();
    caddy = await workbench.caddy(version, { kind: 'json', value: {} });
    client = adminOf(caddy);
  });
  afterAll(async () => {
    await client.close();
    await workbench.stop();
  });

  it('is reached over a unix socket and over TCP', async () => {
    expect(caddy.admin).toMatch(/^unix\//);
    expect(await client.ping()).toMatchObject({ kind: 'ok' });
    const overTcp = await workbench.caddy(version, { kind: 'json', value: {} }, 0);
    const tcp = adminOf(overTcp);
    expect(await tcp.ping()).toMatchObject({ kind: 'ok' });
    await tcp.close();
  });

  it('tells what it can do without a reload', async () => {
    const before = caddy.logs();
    const capabilities = expectOk(await client.capabilities());
    expect(capabilities).toEqual({ clientIp: version !== '2.6.2', logAppend: version !== '2.6.2' });
    expect(versionGuess(capabilities)).toBe(version === '2.6.2' ? '2.6 or older' : '2.8 or newer');
    expect(caddy.logs().replace(before, '')).not.toContain('autosaved');
  });

  it('has no servers when it has no http app: that is no error', async () => {
    expect(await client.readServers()).toMatchObject({ kind: 'no-http-app' });
    expect(await client.writeServers([Buffer.from('{}')], '"/config/apps/http/servers 0"')).toMatchObject({
      kind: expect.stringMatching(/no-http-app|stale/) as string,
    });
    await caddy.adminCall('POST', '/load', { admin: { listen: caddy.admin }, apps: { http: {} } });
    expect(await client.readServers()).toMatchObject({ kind: 'no-http-app' });
  });

  it('refuses a write when anything changed since the read, and keeps the change', async () => {
    await load({ srv0: await server([routeSaying('one')]) });
    const live = await liveServers(client);
    await caddy.adminCall('POST', '/config/apps/http/servers/srv0/routes', routeSaying('two'));
    const compilation = compile(ruleset({ addresses: [BANNED] }), NEW, live.servers);
    expect(await client.writeServers(writeJson(live, compilation), live.etag)).toMatchObject({ kind: 'stale' });
    expect(JSON.stringify(await caddy.config())).toContain('two');
    await enforce(caddy, { addresses: [BANNED] });
    expect(JSON.stringify(await caddy.config())).toContain('two');
  });

  it('refuses a wrong config with its reason, and keeps the old one', async () => {
    await load({ srv0: await server([routeSaying('one')]) });
    const { etag } = await liveServers(client);
    const wrong = Buffer.from('{"srv0":{"routes":[{"handle":[{"handler":"no_such_handler"}]}]}}');
    expect(await client.writeServers([wrong], etag)).toMatchObject({
      kind: 'rejected',
      status: 500,
      reason: expect.stringContaining('no_such_handler') as string,
    });
    expect(JSON.stringify(await caddy.config())).toContain('one');
  });

  it.each([[undefined], [null], [[]]])('takes a server whose routes are %j', async (routes) => {
    await load({ srv0: await server(routes) });
    await enforce(caddy, { addresses: [BANNED] });
    await enforce(caddy, undefined);
    expect(JSON.stringify(await caddy.config())).not.toContain('crowdsec');
  });

  it.each(['a b', 'ü', 'x?y#z', 'a/b', '..', '%2F', '"quoted"', '__proto__', 'constructor', '0', ''])(
    'takes a server with the name %j',
    async (name) => {
      const named = await server([routeSaying('odd')]);
      await load(Object.fromEntries([[name, named]]));
      await enforce(caddy, { addresses: [BANNED] });
      const [live] = (await liveServers(client)).servers;
      expect(live?.name).toBe(name);
      const ids = compile(
        ruleset({ addresses: [BANNED] }),
        expectOk(await client.capabilities()),
        live ? [live] : [],
      ).servers.get(name)?.ids;
      expect(ids).toBeDefined();
      if (ids) expect(expectOk(await client.idsInPlace(name, { ...ids, leave: `${ids.leave}0` }))).toBe(false);
      await enforce(caddy, undefined);
      expect(await caddy.config('apps/http/servers')).toEqual(Object.fromEntries([[name, named]]));
    },
  );

  it('tells from 2.9 on when it last loaded a config, and logs nothing of that', async () => {
    await load({ srv0: await server([routeSaying('one')]) });
    const first = expectOk(await client.lastLoad());
    expect(expectOk(await client.lastLoad())).toBe(first);
    expect(expectOk(await client.readPath('/config/admin/listen'))).toBeDefined();
    await waitFor(() => caddy.logs().includes('/config/admin/listen'), { what: 'what came later to be in the log' });
    expect(caddy.logs()).not.toContain('/metrics');
    if (version === '2.6.2') {
      expect(first).toBeUndefined();
      return;
    }
    expect(Number(first)).toBeGreaterThan(1_700_000_000);
    await caddy.adminCall('PATCH', '/config/apps/http/servers/srv0/routes/0', routeSaying('two'));
    const second = expectOk(await client.lastLoad());
    expect(second).not.toBe(first);
    const refused = await caddy.adminCall('PATCH', '/config/apps/http/servers/srv0/routes/0', { handle: [{}] });
    expect(refused.status).toBeGreaterThanOrEqual(400);
    expect(expectOk(await client.lastLoad())).toBe(second);
  });

  it('need not tell that, where its metrics are too many', async () => {
    const impatient = adminOf(caddy, { metricsBytes: 500 });
    expect(expectOk(await impatient.lastLoad())).toBeUndefined();
    await impatient.close();
  });

  it('notices by three ids what a user did to our routes', async () => {
    const path = '/config/apps/http/servers/srv0/routes';
    await load({ srv0: await server([routeSaying('one')]) });
    const drift = async (change: () => Promise<unknown>) => {
      const compilation = await enforce(caddy, { addresses: [BANNED] });
      const ids = compilation.servers.get('srv0')?.ids;
      if (!ids) throw new Error('nothing was compiled');
      expect(expectOk(await client.idsInPlace('srv0', ids))).toBe(true);
      await change();
      expect(isInPlace(await liveServers(client), compilation)).toBe(false);
      return expectOk(await client.idsInPlace('srv0', ids));
    };
    expect(await drift(() => caddy.adminCall('PUT', `${path}/0`, routeSaying('first')))).toBe(false);
    expect(await drift(() => caddy.adminCall('DELETE', `${path}/0`))).toBe(false);
    expect(await drift(() => caddy.adminCall('DELETE', `${path}/1`))).toBe(false);
    expect(await drift(() => caddy.adminCall('DELETE', `${path}/2`))).toBe(false);
    expect(await drift(async () => load({ other: await server([]) }))).toBe(false);
    // Ids say nothing about contents: only the whole comparison finds this.
    await load({ srv0: await server([routeSaying('one')]) });
    expect(await drift(() => caddy.adminCall('DELETE', `${path}/1/match`))).toBe(true);
  });

  it('replaces our routes of a config that was dumped and loaded again, wherever they ended up', async () => {
    const [a, b] = [await server([routeSaying('a')]), await server([routeSaying('b')])];
    await load({ a, b });
    await enforce(caddy, { addresses: [BANNED, ...strangers(200)] });
    const dumped = (await caddy.config('apps/http/servers')) as Record<string, { routes: Record<string, unknown>[] }>;
    const ours = dumped['a']?.routes.slice(0, 3) ?? [];
    const copied = {
      a: dumped['a'],
      // The newest Caddy refuses one id twice, so the copy nests other ones.
      b: {
        ...b,
        routes: [
          ...(b.routes as object[]),
          { handle: [{ handler: 'subroute', routes: dumped['b']?.routes.slice(0, 3) }] },
        ],
      },
    };
    await load(copied);
    await enforce(caddy, { addresses: [BANNED] });
    const found = JSON.stringify(await caddy.config()).match(/"crowdsec_[^"]*"/g);
    expect(found?.filter((id) => id.includes('_enter'))).toHaveLength(2);
    if (version === '2.6.2') {
      await load({ a: { ...a, routes: [...ours, ...ours, ...(a.routes as object[])] }, b });
      await enforce(caddy, { addresses: [BANNED] });
      expect(JSON.stringify(await caddy.config()).match(/_enter"/g)).toHaveLength(2);
    }
    await enforce(caddy, undefined);
    expect(JSON.stringify(await caddy.config())).not.toContain('crowdsec');
  });

  it("keeps every other byte of the user's servers", async () => {
    const odd = {
      ...(await server([
        {
          '@id': 'mine',
          group: 'g',
          match: [{ path: ['/é/*', '/\u2028'] }],
          handle: [
            {
              handler: 'vars',
              big: 2 ** 60,
              small: 1e-9,
              neg: -0.5,
              huge: 1e25,
              nul: null,
              deep: { a: [[], {}] },
            },
          ],
        },
        { '@id': 'crowdsec_mine', ...routeSaying('<&>') },
      ])),
      read_timeout: 3_600_000_000_001,
      max_header_bytes: 1048576,
    };
    await load({ srv0: odd, srv1: await server() });
    const before = (await caddy.adminCall('GET', '/config/apps/http/servers')).body;
    await enforce(caddy, { addresses: [BANNED, ...strangers(200)] });
    await enforce(caddy, undefined);
    const after = (await caddy.adminCall('GET', '/config/apps/http/servers')).body;
    // A server without routes has an empty list afterwards, which means the same.
    expect(after.replace(',"routes":[]', '')).toBe(before);
  });

  it('does not reload for what it runs already', async () => {
    await load({ srv0: await server([routeSaying('one')]) });
    await enforce(caddy, { addresses: [BANNED] });
    const live = await liveServers(client);
    const compilation = compile(ruleset({ addresses: [BANNED] }), expectOk(await client.capabilities()), live.servers);
    expect(isInPlace(live, compilation)).toBe(true);
    const other = compile(ruleset({ addresses: ['127.66.0.8'] }), expectOk(await client.capabilities()), live.servers);
    expect(isInPlace(live, other)).toBe(false);
    expectOk(await client.writeServers(writeJson(live, compilation), live.etag));
    expect((await liveServers(client)).etag).toBe(live.etag);
  });

  it('refuses a Host that it does not know, and we say what to do', async () => {
    const port = await freePort();
    const bound = workbench.also(await workbench.caddy(version, { kind: 'json', value: {} }, port));
    const result = await adminOf({ admin: `http://[::ffff:127.0.0.1]:${port}` }).ping();
    expect(bound.admin).toContain(String(port));
    expect(result).toMatchObject({
      kind: 'rejected',
      message: expect.stringContaining('origins [::ffff:7f00:1]') as string,
    });
  });
});
