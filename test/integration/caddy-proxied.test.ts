/** Behind a trusted proxy, the client is whom the proxy names: Caddy 2.7 and later. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaddyServer } from '../../scripts/servers/caddy-server.ts';
import { call } from '../../scripts/servers/http.ts';
import { enforce, strangers } from '../support/caddy-enforcer.ts';
import { Workbench } from '../support/servers.ts';
import { openSite, plainProxy, type Site } from '../support/site.ts';
import { startUpstream } from '../support/upstream.ts';

const BANNED = { addresses: ['203.0.113.9', '2001:db8::5'], ranges: ['198.51.100.0/24'], exceptions: ['198.51.100.7'] };

describe('bans behind a trusted proxy', () => {
  let workbench: Workbench;
  let site: Site;
  let caddy: CaddyServer;

  beforeAll(async () => {
    workbench = await Workbench.open();
    site = await openSite('newest', workbench.also(await startUpstream()));
    caddy = await workbench.caddy('newest', plainProxy(site));
  });
  afterAll(() => workbench.stop());

  const forwarded = async (value: string, localAddress = '127.0.0.1') => {
    const headers = { 'x-forwarded-for': value };
    return (await call({ url: `http://127.0.0.1:${site.port}/`, headers, localAddress })).status;
  };

  describe.each([
    ['a list', []],
    ['an index', strangers(200)],
  ])('with %s', (_, others) => {
    beforeAll(async () => {
      await enforce(caddy, { ...BANNED, addresses: [...BANNED.addresses, ...others] });
    });

    it.each([
      ['203.0.113.9', 403],
      ['203.0.113.9:51000', 403],
      ['2001:db8::5', 403],
      ['2001:DB8:0::5', 403],
      ['[2001:db8::5]:443', 403],
      ['::ffff:203.0.113.9', 403],
      ['::FFFF:cb00:7109', 403],
      ['198.51.100.8', 403],
      ['::ffff:198.51.100.8', 403],
      ['198.51.100.7', 200],
      ['::ffff:198.51.100.7', 200],
      ['203.0.113.10', 200],
      ['9.9.9.9, 203.0.113.9', 403],
      ['203.0.113.9, 9.9.9.9', 200],
      ['nonsense', 200],
    ])('a request of %s gets %i', async (client, status) => {
      expect(await forwarded(client)).toBe(status);
    });

    it('believes nobody else', async () => {
      expect(await forwarded('203.0.113.9', '127.0.0.2')).toBe(200);
    });
  });

  it('bans a client that nobody speaks for by its own address', async () => {
    await enforce(caddy, { addresses: ['127.0.0.2'] });
    expect(await forwarded('9.9.9.9', '127.0.0.2')).toBe(403);
  });
});
