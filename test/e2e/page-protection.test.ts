import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../scripts/servers/ports.ts';
import { ControlApiProcess } from '../../scripts/servers/sidecar.ts';
import { TestBrowser, type WatchedPage } from '../support/browser.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { signIn, tokenOf } from './page-under-test.ts';

const BANNED = '203.0.113.5';

let stack: Stack;
let browser: TestBrowser;
let watched: WatchedPage;

beforeAll(async () => {
  browser = await TestBrowser.start();
  stack = await startStack({ caddy: 'newest', controlApi: true, banned: [BANNED] });
  await stack.untilBlocked(BANNED);
});

afterEach(async () => {
  expect(watched.complaints).toEqual([]);
  expect([...watched.hosts]).toEqual([new URL(stack.controlApi.url).host]);
  await watched.close();
});

afterAll(async () => {
  await browser.stop();
  await stack.stop();
});

describe('signing in', () => {
  it('says that a wrong token is wrong, takes the right one, and keeps it from scripts', async () => {
    watched = await browser.open();
    const { page } = watched;
    await page.goto(`${stack.controlApi.url}/settings/security`);
    await page.getByLabel('Token').fill('certainly-not-the-token');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('That is not the token of this API.').waitFor();
    await page.getByLabel('Token').fill(await tokenOf(stack));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('switch', { name: 'CrowdSec Protection' }).waitFor(); // the view of the URL, not the overview
    expect(await page.evaluate('document.cookie')).toBe('');
    expect(await page.context().cookies()).toMatchObject([{ httpOnly: true, sameSite: 'Strict' }]);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Token').waitFor();
  });
});

describe('signed in at two control APIs on one host', () => {
  it('is signed in at both, since a cookie of one says nothing to the other', async () => {
    watched = await browser.open();
    const { page } = watched;
    const token = 'the-token-of-the-second-one';
    const env = { REDIS_URL: stack.redis.url, CONTROL_API_TOKEN: token, STATE_DIR: stack.workbench.path('second') };
    const second = stack.workbench.also(new ControlApiProcess({ port: await freePort(), token, env }));
    await second.start();
    await signIn(page, stack);
    await page.goto(second.url);
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    for (const url of [stack.controlApi.url, second.url]) {
      await page.goto(url);
      await page.getByRole('heading', { name: 'Overview' }).waitFor();
      expect(await page.getByLabel('Token').count()).toBe(0);
    }
    await page.goto('about:blank');
    await second.stop();
    watched = { ...watched, hosts: new Set([...watched.hosts].filter((host) => host !== new URL(second.url).host)) };
  });
});

