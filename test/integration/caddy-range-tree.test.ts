/** Thousands of ranges as a tree, in both real Caddys: loaded, and answering as the ranges say. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CADDY_VERSIONS, Workbench } from '../support/servers.ts';
import { enforce } from '../support/caddy-enforcer.ts';
import { openSite, plainProxy, requestAs, type Site } from '../support/site.ts';
import { startUpstream } from '../support/upstream.ts';

/** Every second /24 of 127.0.0.0/11, and as many elsewhere: 8,000 in all. */
const RANGES = Array.from({ length: 4_000 }, (_, i) => [
  `127.${i >> 7}.${(i & 127) * 2}.0/24`,
  `198.${i >> 7}.${(i & 127) * 2}.0/24`,
]).flat();

describe.each(CADDY_VERSIONS)('with Caddy %s', (caddy) => {
  let workbench: Workbench;
  let site: Site;
  let server: { readonly admin: string };

  beforeAll(async () => {
    workbench = await Workbench.open();
    site = await openSite(caddy, workbench.also(await startUpstream()));
    server = await workbench.caddy(caddy, plainProxy(site));
  });
  afterAll(() => workbench.stop());

  it.each([
    ['without addresses', []],
    ['beside an index of addresses', Array.from({ length: 200 }, (_, i) => `127.99.0.${i}`)],
  ])('blocks what is inside 8,000 ranges and nothing else, %s', async (_, addresses) => {
    await enforce(server, { ranges: RANGES, addresses, exceptions: ['127.4.4.7'] });
    for (const banned of [
      '127.0.0.0',
      '127.0.2.255',
      '127.4.4.8',
      '127.15.254.1',
      '127.31.0.77',
      ...addresses.slice(0, 2),
    ]) {
      expect([banned, (await requestAs(banned, site)).status]).toEqual([banned, 403]);
    }
    for (const free of ['127.0.1.0', '127.4.4.7', '127.15.255.1', '127.40.0.1', '127.99.1.0', '::1']) {
      expect([free, (await requestAs(free, site)).status]).toEqual([free, 200]);
    }
  });
});
