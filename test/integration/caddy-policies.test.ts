import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CaddyServer } from '../../scripts/servers/caddy-server.ts';
import { enforce, strangers, type RulesetWish } from '../support/caddy-enforcer.ts';
import { CADDY_VERSIONS, Workbench } from '../support/servers.ts';
import { openSite, requestAs, type Site } from '../support/site.ts';
import { startUpstream } from '../support/upstream.ts';
import { waitFor } from '../support/wait-for.ts';

const BANNED = '127.66.0.9';
const FRIEND = '127.66.0.10';

describe.each(CADDY_VERSIONS)('policies of sites on Caddy %s', (version) => {
  let workbench: Workbench;
  let site: Site;
  let caddy: CaddyServer;
  let accessLog: string;

  /** Sites that share one port, each with its own directives. */
  const sites = (blocks: Readonly<Record<string, string>>) => ({
    kind: 'caddyfile' as const,
    sites: Object.entries(blocks)
      .map(
        ([host, body]) =>
          `http://${host}:${site.port} {\nbind 127.0.0.1\n${body}\nreverse_proxy ${site.upstream.url}\n}`,
      )
      .join('\n'),
  });

  beforeAll(async () => {
    workbench = await Workbench.open();
    accessLog = workbench.path('access.log');
    site = await openSite(version, workbench.also(await startUpstream()));
    caddy = await workbench.caddy(version, sites({ '': '' }));
  });
  afterAll(() => workbench.stop());
  beforeEach(() => void site.upstream.requests.splice(0));

  const status = async (host: string, path = '/', from = BANNED) =>
    (await requestAs(from, site, { host, path })).status;

  /** Caddy 2.6 finds a site's logger only by the Host with its port. */
  const logging = () => `a.example:${site.port}`;

  async function logged(uri: string): Promise<Record<string, unknown>> {
    return waitFor(
      async () => {
        const lines = (await readFile(accessLog, 'utf8')).split('\n').filter((line) => line.includes(`"uri":"${uri}"`));
        return lines.length === 0 ? undefined : (JSON.parse(lines.at(-1) ?? '') as Record<string, unknown>);
      },
      { what: `a log line of ${uri}` },
    );
  }

  describe.each([
    ['a list', [BANNED]],
    ['an index', [BANNED, ...strangers(200)]],
  ])('with %s', (_, addresses) => {
    const apply = async (blocks: Readonly<Record<string, string>>, wish: RulesetWish = {}) => {
      await caddy.reload(sites(blocks));
      return enforce(caddy, { addresses, ...wish });
    };

    it('lets a site opt out, and a site opt in', async () => {
      const blocks = { 'a.example': 'vars crowdsec off', 'b.example': 'vars crowdsec enforce', 'c.example': '' };
      await apply(blocks);
      expect([await status('a.example'), await status('b.example'), await status('c.example')]).toEqual([
        200, 403, 403,
      ]);
      await apply(blocks, { policy: 'off' });
      expect([await status('a.example'), await status('b.example'), await status('c.example')]).toEqual([
        200, 403, 200,
      ]);
    });

    it('lets paths differ, the last matching annotation counting', async () => {
      await apply({ 'a.example': 'vars /hook/* crowdsec off\nvars /hook/secret/* crowdsec enforce', 'b.example': '' });
      expect(await status('a.example', '/')).toBe(403);
      expect(await status('a.example', '/hook/x')).toBe(200);
      expect(await status('a.example', '/HOOK/x')).toBe(200);
      expect(await status('a.example', '/hook/secret/x')).toBe(403);
      expect(await status('a.example', '/hook/../admin')).toBe(403);
      expect(await status('b.example', '/hook/x')).toBe(403);
    });

    it('gives a request to the first site that matches, as Caddy does', async () => {
      await apply({ 'shop.example.com': '', '*.example.com': 'vars crowdsec off', '': '' });
      const hosts = ['shop.example.com', 'SHOP.example.com:80', 'other.example.com', 'example.com', 'a.b.example.com'];
      expect(await Promise.all(hosts.map((host) => status(host)))).toEqual([403, 403, 200, 403, 403]);
    });

    it('shows an exempt site its own Host, and nothing of ours', async () => {
      await apply({ 'a.example': 'vars crowdsec off', '': '' });
      expect((await requestAs(BANNED, site, { host: 'a.example:99', headers: { 'X-Ccs-Host': 'x' } })).status).toBe(
        200,
      );
      expect(site.upstream.requests[0]?.host).toBe('a.example:99');
      if (addresses.length > 100) expect(site.upstream.requests[0]?.headers).not.toHaveProperty('x-ccs-host');
    });

    it('marks the access log where this Caddy can, and keeps its other fields right', async () => {
      await apply({ 'a.example': `log {\noutput file ${accessLog}\n}\nvars /watch/* crowdsec monitor`, '': '' });
      const id = String(Math.random());
      expect(await status(logging(), `/watch/${id}`)).toBe(200);
      expect(await status(logging(), `/${id}`)).toBe(403);
      expect(await status(logging(), `/friend/${id}`, FRIEND)).toBe(200);
      const marked = version !== '2.6.2';
      const watched = await logged(`/watch/${id}`);
      expect(watched).toMatchObject({ status: 200, request: { host: logging(), remote_ip: BANNED } });
      expect(watched['crowdsec']).toBe(marked ? 'monitor' : undefined);
      const blocked = await logged(`/${id}`);
      expect(blocked).toMatchObject({ status: 403, request: { host: logging() } });
      expect(blocked['crowdsec']).toBe(marked ? 'ban' : undefined);
      const passed = await logged(`/friend/${id}`);
      expect(passed).toMatchObject({ status: 200, request: { host: logging(), remote_ip: FRIEND } });
      expect(passed).not.toHaveProperty('crowdsec');
    });

    it('keeps blocked requests out of the access log when asked', async () => {
      await apply({ 'a.example': `log {\noutput file ${accessLog}\n}`, '': '' }, { logBlocked: 'skip' });
      const id = String(Math.random());
      expect(await status(logging(), `/blocked/${id}`)).toBe(403);
      expect(await status(logging(), `/friend/${id}`, FRIEND)).toBe(200);
      await logged(`/friend/${id}`);
      expect(await readFile(accessLog, 'utf8')).not.toContain(`/blocked/${id}`);
    });
  });

  it('says aloud that it cannot follow an annotation, and enforces there', async () => {
    await caddy.reload(
      sites({ 'a.example': 'handle /x/* {\nvars crowdsec off\nrespond ok\n}\nvars crowdsec enforced', '': '' }),
    );
    const compilation = await enforce(caddy, { addresses: [BANNED] });
    const refused = [...compilation.servers.values()].flatMap((rules) => rules.refused);
    expect(refused).toMatchObject([{ hosts: ['a.example'] }, { hosts: ['a.example'] }]);
    expect(await status('a.example', '/x/y')).toBe(403);
  });

  it.each([
    ['plain text', 'plain'],
    ['braces', '{http.request.host} \\{x\\} {{y}} {env.HOME} {unclosed'],
    ['a page', '<!doctype html><style>p{color:red}</style><script>if(1){f("\\u007b")}</script>'],
    ['JSON', '{"error":"banned","host":"{http.request.host}"}'],
    ['many braces', '{'.repeat(300)],
  ])('gives the body of a ban as it was written: %s', async (_, body) => {
    await enforce(caddy, { addresses: [BANNED], action: { kind: 'status', status: 451, body } });
    expect(await requestAs(BANNED, site)).toMatchObject({ status: 451, body });
  });
});
