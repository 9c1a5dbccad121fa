/** A ban is final: nothing in the user's config and nothing that the client sends brings a banned request to a site. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BanAction } from '../../bouncer/shared/domain/ruleset.ts';
import type { CaddyServer } from '../../scripts/servers/caddy-server.ts';
import { enforce, FORBIDDEN, strangers } from '../support/caddy-enforcer.ts';
import { sendRaw } from '../support/caddy-raw.ts';
import { CADDY_VERSIONS, Workbench } from '../support/servers.ts';
import { openSite, requestAs, siteWith, type Site } from '../support/site.ts';
import { startUpstream } from '../support/upstream.ts';

const BANNED = '127.66.0.9';
const FRIEND = '127.66.0.10';

const ACTIONS: readonly BanAction[] = [FORBIDDEN, { kind: 'error', status: 403 }, { kind: 'abort' }];

/** Error routes that would turn a 403 into something else, with `UPSTREAM` as the site behind. */
const ERROR_ROUTES = [
  'reverse_proxy UPSTREAM',
  'respond "all fine" 200',
  'redir https://elsewhere.example/',
  'rewrite * /error\nreverse_proxy UPSTREAM',
  '@e expression {http.error.status_code} >= 400\nhandle @e {\n\trespond "fine" 200\n}',
  'handle {\n\troute {\n\t\treverse_proxy UPSTREAM\n\t}\n}',
];

describe.each(CADDY_VERSIONS)('a ban on Caddy %s is final', (version) => {
  let workbench: Workbench;
  let site: Site;
  let caddy: CaddyServer;

  beforeAll(async () => {
    workbench = await Workbench.open();
    site = await openSite(version, workbench.also(await startUpstream()));
    caddy = await workbench.caddy(version, siteWith(site, `reverse_proxy ${site.upstream.url}`));
  });
  afterAll(() => workbench.stop());
  beforeEach(() => void site.upstream.requests.splice(0));

  const reload = (directives: string) =>
    caddy.reload(siteWith(site, directives.replaceAll('UPSTREAM', site.upstream.url)));

  describe.each([
    ['a list', [BANNED]],
    ['an index', [BANNED, ...strangers(200)]],
  ])('with %s', (_, addresses) => {
    it.each(ERROR_ROUTES)('with handle_errors: %s', async (errors) => {
      await reload(`handle_errors {\n${errors}\n}\nreverse_proxy UPSTREAM`);
      for (const action of ACTIONS) {
        const compilation = await enforce(caddy, { addresses, action });
        const warnings = [...compilation.servers.values()].flatMap((rules) => rules.warnings.map(({ code }) => code));
        expect(warnings.includes('error_action_refused')).toBe(action.kind === 'error');
        const answer = await requestAs(BANNED, site, { method: 'POST', path: '/admin/delete' }).catch(() => 'dropped');
        if (action.kind === 'abort') expect(answer).toBe('dropped');
        else expect(answer).toMatchObject({ status: 403 });
      }
      expect(site.upstream.requests).toEqual([]);
    });

    it.each([
      ['a method that Caddy refuses', `${'A'.repeat(40)} /admin/delete HTTP/1.1\r\nHost: a.example\r\n`],
      ['an empty Host', 'POST /admin/delete HTTP/1.1\r\nHost:\r\n'],
      ['two Hosts', 'POST /admin/delete HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n'],
      ['an expectation', 'POST /admin/delete HTTP/1.1\r\nHost: a.example\r\nExpect: 100-continue\r\n'],
      ['a TRACE', 'TRACE /admin/delete HTTP/1.1\r\nHost: a.example\r\n'],
      ['a CONNECT', 'CONNECT a.example:80 HTTP/1.1\r\nHost: a.example\r\n'],
      ['an absolute URL', 'POST http://other.example/x HTTP/1.1\r\nHost: a.example\r\n'],
    ])('also when a request fails before any route: %s', async (_name, head) => {
      await reload('handle_errors {\nreverse_proxy UPSTREAM\n}\nreverse_proxy UPSTREAM');
      await enforce(caddy, { addresses });
      expect(await sendRaw(site.port, `${head}Connection: close\r\n\r\n`, BANNED)).toMatch(/^HTTP\/1\.1 4\d\d /);
      expect(site.upstream.requests).toEqual([]);
      // The upstream itself refuses some of these, so ask also where an answer cannot be mistaken.
      await reload('handle_errors {\nrespond "open" 200\n}\nreverse_proxy UPSTREAM');
      await enforce(caddy, { addresses });
      expect(await sendRaw(site.port, `${head}Connection: close\r\n\r\n`, BANNED)).toMatch(/^HTTP\/1\.1 4\d\d /);
    });
  });

  it('leaves the error routes of others alone', async () => {
    await reload(
      'handle_errors {\nrespond "sorry, {err.status_code}" 200\n}\n@gone path /gone\nerror @gone 410\nreverse_proxy UPSTREAM',
    );
    await enforce(caddy, { addresses: [BANNED] });
    expect(await requestAs(FRIEND, site, { path: '/gone' })).toMatchObject({ status: 200, body: 'sorry, 410' });
  });

  it('hands the error to error pages that only dress it up', async () => {
    await reload(
      'handle_errors {\nheader X-Page yes\nrespond "{http.error.status_code} at {host}"\n}\nreverse_proxy UPSTREAM',
    );
    for (const addresses of [[BANNED], [BANNED, ...strangers(200)]]) {
      await enforce(caddy, { addresses, action: { kind: 'error', status: 451 } });
      const answer = await requestAs(BANNED, site, { host: 'shop.example', method: 'POST' });
      expect(answer).toMatchObject({ status: 451, body: '451 at shop.example' });
      expect(answer.headers['x-page']).toBe('yes');
    }
    expect(site.upstream.requests).toEqual([]);
  });

  it.runIf(version === 'newest')('whatever `intercept` does with answers', async () => {
    await reload(
      'intercept {\n@any status 403\nhandle_response @any {\nreverse_proxy UPSTREAM\n}\n}\nreverse_proxy UPSTREAM',
    );
    await enforce(caddy, { addresses: [BANNED] });
    expect((await requestAs(BANNED, site, { method: 'POST' })).status).toBe(403);
    expect(site.upstream.requests).toEqual([]);
  });
});
