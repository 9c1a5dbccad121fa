/**
 * HTTP/3, for which neither Node nor Debian's curl has a client: Chromium does. All its requests come from 127.0.0.1, so
 * that address is the one that is banned and lifted.
 */
import { createHash } from 'node:crypto';
import { connect } from 'node:tls';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compile } from '../../caddy/compile.ts';
import type { CaddyServer } from '../../scripts/servers/caddy-server.ts';
import { freePort } from '../../scripts/servers/ports.ts';
import { CHROMIUM } from '../support/browser.ts';
import { adminOf, enforce, expectOk, liveServers, ruleset, strangers } from '../support/caddy-enforcer.ts';
import { CADDY_VERSIONS, Workbench } from '../support/servers.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { waitFor } from '../support/wait-for.ts';

const SITE = 'site.example.com';
const CLIENT = '127.0.0.1';
const NOBODY = '192.0.2.1';
const ANSWERED = { what: 'an answer over HTTP/3', withinMs: 60_000 };

/** The protocols of all answers since the page was loaded. */
const PROTOCOLS = `[...new Set(
  performance.getEntriesByType('resource').filter(({ responseStatus }) => responseStatus > 0).map((entry) => entry.nextHopProtocol)
)]`;

describe.each(CADDY_VERSIONS)('HTTP/3 to Caddy %s', { timeout: 180_000 }, (version) => {
  let workbench: Workbench;
  let upstream: Upstream;
  let caddy: CaddyServer;
  let browser: Browser;
  let port: number;

  beforeAll(async () => {
    workbench = await Workbench.open();
    upstream = workbench.also(await startUpstream());
    port = await freePort();
    caddy = await workbench.caddy(version, {
      kind: 'caddyfile',
      globals: `local_certs\nskip_install_trust\nhttp_port ${await freePort()}\nhttps_port ${port}\ndefault_bind 127.0.0.1`,
      sites: `${SITE} {\nreverse_proxy ${upstream.url}\n}`,
    });
    const pin = await waitFor(() => keyPin(port), { what: 'the certificate', withinMs: 60_000 });
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--no-first-run',
        '--disable-background-networking',
        '--enable-quic',
        `--origin-to-force-quic-on=${SITE}:${port}`,
        `--ignore-certificate-errors-spki-list=${pin}`,
        `--host-resolver-rules=MAP ${SITE} ${CLIENT}`,
      ],
    });
  }, 180_000);
  afterAll(async () => {
    await browser.close();
    await workbench.stop();
  });
  beforeEach(() => void upstream.requests.splice(0));

  /** A page of the site, with connections of its own. */
  async function visit(): Promise<Page> {
    const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
    // What a banned client gets is empty, and Chromium shows its own page for that; it stays on the site's origin.
    await page.route('**/page', (route) => route.fulfill({ contentType: 'text/html', body: 'a page' }));
    await page.goto(`https://${SITE}:${port}/page`);
    return page;
  }

  /** A push ends connections, or lets them hang: then one asks again. */
  function ask(page: Page, init: object = {}): Promise<unknown> {
    const options = JSON.stringify(init);
    const asked = `fetch("/admin", { signal: AbortSignal.timeout(5_000), ...${options} }).then(async (answer) => (await answer.text(), answer.status))`;
    return waitFor(() => page.evaluate(asked), ANSWERED);
  }

  it.each([
    ['a list', []],
    ['an index', strangers(200)],
  ])('refuses a client that is banned by %s, whatever it sends, and serves everybody else', async (_size, others) => {
    await enforce(caddy, { addresses: [CLIENT, ...others] });
    const banned = await visit();
    expect(await ask(banned)).toBe(403);
    expect(await ask(banned, { method: 'POST', body: 'x'.repeat(50_000) })).toBe(403);
    expect(await ask(banned, { method: 'DELETE', headers: { 'x-ccs-host': SITE, 'x-forwarded-for': NOBODY } })).toBe(
      403,
    );
    expect(
      await ask(banned, { method: 'PROPFIND', headers: { 'x-real-ip': NOBODY, forwarded: `for=${NOBODY}` } }),
    ).toBe(403);
    await spokeHttp3(banned);
    expect(upstream.requests).toEqual([]);

    await enforce(caddy, { addresses: [NOBODY, ...others] });
    const served = await visit();
    expect(await ask(served, { method: 'POST', body: 'x' })).toBe(200);
    await spokeHttp3(served);
    expect(upstream.requests.at(-1)).toMatchObject({ host: `${SITE}:${port}`, url: '/admin' });
  });

  it.runIf(version === 'newest')('a connection that was open before the ban serves nothing after it', async () => {
    await enforce(caddy, { addresses: [NOBODY] });
    const page = await visit();
    expect(await ask(page)).toBe(200);
    await enforce(caddy, { addresses: [CLIENT] });
    upstream.requests.splice(0);
    expect(await ask(page)).toBe(403);
    expect(upstream.requests).toEqual([]);
  });

  it.runIf(version === '2.6.2')('an open connection keeps the rules that it began with, and that is told', async () => {
    await enforce(caddy, { addresses: [NOBODY] });
    const page = await visit();
    expect(await ask(page)).toBe(200);
    await enforce(caddy, { addresses: [CLIENT] });
    expect(await ask(page)).toBe(200);
    expect(await ask(await visit())).toBe(403);

    const admin = adminOf(caddy);
    const [capabilities, { servers }] = [expectOk(await admin.capabilities()), await liveServers(admin)];
    await admin.close();
    const rules = [...compile(ruleset({ addresses: [CLIENT] }), capabilities, servers).servers.values()];
    expect(rules.flatMap(({ warnings }) => warnings.map(({ code }) => code))).toContain('http3_outlives_pushes');
  });
});

/** The browser notes an answer a moment after the page has it. */
async function spokeHttp3(page: Page): Promise<void> {
  const protocols = () => page.evaluate<string[]>(PROTOCOLS);
  await waitFor(async () => (await protocols()).length > 0, { what: 'the browser to note its answers' });
  expect(await protocols()).toEqual(['h3']);
}

/** The hash of the key in the certificate that Caddy has made for the site, as Chromium takes it. */
function keyPin(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: CLIENT, port, servername: SITE, rejectUnauthorized: false });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      const key = socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' });
      socket.destroy();
      if (key === undefined) reject(new Error('no certificate'));
      else resolve(createHash('sha256').update(key).digest('base64'));
    });
  });
}
