import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CaddyServer } from '../../scripts/servers/caddy-server.ts';
import { enforce, strangers } from '../support/caddy-enforcer.ts';
import { sendRaw } from '../support/caddy-raw.ts';
import { CADDY_VERSIONS, Workbench } from '../support/servers.ts';
import { openSite, plainProxy, requestAs, type Site } from '../support/site.ts';
import { startUpstream } from '../support/upstream.ts';

const BANNED = '127.66.0.9';
const FRIEND = '127.66.0.10';

/** Both ways of asking: a list of few addresses, an index of many. */
const SIZES = [
  { size: 'a list', others: strangers(3) },
  { size: 'an index', others: strangers(500) },
];

describe.each(CADDY_VERSIONS)('bans on Caddy %s', (version) => {
  let workbench: Workbench;
  let site: Site;
  let caddy: CaddyServer;

  beforeAll(async () => {
    workbench = await Workbench.open();
    site = await openSite(version, workbench.also(await startUpstream()));
    caddy = await workbench.caddy(version, plainProxy(site));
  });
  afterAll(() => workbench.stop());
  beforeEach(() => void site.upstream.requests.splice(0));

  describe.each(SIZES)('with $size', ({ others }) => {
    beforeAll(async () => {
      await enforce(caddy, {
        addresses: [BANNED, '::1', ...others],
        ranges: ['127.77.0.0/16'],
        exceptions: ['127.77.1.0/24'],
      });
    });

    it('answers a banned address itself, uncached, and keeps it from the site', async () => {
      const answer = await requestAs(BANNED, site, { method: 'POST', body: 'x' });
      expect(answer).toMatchObject({ status: 403, body: '' });
      expect(answer.headers['cache-control']).toBe('no-store');
      expect(site.upstream.requests).toEqual([]);
    });

    it('lets everybody else through with their own Host and headers', async () => {
      const answer = await requestAs(FRIEND, site, { host: 'shop.example.com:8080', path: '/a?b=c' });
      expect(answer).toMatchObject({ status: 200, body: 'the site' });
      expect(site.upstream.requests).toMatchObject([{ host: 'shop.example.com:8080', url: '/a?b=c' }]);
      expect(site.upstream.requests[0]?.headers).not.toHaveProperty('x-ccs-host');
    });

    it('knows IPv6, ranges, and exceptions inside ranges', async () => {
      const status = async (address: string) => (await requestAs(address, site)).status;
      expect([await status('::1'), await status('127.77.9.9'), await status('127.77.1.9')]).toEqual([403, 403, 200]);
    });

    it.each([
      [
        'a forged X-Ccs-Host',
        'GET / HTTP/1.1\r\nHost: a.example\r\nX-Ccs-Host: evil.example\r\nX-Ccs-Host: 1.2.3.4\r\n',
      ],
      ['HTTP/1.0 without a Host', 'GET / HTTP/1.0\r\n'],
      ['HTTP/1.0 with a forged X-Ccs-Host', 'GET / HTTP/1.0\r\nX-Ccs-Host: evil.example\r\n'],
      ['a Host that is an address', `GET / HTTP/1.1\r\nHost: ${FRIEND}\r\n`],
      [
        'forged proxy headers',
        `GET / HTTP/1.1\r\nHost: a.example\r\nX-Forwarded-For: ${FRIEND}\r\nX-Real-IP: ${FRIEND}\r\n`,
      ],
      ['a hop-by-hop X-Ccs-Host', 'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close, X-Ccs-Host\r\n'],
    ])('is not fooled by %s', async (_, head) => {
      const ended = `${head}${head.includes('Connection') ? '' : 'Connection: close\r\n'}\r\n`;
      expect(await sendRaw(site.port, ended, BANNED)).toMatch(/^HTTP\/1\.[01] 403 /);
      expect(site.upstream.requests).toEqual([]);
      expect(await sendRaw(site.port, ended, FRIEND)).toMatch(/^HTTP\/1\.[01] 200 /);
      const host = /\r\nHost: ([^\r]*)/.exec(head)?.[1];
      if (host !== undefined) expect(site.upstream.requests[0]?.host).toBe(host);
      expect(site.upstream.requests[0]?.host).not.toContain('evil');
    });

    it('lets a banned Host header of somebody else through', async () => {
      expect((await requestAs(FRIEND, site, { host: BANNED })).status).toBe(200);
    });
  });

  it('stops enforcing when the set is empty, and when protection is off', async () => {
    await enforce(caddy, { addresses: [BANNED] });
    expect((await requestAs(BANNED, site)).status).toBe(403);
    await enforce(caddy, {});
    expect((await requestAs(BANNED, site)).status).toBe(200);
    await enforce(caddy, { addresses: [BANNED] });
    await enforce(caddy, undefined);
    expect((await requestAs(BANNED, site)).status).toBe(200);
    expect(JSON.stringify(await caddy.config())).not.toContain('crowdsec');
  });
});
