import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Response } from 'playwright-core';
import { VIEW_PATHS } from '../../control-api/page/view-paths.ts';
import { TestBrowser } from '../support/browser.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { axeFindings, signIn } from './page-under-test.ts';
import { HOSTILE, postAlerts, weekOfAlerts } from './sample-alerts.ts';

/** Everything that the page is made of, as it goes over the wire. */
const MOST_BYTES = 100_000;

let stack: Stack;
let browser: TestBrowser;

beforeAll(async () => {
  browser = await TestBrowser.start();
  stack = await startStack({ caddy: 'newest', controlApi: true, push: true });
  await postAlerts(stack.crowdsec, weekOfAlerts(40));
  await stack.ban('192.0.2.66', { reason: HOSTILE });
  await stack.untilBlocked('192.0.2.66');
});

afterAll(async () => {
  await browser.stop();
  await stack.stop();
});

describe.each(['light', 'dark'] as const)('in %s', (theme) => {
  it('has nothing that axe finds, in any view', async () => {
    const watched = await browser.open({ theme });
    const { page } = watched;
    await signIn(page, stack);
    const found: string[] = [];
    for (const path of [...VIEW_PATHS, '/security/live-decisions?why=192.0.2.66']) {
      await page.goto(`${stack.controlApi.url}${path}`);
      await page.locator('h1').waitFor();
      await page.waitForTimeout(700);
      found.push(...(await axeFindings(page)));
    }
    expect(found).toEqual([]);
    expect(watched.complaints).toEqual([]);
    await watched.close();
  }, 120_000);
});

describe.each([360, 768, 1920])('%i pixels wide', (width) => {
  it('never scrolls sideways as a whole', async () => {
    const watched = await browser.open({ width });
    const { page } = watched;
    await signIn(page, stack);
    for (const path of VIEW_PATHS) {
      await page.goto(`${stack.controlApi.url}${path}`);
      await page.waitForTimeout(500);
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), path).toBe(true);
    }
    await watched.close();
  });
});

describe('the page as files', () => {
  it('weighs less than 100 KB, is kept for ever by its name, and allows nothing inline', async () => {
    const { page, close } = await openPlain();
    const answers = new Map<string, { bytes: number; headers: Record<string, string> }>();
    const onTheirWay: Promise<void>[] = [];
    const take = async (response: Response) => {
      const { pathname } = new URL(response.url());
      if (pathname.startsWith('/api/')) return;
      const { responseBodySize: bytes } = await response.request().sizes();
      answers.set(pathname, { bytes, headers: await response.allHeaders() });
    };
    page.on('response', (response) => onTheirWay.push(take(response)));
    await page.goto(stack.controlApi.url);
    await page.getByLabel('Token').waitFor();
    await expect.poll(() => answers.size).toBeGreaterThanOrEqual(4);
    await Promise.all(onTheirWay); // the document and the largest file need not be among the first four
    const total = [...answers.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    expect(total).toBeLessThan(MOST_BYTES);
    const policy = answers.get('/')?.headers['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    for (const [path, { headers }] of answers) {
      if (path.startsWith('/assets/')) expect(headers['cache-control']).toContain('immutable');
    }
    await close();
  });

  it('answers 304 for what a browser has, and 404 for assets of another build', async () => {
    const first = await fetch(`${stack.controlApi.url}/diagnostics`);
    expect(first.status).toBe(200);
    const headers = { 'if-none-match': first.headers.get('etag') ?? '' };
    expect((await fetch(`${stack.controlApi.url}/diagnostics`, { headers })).status).toBe(304);
    expect((await fetch(`${stack.controlApi.url}/assets/index-old.js`)).status).toBe(404);
  });
});

describe('without a mouse', () => {
  it('reaches the content in two keys, and opens and closes a dialog where it was', async () => {
    const watched = await browser.open();
    const { page } = watched;
    await signIn(page, stack);
    await page.goto(`${stack.controlApi.url}/security/live-decisions?origin=all`);
    await page.locator('h1').waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toContain('Skip to the content');
    const opener = page.getByRole('button', { name: 'Ban addresses' });
    await opener.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    expect(await page.evaluate('document.activeElement.tagName')).toBe('TEXTAREA');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await expect.poll(() => page.evaluate('document.activeElement.textContent')).toContain('Ban addresses');
    await watched.close();
  });
});

async function openPlain() {
  const watched = await browser.open();
  return { page: watched.page, close: () => watched.close() };
}
