import { existsSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { RedisLink } from '../../../bouncer/shared/redis/client.ts';
import { appendEvent } from '../../../bouncer/shared/redis/event-log.ts';
import { createLogger } from '../../../bouncer/shared/runtime/logger.ts';
import { communityList, postAlerts } from '../../e2e/sample-alerts.ts';
import { signIn } from '../../e2e/page-under-test.ts';
import { CHROMIUM, TestBrowser } from '../../support/browser.ts';
import { startStack, type Stack } from '../../support/stack.ts';
import { waitFor } from '../../support/wait-for.ts';
import { median } from '../measure/statistics.ts';
import { framesAfter, heapOf, watchPaints } from '../measure/painting.ts';
import { atMost, type Row } from '../run/row.ts';
import type { Section } from '../run/section.ts';

const SIZES = { quick: 5_000, full: 100_000 };
const ROUNDS = { quick: 3, full: 7 };

/** As the description of the page promises, over all files together. */
const MOST_KB = atMost(100);
/** A frame that nobody takes for a stutter, with room for a machine that does other things as well. */
const SMOOTH_MS = atMost(100);
const MOST_GROWTH_MB = atMost(5);

/** An hour of a busy site: more than one event a second. */
const EVENTS = { quick: 400, full: 5_000 };
const EVENTS_AT_ONCE = 50;

/** What somebody at a browser gets, from the real stack. */
export const pageSection: Section = {
  name: 'page',
  title: 'the web page, in a real Chromium',
  isLong: true,
  async run({ quick, doing, also }): Promise<Row[]> {
    if (!existsSync(CHROMIUM)) {
      throw new Error(`${CHROMIUM} is missing, so the page was NOT measured: apt-get install chromium`);
    }
    const size = quick ? SIZES.quick : SIZES.full;
    doing(`a real stack with ${size.toLocaleString('en')} decisions`);
    const stack = also(await startStack({ caddy: 'newest', controlApi: true, push: true }));
    for (let from = 0; from < size; from += 5_000) {
      await postAlerts(stack.crowdsec, [communityList(5_000, from)]);
    }
    const browser = also(await TestBrowser.start());
    const { page } = await browser.open();
    await signIn(page, stack);
    await untilShown(page, stack, size);
    return [
      ...(await weight(page, stack)),
      ...(await firstRender(page, stack, quick ? ROUNDS.quick : ROUNDS.full, doing)),
      ...(await atWork(page, stack, size, doing)),
      await memory(page, stack, quick ? EVENTS.quick : EVENTS.full, doing),
    ];
  },
};

async function untilShown(page: Page, stack: Stack, size: number): Promise<void> {
  const enough = async () => {
    const { body } = await stack.controlApi.request('GET', '/decisions?origin=community&limit=1');
    return ((JSON.parse(body) as { matching?: number }).matching ?? 0) >= size;
  };
  await waitFor(enough, { what: `the page to have ${size} decisions`, withinMs: 180_000 });
  await page.goto(decisionsOf(stack));
  await page.locator('tbody .address').first().waitFor();
}

const decisionsOf = (stack: Stack) => `${stack.controlApi.url}/security/live-decisions?origin=community`;

/** Bytes of each file as they go over the wire. */
async function weight(page: Page, stack: Stack): Promise<Row[]> {
  await page.goto(stack.controlApi.url, { waitUntil: 'load' });
  await page.locator('.headline-words strong').waitFor();
  const entries = await page.evaluate<[string, number][]>(
    "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].map((entry) => [entry.name, entry.encodedBodySize])",
  );
  const files = entries.map(([url, bytes]) => [new URL(url).pathname, bytes] as const);
  const sizes = new Map(files.filter(([path]) => !path.startsWith('/api/')));
  if (sizes.size < 4 || [...sizes.values()].some((bytes) => bytes <= 0)) {
    throw new Error(`not every file of the page was weighed: ${JSON.stringify([...sizes])}`);
  }
  const each = [...sizes].map(([path, bytes]) => `${path} ${(bytes / 1_000).toFixed(1)}`).join(', ');
  const total = [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
  return [{ name: 'page: every file, compressed', value: total / 1_000, unit: 'KB', targets: [MOST_KB], detail: each }];
}

async function firstRender(page: Page, stack: Stack, rounds: number, doing: (what: string) => void): Promise<Row[]> {
  const painted: number[] = [];
  const stated: number[] = [];
  const listed: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    doing(`first render, ${round} of ${rounds}`);
    await page.goto(stack.controlApi.url);
    stated.push(await sinceNavigation(page, '.headline-words strong'));
    painted.push(
      await page.evaluate<number>("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN"),
    );
    await page.goto(decisionsOf(stack));
    listed.push(await sinceNavigation(page, 'tbody .address'));
  }
  const row = (name: string, values: readonly number[]): Row => ({
    name: `page: ${name}`,
    value: median(values),
    unit: 'ms',
    detail: `median of ${rounds}, from the navigation on; at most ${Math.round(Math.max(...values))}`,
  });
  return [
    row('first contentful paint', painted),
    row('the real state in words', stated),
    row('the first row of the decisions', listed),
  ];
}

/** Milliseconds from the navigation to the frame that shows the first of these. */
async function sinceNavigation(page: Page, selector: string): Promise<number> {
  await page.locator(selector).first().waitFor();
  return page.evaluate<number>('new Promise((done) => requestAnimationFrame(() => done(performance.now())))');
}

async function atWork(page: Page, stack: Stack, size: number, doing: (what: string) => void): Promise<Row[]> {
  await page.goto(decisionsOf(stack));
  await page.locator('tbody .address').first().waitFor();
  await watchPaints(page);
  const of = `of ${size.toLocaleString('en')} decisions`;
  doing(`typing a filter ${of}`);
  await page.getByLabel('Search decisions').focus();
  const typing = await framesAfter(page, async () => {
    for (const key of 'http-probing') await page.keyboard.press(key);
  });
  await page.getByText(/ match/).waitFor();
  await page.getByLabel('Search decisions').fill('');
  await page.waitForURL((url) => !url.searchParams.has('q'));
  doing(`sorting ${of}`);
  const sorting = await framesAfter(page, async () => {
    for (const name of ['Address', 'Remaining', 'Reason', 'Address']) {
      const answered = page.waitForResponse((response) => response.url().includes('/decisions?'));
      await page.getByRole('button', { name, exact: true }).click();
      await answered;
    }
  });
  doing(`scrolling ${of}`);
  const list = page.getByRole('region', { name: 'Live decisions' });
  await list.hover();
  const wheel = await framesAfter(page, async () => {
    for (let turn = 0; turn < 120; turn++) await page.mouse.wheel(0, 900);
  });
  const jumping = await framesAfter(page, async () => {
    for (let jump = 0; jump < 10; jump++) await list.press('End');
    await list.press('Home');
    await list.press('End');
  });
  const row = (name: string, frames: readonly number[]): Row => ({
    name: `page: ${name} → next painted frame`,
    value: Math.max(...frames),
    unit: 'ms',
    targets: [SMOOTH_MS],
    detail: `the worst of ${frames.length}; median ${median(frames).toFixed(0)} ms, ${of}`,
    figures: { median: median(frames), inputs: frames.length },
  });
  return [
    row('a key typed into the filter', typing),
    row('a click on a column head', sorting),
    row('a turn of the wheel', wheel),
    row('a jump to the end and back', jumping),
  ];
}

/** Events at speed through the real stream, on the view that shows them. */
async function memory(page: Page, stack: Stack, count: number, doing: (what: string) => void): Promise<Row> {
  await page.goto(stack.controlApi.url);
  await page.getByRole('region', { name: 'Latest events' }).waitFor();
  const redis = new RedisLink(stack.redis.url, createLogger('bench', 'silent', false));
  redis.start();
  try {
    await redis.untilUp(10_000);
    const send = async (from: number, to: number) => {
      for (let at = from; at < to; at += EVENTS_AT_ONCE) {
        doing(`event ${at} of ${count}`);
        const events = Array.from({ length: Math.min(EVENTS_AT_ONCE, to - at) }, (_, index) => ({
          at: new Date().toISOString(),
          by: 'bench',
          kind: 'ban',
          message: `event ${at + index}: banned 1 value: 203.0.113.${index} ("crowdsecurity/http-probing")`,
        }));
        await Promise.all(events.map((event) => appendEvent(redis, event)));
        await page.getByText(new RegExp(`^event ${Math.min(at + EVENTS_AT_ONCE, to) - 1}:`)).waitFor();
      }
    };
    const warmUp = Math.floor(count / 10);
    await send(0, warmUp);
    const before = await heapOf(page);
    await send(warmUp, count);
    const after = await heapOf(page);
    return {
      name: `page: memory gained by ${(count - warmUp).toLocaleString('en')} events`,
      value: Math.max(0, (after - before) / 1e6),
      unit: 'MB',
      targets: [MOST_GROWTH_MB],
      detail: `JavaScript heap after a forced collection: ${(before / 1e6).toFixed(1)} → ${(after / 1e6).toFixed(1)} MB`,
    };
  } finally {
    redis.stop();
  }
}
