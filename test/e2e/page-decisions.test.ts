import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { TestBrowser, type WatchedPage } from '../support/browser.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { signIn } from './page-under-test.ts';
import { communityList, HOSTILE, postAlerts } from './sample-alerts.ts';

let stack: Stack;
let browser: TestBrowser;
let watched: WatchedPage;
let page: Page;

const open = (query = '') => page.goto(`${stack.controlApi.url}/security/live-decisions${query}`);

beforeAll(async () => {
  browser = await TestBrowser.start();
  stack = await startStack({ caddy: 'newest', controlApi: true, push: true });
  await postAlerts(stack.crowdsec, [communityList(2_000)]);
});

beforeEach(async () => {
  watched = await browser.open();
  page = watched.page;
  await signIn(page, stack);
});

afterEach(async () => {
  expect(watched.complaints).toEqual([]);
  await watched.close();
});

afterAll(async () => {
  await browser.stop();
  await stack.stop();
});

describe('an address that is blocked', () => {
  it('can be asked about, lifted with Caddy’s own word for it, and taken back within ten seconds', async () => {
    await stack.ban('203.0.113.9', { reason: 'too curious' });
    await stack.untilBlocked('203.0.113.9');
    await open();
    await page.getByLabel('Why is this address blocked?', { exact: true }).fill('203.0.113[.]9');
    await page.getByRole('button', { name: 'Find out' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Blocked', { exact: true }).waitFor();
    await dialog.getByRole('cell', { name: 'too curious' }).waitFor();
    await dialog.getByText('blocks it').waitFor();
    expect(new URL(page.url()).search).toContain('why=203.0.113.9');
    await dialog.getByRole('button', { name: 'Unban 203.0.113.9' }).click();
    await page.getByText(/203\.0\.113\.9: allowed again, \d+\.\d s/).waitFor();
    expect((await stack.requestFrom('203.0.113.9')).status).toBe(200);
    await dialog.getByText('Not blocked', { exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /^Undo/ }).click();
    await page.getByText('1 ban back in force').waitFor();
    await stack.untilBlocked('203.0.113.9');
    await stack.unban('203.0.113.9');
  });

  it('is trusted from there: the allowlist beats the range that covers it', async () => {
    await stack.ban('198.51.100.0/24', { reason: 'a whole range' });
    await stack.untilBlocked('198.51.100.7');
    await open('?why=198.51.100.7');
    const dialog = page.getByRole('dialog');
    await dialog.getByText('198.51.100.0/24', { exact: true }).waitFor();
    await dialog.getByRole('button', { name: '1 hour' }).click();
    await page.getByText(/198\.51\.100\.7 is trusted: allowed again/).waitFor();
    expect((await stack.requestFrom('198.51.100.7')).status).toBe(200);
    expect((await stack.requestFrom('198.51.100.8')).status).toBe(403);
    await page.goto(`${stack.controlApi.url}/security/allowlist`);
    await page.getByRole('button', { name: 'Remove 198.51.100.7' }).click();
    await page.getByText(/198\.51\.100\.7 is off the allowlist: Caddy confirmed it/).waitFor();
    expect((await stack.requestFrom('198.51.100.7')).status).toBe(403);
    await stack.unban('198.51.100.0/24');
  });
});

describe('the ban form', () => {
  it('understands what is pasted, leaves out what would lock people out, and says when Caddy blocks', async () => {
    await open();
    await page.getByRole('button', { name: 'Ban addresses' }).click();
    const dialog = page.getByRole('dialog');
    await dialog
      .getByLabel('Addresses and ranges')
      .fill('hxxp://192[.]0[.]2[.]10/x, "192.0.2.11:443"\n10.0.0.1\nrubbish');
    await dialog.getByText(/covers 2 addresses/).waitFor();
    await dialog.getByText(/10\.0\.0\.1, it is a private range/).waitFor();
    await dialog.getByText(/rubbish, this is not an IP address/).waitFor();
    await dialog.getByRole('button', { name: '1 hour' }).click();
    await dialog.getByLabel('Reason').fill('pasted');
    await dialog.getByRole('button', { name: 'Ban 2' }).click();
    await page.getByText(/2 addresses and ranges banned: Caddy confirmed it/).waitFor();
    expect((await stack.requestFrom('192.0.2.10')).status).toBe(403);
    expect((await stack.requestFrom('192.0.2.11')).status).toBe(403);
  });

  it('bans many and lifts them in one go, with one undo', async () => {
    await open('?origin=local');
    await page.getByLabel('Select 192.0.2.10').check();
    await page.getByLabel('Select 192.0.2.11').check();
    await page.getByRole('button', { name: 'Unban 2', exact: true }).click();
    await page.getByText(/2 decisions: allowed again/).waitFor();
    expect((await stack.requestFrom('192.0.2.10')).status).toBe(200);
    await page.getByRole('button', { name: /^Undo/ }).click();
    await page.getByText('2 bans back in force').waitFor();
    await stack.untilBlocked('192.0.2.11');
  });
});

describe('the table', () => {
  it('sorts, searches and counts over the whole set, and keeps all that in the URL', async () => {
    await open('?origin=community');
    await page.getByText(/decisions of .* match/).waitFor();
    await page.getByRole('button', { name: 'Address', exact: true }).click();
    await page.getByRole('columnheader', { name: 'Address', exact: true }).waitFor();
    const first = page.locator('tbody tr[aria-rowindex="2"] .address');
    await expect.poll(() => first.textContent()).toMatch(/^11\./);
    await page.getByRole('button', { name: 'Address', exact: true }).click();
    await expect.poll(() => first.textContent()).toMatch(/^190\./);
    await page.getByLabel('Search decisions').fill('http-probing');
    await expect.poll(() => new URL(page.url()).searchParams.get('q')).toBe('http-probing');
    await page.reload();
    expect(await page.getByLabel('Search decisions').inputValue()).toBe('http-probing');
    const table = page.getByRole('table');
    await expect.poll(() => table.getAttribute('aria-rowcount')).toMatch(/^3\d\d$/);
  });

  it('holds only the rows in view, and fetches more on the way down', async () => {
    await open('?origin=community');
    await page.getByText(/200 loaded/).waitFor();
    for (let step = 0; step < 6; step++) {
      await page.getByRole('region', { name: 'Live decisions' }).press('End');
      await page.waitForTimeout(150);
    }
    await expect.poll(() => page.locator('.table-foot').first().textContent()).toMatch(/[4-9]00 loaded|1,\d00 loaded/);
    expect(await page.locator('tbody tr').count()).toBeLessThan(80);
  });

  it('shows hostile text as text, in one line, without turning or widening the page', async () => {
    await stack.ban('192.0.2.66', { reason: HOSTILE });
    await stack.untilBlocked('192.0.2.66');
    await open('?q=192.0.2.66&origin=all');
    const reason = page.locator('tbody .foreign').first();
    await expect.poll(() => reason.textContent()).toContain('<img src=x onerror=alert(1)>');
    expect(await reason.textContent()).not.toContain('\u202E');
    expect(await page.locator('tbody img').count()).toBe(0);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await stack.unban('192.0.2.66');
  });

  it('exports what is filtered', async () => {
    await open('?q=192.0.2.10&origin=all');
    const link = page.getByRole('link', { name: 'CSV' });
    expect(await link.getAttribute('download')).toBe('decisions.csv');
    const answer = await page.request.get(new URL((await link.getAttribute('href')) ?? '', page.url()).href);
    expect(answer.headers()['content-disposition']).toContain('attachment');
    const text = await answer.text();
    expect(text).toContain('192.0.2.10');
    expect(text.trim().split('\n')).toHaveLength(2);
  });
});
