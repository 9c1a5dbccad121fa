/** A CrowdSec that the control API runs itself: what the page says of it. */
import { afterAll, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { findCrowdsec } from '../../scripts/servers/binaries.ts';
import { withCentralApi } from '../integration/control-api-crowdsec.ts';
import type { Internet } from '../support/internet/internet.ts';
import { Workbench } from '../support/servers.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { internetFor, pageForEachTest } from './page-under-test.ts';

const KEY = 'abcdefghijklmnop';

let workbench: Workbench | undefined;
let internet: Internet;
let stack: Stack;
let page: Page;

afterAll(() => workbench?.stop());

pageForEachTest({
  start: async () => {
    workbench = await Workbench.open();
    internet = await internetFor(workbench);
    internet.capi.keys.add(KEY);
    const { path } = await findCrowdsec();
    stack = await startStack({
      caddy: 'newest',
      controlApi: {
        CROWDSEC_ENGINE: 'managed',
        CROWDSEC_BIN: `${path} -no-cs`,
        HTTPS_PROXY: internet.proxyUrl,
        SSL_CERT_FILE: internet.caFile,
      },
    });
    await withCentralApi(stack.crowdsec);
    await stack.crowdsec.stop(); // its port is free now: the control API starts one of its own
    await untilEngine('running');
    return stack;
  },
  opened: (one) => (page = one),
});

async function untilEngine(state: string): Promise<void> {
  const isThere = async () => {
    const { body } = await stack.controlApi.request('GET', '/status');
    return (JSON.parse(body) as { engine: { state: string } }).engine.state === state;
  };
  await waitFor(isThere, { what: `the engine to be ${state}`, withinMs: 60_000 });
}

it('is reloaded by the control API when the Console has accepted it, and asks nobody to', async () => {
  const reloads = () => stack.controlApi.logs().split('CrowdSec reloads').length - 1;
  await page.getByRole('link', { name: 'Console Enrollment' }).first().click();
  await page.getByLabel('Enrollment key').fill(KEY);
  await page.getByRole('button', { name: 'Enroll', exact: true }).click();
  await page.getByRole('link', { name: 'Open the Console' }).waitFor({ timeout: 50_000 });
  expect(await page.content()).not.toContain('systemctl');
  await untilEngine('running'); // it was told to reload, so that the Console hears of it
  const before = reloads();
  internet.capi.accept();
  await page.getByRole('button', { name: 'I accepted it' }).click();
  await page.getByRole('button', { name: 'Forget the enrollment' }).waitFor({ timeout: 50_000 });
  expect(await page.content()).not.toContain('systemctl');
  await expect.poll(reloads).toBe(before + 1);
});

it('says of what is installed while CrowdSec is off when that is read', { timeout: 120_000 }, async () => {
  await stack.controlApi.request('PUT', '/enabled', { enabled: false });
  await untilEngine('stopped');
  await page.getByRole('link', { name: 'Hub Presets' }).first().click();
  await page.getByRole('button', { name: 'Install CVE Exploits' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: /^Install \d+ items/ }).click();
  await dialog.getByText(/Done: \d+ items changed/).waitFor({ timeout: 50_000 });
  await dialog.getByText('CrowdSec does not run right now.').waitFor();
  await dialog.getByText(/reads the change when it is started next: switch protection on for that/).waitFor();
});
