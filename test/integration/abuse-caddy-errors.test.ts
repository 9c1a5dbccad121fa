/**
 * Shapes of `handle_errors` and `intercept` that would answer a banned request themselves. Six more, with an index as
 * well as a list and with `abort`, are in caddy-finality.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BanAction } from '../../bouncer/shared/domain/ruleset.ts';
import type { CaddyServer } from '../../scripts/servers/caddy-server.ts';
import { enforce, FORBIDDEN } from '../support/caddy-enforcer.ts';
import { CADDY_VERSIONS, type CaddyVersion, Workbench } from '../support/servers.ts';
import { openSite, requestAs, siteWith, type Site } from '../support/site.ts';
import { startUpstream } from '../support/upstream.ts';
import { exchange } from './abuse-http.ts';

const BANNED = '127.66.0.9';
const ACTIONS: readonly BanAction[] = [FORBIDDEN, { kind: 'error', status: 403 }];

interface Shape {
  readonly name: string;
  /** `UPSTREAM` and `FOLDER` are filled in. */
  readonly site: string;
  readonly since?: CaddyVersion;
}

const errors = (name: string, routes: string, since?: CaddyVersion): Shape => ({
  name: `handle_errors: ${name}`,
  site: `handle_errors {\n${routes}\n}\nreverse_proxy UPSTREAM`,
  ...(since === undefined ? {} : { since }),
});

/** Around a site that answers 403 itself as well, so that an answer of ours cannot be told from one of the site. */
const intercept = (name: string, routes: string): Shape => ({
  name: `intercept: ${name}`,
  site: `${routes}\n@closed path /closed\nrespond @closed "closed" 403\nreverse_proxy UPSTREAM`,
  since: 'newest',
});

const SHAPES: readonly Shape[] = [
  errors('a file with a status of its own', 'root * FOLDER\nrewrite * /page.html\nfile_server {\nstatus 200\n}'),
  errors(
    'a status from a map',
    'map {http.error.status_code} {code} {\n403 200\ndefault 500\n}\nrespond "fine" {code}',
  ),
  errors('a proxy for one path alone', 'handle_path /admin/* {\nreverse_proxy UPSTREAM\n}\nrespond "sorry"'),
  errors('a question to the application first', 'forward_auth UPSTREAM {\nuri /auth\n}\nrespond "sorry"'),
  errors('another error', 'error "again" 200'),
  errors('a changed method, and a proxy', 'method GET\nreverse_proxy UPSTREAM'),
  errors('a redirect that keeps the method', 'redir * /admin 308'),
  errors('PHP', 'root * FOLDER\nphp_fastcgi UPSTREAM_ADDRESS'),
  errors('a proxy in a subroute of a subroute', 'route {\nroute {\nhandle {\nreverse_proxy UPSTREAM\n}\n}\n}'),
  errors('a proxy behind a matcher of the client', '@remote remote_ip 127.0.0.0/8\nreverse_proxy @remote UPSTREAM'),
  {
    name: 'handle_errors: for 4xx alone, by the short form',
    site: 'handle_errors 4xx {\nreverse_proxy UPSTREAM\n}\nreverse_proxy UPSTREAM',
    since: 'newest',
  },
  intercept('proxy whatever is 403', 'intercept {\n@c status 403\nhandle_response @c {\nreverse_proxy UPSTREAM\n}\n}'),
  intercept('200 instead of 4xx', 'intercept {\n@c status 4xx\nreplace_status @c 200\n}'),
  intercept('everything', 'intercept {\nhandle_response {\nrespond "fine" 200\n}\n}'),
  intercept(
    'by a header of ours',
    'intercept {\n@c header Cache-Control no-store\nhandle_response @c {\nreverse_proxy UPSTREAM\n}\n}',
  ),
  intercept('inside of a route', 'route {\nintercept {\nreplace_status 200\n}\n}'),
];

describe.each(CADDY_VERSIONS)('a ban on Caddy %s', (version) => {
  let workbench: Workbench;
  let site: Site;
  let caddy: CaddyServer;

  beforeAll(async () => {
    workbench = await Workbench.open();
    writeFileSync(join(workbench.folder, 'page.html'), 'a page');
    site = await openSite(version, workbench.also(await startUpstream()));
    caddy = await workbench.caddy(version, siteWith(site, `reverse_proxy ${site.upstream.url}`));
  });
  afterAll(() => workbench.stop());
  beforeEach(() => void site.upstream.requests.splice(0));

  const shapes = SHAPES.filter(({ since }) => since === undefined || since === version);

  it.each(shapes.map((shape) => [shape.name, shape] as const))('is final with %s', async (_name, shape) => {
    const directives = shape.site
      .replaceAll('UPSTREAM_ADDRESS', `127.0.0.1:${site.upstream.port}`)
      .replaceAll('UPSTREAM', site.upstream.url)
      .replaceAll('FOLDER', workbench.folder);
    await caddy.reload(siteWith(site, directives));
    for (const action of ACTIONS) {
      await enforce(caddy, { addresses: [BANNED], action });
      for (const path of ['/admin/delete', '/closed']) {
        const answer = await requestAs(BANNED, site, { method: 'POST', path, body: 'everything=1' });
        expect([action.kind, path, answer.status, answer.headers.location]).toEqual([
          action.kind,
          path,
          403,
          undefined,
        ]);
      }
      // One that Caddy fails before any route, and hands to the error routes at once.
      const odd = `${'A'.repeat(40)} /admin/delete HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n`;
      const [failed] = await exchange(site.port, odd, { localAddress: BANNED });
      expect(failed?.status).toBeGreaterThanOrEqual(400);
    }
    expect(site.upstream.requests).toEqual([]);
  });
});
