/** The chart of decisions over time, with a week of history and a decision that is made while somebody looks. */
import { describe, expect, it } from 'vitest';
import type { Locator, Page } from 'playwright-core';
import { type Stack, startStack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { axeFindingsInBothThemes, pageForEachTest } from './page-under-test.ts';
import { communityList, postAlerts } from './sample-alerts.ts';
import { fillHistory } from './sample-history.ts';

/** Parts of the time that the chart is made of: quarters of an hour, and twice an hour times two. */
const SLOTS = { '24 hours': 96, '7 days': 84 } as const;

const QUARTER_MS = 15 * 60_000;

let stack: Stack;
let page: Page;

pageForEachTest({
  start: async () => {
    stack = await startStack({ caddy: 'newest', controlApi: true, push: true });
    await postAlerts(stack.crowdsec, [communityList(100)]);
    await fillHistory(stack.redis.url);
    return stack;
  },
  opened: (one) => (page = one),
});

const card = () => page.getByRole('region', { name: 'Decisions over time', exact: true });
const cursor = () => page.getByRole('slider', { name: 'Decisions over time' });
const slotOf = async (slider: Locator) => Number(await slider.getAttribute('aria-valuenow'));
/** With each quarter of an hour all slots move on by one, and what was first is gone. */
const untilNoTurn = () =>
  waitFor(() => Date.now() % QUARTER_MS < QUARTER_MS - 20_000, { what: 'a new quarter of an hour', withinMs: 25_000 });
const wordsOf = async (slider: Locator) => (await slider.getAttribute('aria-valuetext')) ?? '';

describe('decisions over time', () => {
  it.each(['24 hours', '7 days'] as const)(
    'of %s are drawn for each origin, with their moments below',
    async (period) => {
      await card().getByRole('button', { name: period }).click();
      await expect.poll(() => cursor().getAttribute('aria-valuemax')).toBe(String(SLOTS[period] - 1));
      expect(await card().getByRole('button', { name: period }).getAttribute('aria-pressed')).toBe('true');
      for (const title of ['Decided here', 'Community']) {
        const path = card().getByRole('figure', { name: title }).locator('path');
        const drawn = (await path.getAttribute('d')) ?? '';
        // One step for each part of the time, and no gap: somebody counted all week.
        expect(drawn.match(/V[\d.]+H/g)).toHaveLength(SLOTS[period]);
      }
      expect(await card().getByRole('figure', { name: 'Lists' }).count()).toBe(0);
      expect(await card().locator('.history-axis span').last().textContent()).toBe('now');
      expect(await axeFindingsInBothThemes(page)).toEqual([]);
    },
  );

  it('can be read with the keys alone, slot by slot, and tell what is seen', async () => {
    await untilNoTurn();
    await page.reload();
    const slider = cursor();
    await slider.focus();
    await page.keyboard.press('Home');
    expect(await slotOf(slider)).toBe(0);
    const first = await wordsOf(slider);
    expect(first).toMatch(/^\w{3} \d\d:\d\d: \d+ local, [\d,]+ community$/);
    expect(await card().locator('.series-value').textContent()).toBe(first);
    await page.keyboard.press('ArrowRight');
    expect(await slotOf(slider)).toBe(1);
    expect(await wordsOf(slider)).not.toBe(first);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft'); // there is nothing before the first
    expect(await wordsOf(slider)).toBe(first);
    await page.keyboard.press('End');
    expect(await slotOf(slider)).toBe(SLOTS['24 hours'] - 1);
  });

  it('follows the mouse, and goes back to now when it leaves', async () => {
    const slider = cursor();
    const box = await slider.boundingBox();
    if (box === null) throw new Error('the chart is not on the page');
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await expect.poll(() => slotOf(slider)).toBe(SLOTS['24 hours'] / 2);
    expect(await card().locator('.series-value').textContent()).toBe(await wordsOf(slider));
    await page.mouse.move(box.x + box.width / 2, box.y - 200);
    await expect.poll(() => slotOf(slider)).toBe(SLOTS['24 hours'] - 1);
  });

  it('has a table of the same numbers, newest first', async () => {
    await card().getByText('As a table').click();
    const table = card().getByRole('table');
    expect(await table.getByRole('columnheader').allTextContents()).toEqual([
      'From',
      'Decided here',
      'Community',
      'Lists',
      'Bouncer',
    ]);
    const newest = table.getByRole('row').nth(1).getByRole('cell');
    await expect
      .poll(() => newest.allTextContents())
      .toEqual([
        expect.stringMatching(/^\w{3} \d\d:\d\d$/) as string,
        expect.stringMatching(/^\d+$/) as string,
        expect.stringMatching(/^[\d,]+$/) as string,
        '0',
        'enforcing',
      ]);
    expect(await axeFindingsInBothThemes(page)).toEqual([]);
  });

  it('show a decision that is made meanwhile, at the end and without a reload of the page', async () => {
    const localNow = async () => Number(/(\d+) local/.exec(await wordsOf(cursor()))?.[1]);
    expect(await localNow()).toBeLessThan(60);
    const more = Array.from({ length: 60 }, (_, last) => `203.0.113.${last}`);
    await stack.crowdsec.import(more.map((value) => ({ value })));
    // LAPI's stream may tell of some of them first: those that it stored while it looked come with the next full pull.
    await expect.poll(localNow, { timeout: 50_000 }).toBe(60);
    await page.reload();
    await expect.poll(localNow).toBe(60);
  });
});
