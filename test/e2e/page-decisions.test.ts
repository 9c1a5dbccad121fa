import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Locator, Page } from 'playwright-core';
import { type Stack, startStack } from '../support/stack.ts';
import { pageForEachTest } from './page-under-test.ts';
import { communityList, HOSTILE, postAlerts } from './sample-alerts.ts';

/** One of the community list that was banned for http-sensitive-files. */
const SENSITIVE = '14.0.39.87';

let stack: Stack;
let page: Page;

const open = (query = '') => page.goto(`${stack.controlApi.url}/security/live-decisions${query}`);

pageForEachTest({
  start: async () => {
    stack = await startStack({ caddy: 'newest', controlApi: true, push: true });
    await postAlerts(stack.crowdsec, [communityList(2_000)]);
    return stack;
  },
  opened: (one) => (page = one),
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

describe('trust for longer', () => {
  it.each([
    ['1 day', 23 * 3_600_000, 25 * 3_600_000],
    ['For good', undefined, undefined],
  ] as const)('lasts %s, and lifts the ban as well', async (title, least, most) => {
    await stack.ban('203.0.113.77', { reason: 'a false alarm' });
    await stack.untilBlocked('203.0.113.77');
    await open('?why=203.0.113.77');
    await page.getByRole('dialog').getByRole('button', { name: title, exact: true }).click();
    await page.getByText(/203\.0\.113\.77 is trusted: allowed again/).waitFor();
    expect((await stack.requestFrom('203.0.113.77')).status).toBe(200);
    const { body } = await stack.controlApi.request('GET', '/allowlist');
    const { entries } = JSON.parse(body) as { entries: { value: string; expires_at?: string }[] };
    const until = entries.find(({ value }) => value === '203.0.113.77')?.expires_at;
    const left = until === undefined ? undefined : Date.parse(until) - Date.now();
    expect(left === undefined).toBe(least === undefined);
    if (left !== undefined) expect(left > (least ?? 0) && left < (most ?? 0)).toBe(true);
    await stack.controlApi.request('DELETE', '/allowlist?value=203.0.113.77');
    expect(await stack.unban('203.0.113.77')).toBe(0);
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

  it('takes a ban of several back, and leaves what was banned before', async () => {
    await stack.ban('192.0.2.21', { reason: 'an older ban' });
    await stack.untilBlocked('192.0.2.21');
    await open();
    await page.getByRole('button', { name: 'Ban addresses' }).click();
    await page.getByRole('dialog').getByLabel('Addresses and ranges').fill('192.0.2.21 192.0.2.22 192.0.2.23');
    await page.getByRole('dialog').getByRole('button', { name: 'Ban 3' }).click();
    await page.getByText(/3 addresses and ranges banned: Caddy confirmed it/).waitFor();
    expect((await stack.requestFrom('192.0.2.23')).status).toBe(403);
    await page.getByRole('button', { name: /^Undo/ }).click();
    await page.getByText(/3 bans: lifted, but 192\.0\.2\.21 still covers it/).waitFor();
    expect((await stack.requestFrom('192.0.2.22')).status).toBe(200);
    expect((await stack.requestFrom('192.0.2.23')).status).toBe(200);
    expect((await stack.requestFrom('192.0.2.21')).status).toBe(403);
    expect(await stack.unban('192.0.2.21')).toBe(1);
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

  const MANY = { timeout: 150_000 }; // LAPI writes them one by one, twice

  it('lifts all that match, also those that were never loaded, when they are still as many', MANY, async () => {
    await open('?origin=community&q=http-sensitive-files');
    await page.getByText(/^333 decisions of .* match, 200 loaded/).waitFor();
    await page.getByLabel('Select all that are shown').check();
    await page.getByText('200 selected').waitFor();
    await page.getByRole('button', { name: 'Select all 333 matching' }).click();
    await page.getByText('All 333 matching selected').waitFor();
    expect(await commandUnder(page.getByRole('region', { name: 'Decisions', exact: true }))).toContain(
      '"expected":333',
    );
    await page.getByRole('button', { name: 'Unban 333', exact: true }).click();
    await page.getByText(/333 decisions: allowed again/).waitFor({ timeout: 50_000 });
    await page.getByText('No decision matches').waitFor();
    expect((await stack.requestFrom(SENSITIVE)).status).toBe(200);
    await page.getByRole('button', { name: /^Undo/ }).click();
    await page.getByText('333 bans back in force').waitFor({ timeout: 50_000 });
    await stack.untilBlocked(SENSITIVE);
  });

  it('says of the button in a row what it did as a command', async () => {
    await open('?q=192.0.2.10&origin=all');
    await page.getByRole('button', { name: 'Unban 192.0.2.10', exact: true }).click();
    await page.getByText(/192\.0\.2\.10: allowed again/).waitFor();
    const command = await commandUnder(page.locator('.toast').last());
    expect(command).toMatch(
      /^curl -X DELETE -H "Authorization: Bearer \$CONTROL_API_TOKEN" '.*\/decisions\?value=192\.0\.2\.10'$/,
    );
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

  // Each has an address of its own: the ban of the one before may still be on its way out.
  it.each([
    ['csv', '192.0.2.88'],
    ['json', '192.0.2.89'],
  ] as const)('saves what is filtered as %s, by a click', async (format, address) => {
    await stack.ban(address, { reason: '=cmd|"a",b' });
    await stack.untilBlocked(address);
    await open(`?q=${address}&origin=all`);
    await page.locator('tbody .address').first().waitFor();
    const saved = page.waitForEvent('download');
    await page.getByRole('link', { name: format.toUpperCase() }).click();
    const download = await saved;
    expect(await download.failure()).toBeNull();
    expect(download.suggestedFilename()).toBe(`decisions.${format}`);
    const text = await readFile(await download.path(), 'utf8');
    if (format === 'json') expect(JSON.parse(text)).toMatchObject([{ value: address, scenario: '=cmd|"a",b' }]);
    else
      expect(text.trim().split('\n')).toMatchObject(
        [/^value,country/, /^192\.0\.2\.88,.*'?=cmd/].map((line) => expect.stringMatching(line) as string),
      );
    await stack.unban(address);
  });
});

/** Opens "As a command" and reads it. */
async function commandUnder(part: Locator): Promise<string> {
  await part.getByText('As a command').first().click();
  return (await part.locator('pre').first().textContent()) ?? '';
}
