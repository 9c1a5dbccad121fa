/** A picture of every view in both themes and two widths, from the real stack with a week of made-up attacks. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { VIEW_PATHS } from '../../control-api/page/view-paths.ts';
import { TestBrowser, type Theme } from '../support/browser.ts';
import { siteWith } from '../support/site.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { fillHistory } from './sample-history.ts';
import { communityList, HOSTILE, postAlerts, weekOfAlerts } from './sample-alerts.ts';
import { signIn } from './page-under-test.ts';

const WIDTHS = { wide: 1360, phone: 390 } as const;
const SETTLE_MS = 1_200;

export async function main(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const stack = await startStack({
    caddy: 'newest',
    controlApi: true,
    push: true,
    config: (site) =>
      siteWith(site, `vars /hook/* crowdsec off\nvars /shop/* crowdsec monitor\nreverse_proxy ${site.upstream.url}`),
  });
  const browser = await TestBrowser.start();
  try {
    await fill(stack);
    for (const theme of ['light', 'dark'] as const) {
      for (const [name, width] of Object.entries(WIDTHS)) await shootAll(browser, stack, folder, theme, name, width);
    }
  } finally {
    await browser.stop();
    await stack.stop();
  }
}

async function fill(stack: Stack): Promise<void> {
  await postAlerts(stack.crowdsec, weekOfAlerts(240));
  await postAlerts(stack.crowdsec, [communityList(4_000)]);
  await stack.ban('203.0.113.0/24', { reason: 'a noisy range', duration: '30h' });
  await stack.ban('192.0.2.66', { reason: HOSTILE, duration: '3h' });
  await stack.controlApi.request('POST', '/allowlist', { values: ['203.0.113.5'], reason: 'the office' });
  await stack.controlApi.request('POST', '/allowlist', {
    values: ['2001:db8:5::/48'],
    reason: 'monitoring',
    duration: '20d',
  });
  await stack.untilBlocked('203.0.113.9');
  await fillHistory(stack.redis.url);
}

/** The URL's path as a file name. */
function nameOf(path: string): string {
  return path === '/' ? 'overview' : path.slice(1).replaceAll('/', '-');
}

async function shootAll(
  browser: TestBrowser,
  stack: Stack,
  folder: string,
  theme: Theme,
  size: string,
  width: number,
): Promise<void> {
  const watched = await browser.open({ theme, width, height: size === 'phone' ? 844 : 1000 });
  const { page } = watched;
  await signIn(page, stack);
  const shoot = async (name: string) => {
    await page.waitForTimeout(SETTLE_MS);
    await page.screenshot({ path: join(folder, `${name}-${size}-${theme}.png`) });
  };
  for (const path of VIEW_PATHS) {
    await page.goto(`${stack.controlApi.url}${path}`);
    if (path === '/') {
      await page.getByRole('region', { name: 'Top networks' }).waitFor();
      await page.getByRole('slider', { name: 'Decisions over time' }).waitFor();
    }
    if (path === '/diagnostics') await page.getByRole('region', { name: 'The chain' }).waitFor({ timeout: 60_000 });
    await shoot(nameOf(path));
  }
  await shootDialogs(page, stack, shoot);
  await watched.close();
}

async function shootDialogs(page: Page, stack: Stack, shoot: (name: string) => Promise<void>): Promise<void> {
  const decisions = `${stack.controlApi.url}/security/live-decisions`;
  await page.goto(`${decisions}?why=203.0.113.9`);
  await shoot('why');
  await page.goto(`${decisions}?origin=all&sort=country`);
  await shoot('all-decisions');
  await page.goto(decisions);
  await page.getByRole('button', { name: 'Ban addresses' }).click();
  await page.getByLabel('Addresses and ranges').fill('192.0.2.7, 192[.]0[.]2[.]8:443\n203.0.113.0/28\n10.0.0.1');
  await shoot('ban');
}
