import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { findCrowdsec } from '../../scripts/servers/binaries.ts';
import { TestBrowser, type WatchedPage } from '../support/browser.ts';
import { Internet } from '../support/internet/internet.ts';
import type { Workbench } from '../support/servers.ts';
import type { Stack } from '../support/stack.ts';

/** The token that `startStack` gave to its control API. */
export async function tokenOf(stack: Stack): Promise<string> {
  const name = (await readdir(stack.workbench.folder)).find((file) => file.startsWith('control-api-token'));
  if (name === undefined) throw new Error('this stack has no control API');
  return (await readFile(join(stack.workbench.folder, name), 'utf8')).trim();
}

/** As a person does it: opens the page, and types the token. */
export async function signIn(page: Page, stack: Stack): Promise<void> {
  await page.goto(stack.controlApi.url);
  await page.getByLabel('Token').fill(await tokenOf(stack));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
}

/** The Hub and the Central API, for a control API that gets `HTTPS_PROXY` and `SSL_CERT_FILE` of it. */
export async function internetFor(workbench: Workbench): Promise<Internet> {
  const { hubDir } = await findCrowdsec();
  if (hubDir === undefined) throw new Error('this CrowdSec came without its Hub, so nothing can be installed from it');
  return workbench.also(await Internet.start({ caFile: workbench.path('ca.pem'), hubDir }));
}

interface EachPage {
  /** Called once, before all tests of the file. */
  readonly start: () => Promise<Stack>;
  /** Called before each test, with a page that is signed in. */
  readonly opened: (page: Page) => void;
}

/** A browser, and in it a page of its own for each test; one that complained in its console fails the test. */
export function pageForEachTest({ start, opened }: EachPage): void {
  let stack: Stack | undefined;
  let browser: TestBrowser | undefined;
  let watched: WatchedPage | undefined;
  beforeAll(async () => {
    browser = await TestBrowser.start();
    stack = await start();
  });
  beforeEach(async () => {
    if (browser === undefined || stack === undefined) throw new Error('nothing was started');
    watched = await browser.open();
    opened(watched.page);
    await signIn(watched.page, stack);
  });
  afterEach(async () => {
    expect(watched?.complaints).toEqual([]);
    await watched?.close();
  });
  afterAll(async () => {
    await browser?.stop();
    await stack?.stop();
  });
}

/** What axe finds in the view as it is now: where, by which rule, and in what. */
export async function axeFindings(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const { pathname, search } = new URL(page.url());
  return violations.map(({ id, nodes }) => `${pathname}${search}: ${id}: ${nodes[0]?.html ?? ''}`);
}

/** The same in both themes. */
export async function axeFindingsInBothThemes(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    found.push(...(await axeFindings(page)).map((finding) => `${colorScheme} ${finding}`));
  }
  return found;
}
