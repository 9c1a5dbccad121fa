/** A CrowdSec that the control API runs itself: what the page says of it. */
import { afterAll, it } from 'vitest';
import type { Page } from 'playwright-core';
import { findCrowdsec } from '../../scripts/servers/binaries.ts';
import { Workbench } from '../support/servers.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { internetFor, pageForEachTest } from './page-under-test.ts';

let workbench: Workbench | undefined;
let stack: Stack;
let page: Page;

afterAll(() => workbench?.stop());

pageForEachTest({
  start: async () => {
    workbench = await Workbench.open();
    const internet = await internetFor(workbench);
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
