/** A ban rehearsed from the page, with both Caddys behind one bouncer. */
import { afterAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import type { CaddyServer } from '../../scripts/servers/caddy-server.ts';
import { Workbench } from '../support/servers.ts';
import { openSite, plainProxy } from '../support/site.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { startUpstream } from '../support/upstream.ts';
import { axeFindingsInBothThemes, pageForEachTest } from './page-under-test.ts';

let workbench: Workbench | undefined;
let older: CaddyServer;
let stack: Stack;
let page: Page;

afterAll(() => workbench?.stop());

pageForEachTest({
  start: async () => {
    workbench = await Workbench.open();
    const site = await openSite('2.6.2', workbench.also(await startUpstream()));
    older = await workbench.caddy('2.6.2', plainProxy(site));
    const both = async (addresses: Readonly<Record<string, string>>) =>
      Promise.resolve({ CADDY_ADMIN: `${addresses['CADDY_ADMIN'] ?? ''},${older.admin}` });
    stack = await startStack({
      caddy: 'newest',
      controlApi: true,
      reroute: (to, addresses) => (to === 'bouncer' ? both(addresses) : Promise.resolve({})),
    });
    return stack;
  },
  opened: (one) => (page = one),
});

const card = () => page.getByRole('region', { name: 'Rehearse a ban' });

async function rehearse(): Promise<string> {
  await page.goto(`${stack.controlApi.url}/diagnostics`);
  await card().getByRole('button', { name: 'Rehearse now' }).click();
  const result = card().getByRole('status');
  await result.waitFor({ timeout: 50_000 });
  return (await result.textContent()) ?? '';
}

describe('a rehearsed ban', () => {
  it('tells how long each Caddy took to block and to let in again, and leaves nobody banned', async () => {
    const said = await rehearse();
    const address = /Bans reach Caddy: (\S+) was blocked after \d+\.\d s, and let in again after \d+\.\d s\./.exec(
      said,
    )?.[1];
    expect(address).toMatch(/^(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+$/);
    for (const admin of [stack.caddy.admin, older.admin]) {
      const times = said.split(`Caddy at ${admin}: `)[1] ?? '';
      expect(times).toMatch(/^blocked after \d+\.\d s, let in again after \d+\.\d s\./);
    }
    expect((await stack.requestFrom(address ?? '')).status).toBe(200);
    const { body } = await stack.controlApi.request('GET', `/decisions?q=${address ?? ''}`);
    expect(JSON.parse(body)).toMatchObject({ decisions: [] });
    // A drill that only said so would be none: CrowdSec remembers that there was a ban.
    expect(await stack.crowdsec.cscli('alerts', 'list', '--ip', address ?? '', '-o', 'json')).toContain('drill');
    expect(await axeFindingsInBothThemes(page)).toEqual([]);
  });

  it('says which Caddy it did not reach, and lifts the ban all the same', async () => {
    await older.stop();
    const said = await rehearse();
    const address = /The ban of (\S+) did not go all the way\./.exec(said)?.[1] ?? '';
    expect(said).toContain(older.admin);
    await stack.untilServed(address);
    const { body } = await stack.controlApi.request('GET', `/decisions?q=${address}`);
    expect(JSON.parse(body)).toMatchObject({ decisions: [] });
    expect(await axeFindingsInBothThemes(page)).toEqual([]);
    await older.start();
  });
});
