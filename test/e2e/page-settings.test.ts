import { afterAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { withCentralApi } from '../integration/control-api-crowdsec.ts';
import type { Internet } from '../support/internet/internet.ts';
import { Workbench } from '../support/servers.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { axeFindingsInBothThemes, internetFor, pageForEachTest } from './page-under-test.ts';

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
    stack = await startStack({
      caddy: 'newest',
      controlApi: { HTTPS_PROXY: internet.proxyUrl, SSL_CERT_FILE: internet.caFile },
    });
    await withCentralApi(stack.crowdsec);
    return stack;
  },
  opened: (one) => (page = one),
});

describe('Hub presets', () => {
  it('installs "CVE Exploits" after a look at what that changes, and removes it again', async () => {
    await page.getByRole('link', { name: 'Hub Presets' }).first().click();
    await page.getByRole('button', { name: 'Install CVE Exploits' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('crowdsecurity/http-cve', { exact: true }).waitFor();
    expect(await stack.crowdsec.cscli('collections', 'list')).not.toContain('crowdsecurity/http-cve');
    await dialog.getByRole('button', { name: /^Install \d+ items/ }).click();
    await dialog.getByText(/Done: \d+ items changed/).waitFor({ timeout: 50_000 });
    expect(await stack.crowdsec.cscli('collections', 'list')).toContain('crowdsecurity/http-cve');
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await page.getByRole('button', { name: 'Remove CVE Exploits' }).click();
    await dialog.getByRole('button', { name: /^Remove \d+ items/ }).click();
    await dialog.getByText(/Done: \d+ items changed/).waitFor({ timeout: 50_000 });
    expect(await stack.crowdsec.cscli('collections', 'list')).not.toContain('crowdsecurity/http-cve');
  });

  it('searches the whole Hub', async () => {
    await page.goto(`${stack.controlApi.url}/settings/security/hub-presets`);
    await page.getByLabel('Search the Hub').fill('wordpress');
    await page
      .getByRole('cell', { name: /crowdsecurity\/wordpress/ })
      .first()
      .waitFor();
    await expect.poll(() => new URL(page.url()).searchParams.get('q')).toBe('wordpress');
  });
});

describe('Console enrollment', () => {
  it('says what is wrong with a key, and what to do next', async () => {
    await page.getByRole('link', { name: 'Console Enrollment' }).first().click();
    await page.getByLabel('Enrollment key').fill('sudo cscli console enroll wrongwrongwrong');
    await page.getByRole('button', { name: 'Enroll', exact: true }).click();
    await page.getByText(/^invalid enrollment key/).waitFor({ timeout: 50_000 });
    await page.getByText(/generate a new enrollment key/).waitFor();
  });

  it('enrolls with the line that people paste, and then waits for them to accept it in the Console', async () => {
    await page.goto(`${stack.controlApi.url}/settings/security/console-enrollment`);
    await page.getByLabel('Enrollment key').fill(`sudo cscli console enroll ${KEY}`);
    await page.getByLabel('Name in the Console (optional)').fill('from the page');
    await page.getByRole('button', { name: 'Enroll', exact: true }).click();
    await page.getByRole('link', { name: 'Open the Console' }).waitFor({ timeout: 50_000 });
    const current = page.locator('[aria-current="step"]');
    expect(await current.getByRole('heading').textContent()).toBe('Accept it in the Console');
    expect(await page.content()).not.toContain(KEY);
  });

  it('says that CrowdSec 1.4 cannot tell whether it was accepted, and where to look', async () => {
    internet.capi.v3IsOpen = false; // nothing of the Central API tells it then
    internet.capi.accept();
    await page.getByRole('link', { name: 'Console Enrollment' }).first().click();
    await page.getByText(/CrowdSec 1\.4 cannot tell for certain/).waitFor();
    await page.getByText(/If it is among your engines there already, you are done/).waitFor();
    await page.getByRole('button', { name: 'I accepted it' }).click();
    await page.getByText(/says nothing of an acceptance: look into the Console/).waitFor({ timeout: 50_000 });
    await page.getByText('Heartbeats arrive.').waitFor();
    expect(await axeFindingsInBothThemes(page)).toEqual([]);
  });
});

describe('Diagnostics', () => {
  it('shows the first broken link first, with its fix, and a report that names no secret', async () => {
    await page.goto(`${stack.controlApi.url}/diagnostics`);
    await page.getByRole('region', { name: 'The chain' }).waitFor({ timeout: 50_000 });
    await stack.crowdsec.stop();
    await page.waitForTimeout(1_100); // the API answers from its last run for a second
    await page.getByRole('button', { name: 'Check again' }).click();
    await page.getByText(/Mend this first: .*LAPI/).waitFor({ timeout: 50_000 });
    await page.getByRole('button', { name: 'Copy report' }).click();
    await page.getByText('The report is copied').waitFor();
    const report = String(await page.evaluate('navigator.clipboard.readText()'));
    expect(report).toContain('[failed] CrowdSec’s LAPI');
    expect(report).toContain('→');
    await stack.crowdsec.start();
    const again = async () => {
      await page.getByRole('button', { name: 'Check again' }).click();
      return page.getByText(/Mend this first: .*LAPI/).count();
    };
    await expect.poll(again, { timeout: 50_000, interval: 1_500 }).toBe(0);
  });
});