describe('the switch', () => {
  it('lets everybody in and turns the banned away again, each said only when Caddy has confirmed it', async () => {
    watched = await browser.open();
    const { page } = watched;
    await signIn(page, stack);
    await page.getByText('Enforcing 1 address', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Security', exact: true }).click();
    const toggle = page.getByRole('switch', { name: 'CrowdSec Protection' });
    await toggle.click();
    await page.getByText(/Protection is off: Caddy confirmed it, \d+\.\d s/).waitFor();
    expect((await stack.requestFrom(BANNED)).status).toBe(200);
    expect(await toggle.getAttribute('aria-checked')).toBe('false');
    await page.getByText('Caddy lets everybody in.').waitFor();
    await toggle.click();
    await page.getByText(/Protection is on: Caddy confirmed it/).waitFor();
    expect((await stack.requestFrom(BANNED)).status).toBe(403);
  });

  it('only watches with Monitor', async () => {
    watched = await browser.open();
    const { page } = watched;
    await signIn(page, stack);
    await page.goto(`${stack.controlApi.url}/settings/security`);
    await page.getByRole('radio', { name: /Monitor/ }).check();
    await page.getByText(/Monitor: Caddy confirmed it/).waitFor();
    expect((await stack.requestFrom(BANNED)).status).toBe(200);
    await page.getByText('blocking nobody').first().waitFor();
    await page.getByRole('radio', { name: /Enforce/ }).check();
    await page.getByText(/Enforce: Caddy confirmed it/).waitFor();
    expect((await stack.requestFrom(BANNED)).status).toBe(403);
  });
});

describe('while no Caddy confirms a change', () => {
  const AGAIN = 'Somebody changed it again';

  beforeEach(async () => {
    watched = await browser.open();
    await signIn(watched.page, stack);
    await stack.bouncer.kill('SIGSTOP'); // nothing is confirmed before it goes on
  });

  afterEach(() => stack.bouncer.kill('SIGCONT'));

  it('what somebody else changes is told instead of a wait that would never end, with what holds now', async () => {
    const { page } = watched;
    await page.getByRole('link', { name: 'Security', exact: true }).click();
    const toggle = page.getByRole('switch', { name: 'CrowdSec Protection' });
    await toggle.click();
    await page.getByText('Waiting for Caddy to confirm').waitFor();
    // The page waits from the click on: the API has to have heard of it before another says otherwise.
    await expect.poll(async () => (await stack.controlApi.request('GET', '/status')).body).toContain('"enabled":false');
    const theirs = stack.controlApi.request('PUT', '/enabled', { enabled: true });
    const card = page.getByRole('region', { name: 'CrowdSec Protection' });
    await card.getByText(AGAIN).waitFor();
    await card.getByText(/protection is switched on now/).waitFor();
    expect(await page.getByText('Saved, and not in effect everywhere yet').count()).toBe(0);
    await expect.poll(() => toggle.getAttribute('aria-checked')).toBe('true'); // told before the status is read again
    await stack.bouncer.kill('SIGCONT');
    expect((await theirs).status).toBe(200);
  });

  it('the page says that it is not in effect, until it is', async () => {
    const { page } = watched;
    await page.getByRole('link', { name: 'Security', exact: true }).click();
    await page.getByRole('switch', { name: 'CrowdSec Protection' }).click();
    const card = page.getByRole('region', { name: 'CrowdSec Protection' });
    const note = card.getByText('Saved, and not in effect everywhere yet');
    await note.waitFor();
    await stack.bouncer.kill('SIGCONT');
    await note.waitFor({ state: 'detached' });
    await card.getByText('Protection is off').waitFor();
    await stack.controlApi.request('PUT', '/enabled', { enabled: true });
  });

  it('an allowlist that somebody else changes is told, too, and there is nothing left to undo', async () => {
    const { page } = watched;
    await page.getByRole('link', { name: 'Allowlist', exact: true }).click();
    await page.getByLabel('Address or range').fill('192.0.2.50');
    await page.getByRole('button', { name: 'Never block' }).click();
    await page.getByText('Waiting for Caddy').waitFor();
    await expect.poll(async () => (await stack.controlApi.request('GET', '/allowlist')).body).toContain('192.0.2.50');
    const theirs = stack.controlApi.request('DELETE', '/allowlist?value=192.0.2.50');
    await page.getByText('1 entry: somebody changed it again').waitFor();
    await page.getByText(/the allowlist is without 192\.0\.2\.50 now/).waitFor();
    await stack.bouncer.kill('SIGCONT');
    expect((await theirs).status).toBe(200);
  });
});

describe('when a part is gone', () => {
  it('names LAPI, and goes on showing the last data', async () => {
    watched = await browser.open();
    const { page } = watched;
    await signIn(page, stack);
    await stack.crowdsec.stop();
    await page.getByText('CrowdSec’s LAPI does not answer').first().waitFor();
    await page
      .getByText(/Enforcing|Stale/)
      .first()
      .waitFor();
    await stack.crowdsec.start();
    await page.getByText('CrowdSec’s LAPI does not answer').first().waitFor({ state: 'detached' });
  });

  it('names Redis, and says how old the data is', async () => {
    watched = await browser.open();
    const { page } = watched;
    await signIn(page, stack);
    await page.getByText(/^Enforcing 1 address/).waitFor();
    await stack.redis.stop();
    await page.getByText('Redis does not answer').waitFor();
    await page.getByText(/Shown is what was known \d+ s ago/).waitFor();
    await page.getByText(/^Enforcing 1 address/).waitFor();
    await stack.redis.start();
    await page.getByText('Redis does not answer').waitFor({ state: 'detached' });
  });

  it('names the bouncer, and the API itself, and finds back by itself', async () => {
    watched = await browser.open();
    const { page } = watched;
    await signIn(page, stack);
    await stack.bouncer.stop();
    await page.getByText('The bouncer does not answer').waitFor({ timeout: 40_000 });
    await stack.bouncer.start();
    await page.getByText('The bouncer does not answer').waitFor({ state: 'detached' });
    await stack.controlApi.stop();
    await page.getByText('The control API does not answer').waitFor();
    await stack.controlApi.start();
    await page
      .getByLabel('Token')
      .or(page.getByText(/^Enforcing 1 address/))
      .first()
      .waitFor();
    watched = { ...watched, complaints: withoutConnectionErrors(watched.complaints) };
  });
});

/** The browser notes a stream that was cut; that is what this test does. */
function withoutConnectionErrors(complaints: readonly string[]): readonly string[] {
  return complaints.filter((text) => !text.includes('net::ERR_'));
}
