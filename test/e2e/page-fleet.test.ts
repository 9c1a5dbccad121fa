/** Two bouncers on one Redis, each with a Caddy of its own: who pulls for whom, in the API's words and the page's. */
import { afterAll, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { freePort } from '../../scripts/servers/ports.ts';
import { BouncerProcess } from '../../scripts/servers/sidecar.ts';
import { Workbench } from '../support/servers.ts';
import { openSite, plainProxy } from '../support/site.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { startUpstream } from '../support/upstream.ts';
import { axeFindingsInBothThemes, pageForEachTest } from './page-under-test.ts';

let workbench: Workbench | undefined;
let second: BouncerProcess;
let stack: Stack;
let page: Page;

afterAll(() => workbench?.stop());

pageForEachTest({
  start: async () => {
    workbench = await Workbench.open();
    stack = await startStack({ caddy: 'newest', controlApi: true, bouncer: { BOUNCER_ID: 'edge-1' } });
    const site = await openSite('2.6.2', workbench.also(await startUpstream()));
    const caddy = await workbench.caddy('2.6.2', plainProxy(site));
    const env = {
      BOUNCER_ID: 'edge-2',
      BOUNCER_TOKEN: 'a-token-for-the-second-one',
      CADDY_ADMIN: caddy.admin,
      CROWDSEC_LAPI_URL: stack.crowdsec.url,
      CROWDSEC_BOUNCER_KEY_FILE: await stack.crowdsec.addBouncer('second'),
      REDIS_URL: stack.redis.url,
      STATE_DIR: workbench.path('second'),
    };
    second = workbench.also(new BouncerProcess({ port: await freePort(), token: env.BOUNCER_TOKEN, env }));
    return stack;
  },
  opened: (one) => (page = one),
});

async function stream(): Promise<unknown> {
  const { body } = await stack.controlApi.request('GET', '/status');
  return (JSON.parse(body) as { bouncer: { stream: unknown } }).bouncer.stream;
}

const LEADER = { id: 'edge-1', role: 'leader', leader: 'edge-1' };

it('says nothing of a fleet while there is one bouncer', async () => {
  await expect.poll(stream, { timeout: 30_000 }).toEqual([LEADER]);
  await page.getByText('Decided here').first().waitFor();
  expect(await page.getByText('Bouncers', { exact: true }).count()).toBe(0);
});

it('says who pulls for all, and who follows, as soon as there are two', { timeout: 200_000 }, async () => {
  await second.start('alive');
  await expect
    .poll(stream, { timeout: 50_000 })
    .toEqual([LEADER, { id: 'edge-2', role: 'follower', leader: 'edge-1' }]);
  await page.getByText('edge-1 pulls from LAPI for all, edge-2 follows').waitFor({ timeout: 30_000 });
  expect(await axeFindingsInBothThemes(page)).toEqual([]);
});
