/**
 * What a banned client, and a client that is not, can send to Caddy to change the verdict or another's Host.
 *
 *     shape                                            proven in
 *     Host: braces, 8 KB, CR, LF, empty, none, folded  here
 *     Host: an address, twice, a forged X-Ccs-Host     caddy-enforcement, caddy-finality
 *     X-Forwarded-For without trusted_proxies          here, caddy-enforcement
 *     X-Forwarded-For with them and strict, mapped     here, caddy-proxied
 *     X-Forwarded-For with them and not strict         here: it passes, and the status warns
 *     methods, absolute targets, TRACE, CONNECT        here, caddy-finality
 *     bodies, expectations, pipelines, two framings    here
 *     WebSockets of a banned client                    here
 *     HTTP/2 with and without TLS, certificates        abuse-caddy-protocols, caddy-tls
 *     HTTP/3                                           abuse-caddy-http3
 *     handle_errors, intercept                         abuse-caddy-errors, caddy-finality
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CaddyServer } from '../../scripts/servers/caddy-server.ts';
import { call } from '../../scripts/servers/http.ts';
import { enforce, strangers } from '../support/caddy-enforcer.ts';
import { CADDY_VERSIONS, Workbench } from '../support/servers.ts';
import { openSite, plainProxy, siteWith, type Site } from '../support/site.ts';
import { startUpstream } from '../support/upstream.ts';
import { exchange, RawClient } from './abuse-http.ts';

const BANNED = '127.66.0.9';
const FRIEND = '127.66.0.10';
const SIZES = [
  ['a list', [BANNED]],
  ['an index', [BANNED, ...strangers(200)]],
] as const;

describe.each(CADDY_VERSIONS)('Caddy %s', (version) => {
  let workbench: Workbench;
  let site: Site;
  let caddy: CaddyServer;

  beforeAll(async () => {
    workbench = await Workbench.open();
    site = await openSite(version, workbench.also(await startUpstream()));
    caddy = await workbench.caddy(version, plainProxy(site));
  });
  afterAll(() => workbench.stop());
  beforeEach(() => void site.upstream.requests.splice(0));

  /** `lines` are the head without the line that ends it. */
  const send = async (lines: string, from: string, body = '') => {
    const answers = await exchange(site.port, `${lines}\r\nConnection: close\r\n\r\n${body}`, { localAddress: from });
    return answers[0]?.status ?? 0;
  };

  describe.each(SIZES)('with %s', (_size, addresses) => {
    beforeAll(async () => {
      await enforce(caddy, { addresses });
    });

    it.each([
      ['a placeholder of ours', '{http.request.header.X-Ccs-Host}'],
      ['a placeholder of the environment', '{env.HOME}'],
      ['a placeholder of a file', '{file./etc/passwd}'],
      ['a placeholder of the client', '{http.vars.client_ip}'],
      ['an open brace', 'a{b'],
      ['a closing brace', 'a}b'],
      ['a backslash before a brace', 'a\\{b}'],
      ['8 KB', `${'a'.repeat(8_000)}.example`],
      ['capitals and a port', 'ShOp.Example:8080'],
      ['an address of IPv6', '[2001:db8::1]:80'],
      ['an underscore', 'a_b.example'],
    ])('a Host that is %s changes no verdict, and arrives as it was sent', async (_name, host) => {
      expect(await send(`GET /x HTTP/1.1\r\nHost: ${host}`, BANNED)).toBeGreaterThanOrEqual(400);
      expect(site.upstream.requests).toEqual([]);
      const status = await send(`GET /x HTTP/1.1\r\nHost: ${host}`, FRIEND);
      // Go refuses some of these itself, with 400; what it takes is handed on untouched.
      expect([200, 400]).toContain(status);
      if (status === 200) expect(site.upstream.requests.map((request) => request.host)).toEqual([host]);
      for (const { headers } of site.upstream.requests) {
        expect(JSON.stringify(headers)).not.toMatch(/root:|x-ccs-host/i);
      }
    });

    it.each([
      ['empty', 'Host:'],
      ['missing', 'X-Other: 1'],
      ['with LF in it', 'Host: a.example\nX-Forwarded-For: 127.66.0.10'],
      ['with CR in it', 'Host: a.example\rX: y'],
      ['with NUL in it', 'Host: a\0.example'],
      ['folded', 'Host: a.example\r\n b.example'],
      ['with a space before the colon', 'Host : a.example'],
      ['with a path', 'Host: a.example/../admin'],
      ['with a user', 'Host: admin@a.example'],
    ])('a Host %s lets no banned request through', async (_name, line) => {
      expect(await send(`POST /x HTTP/1.1\r\n${line}`, BANNED)).toBeGreaterThanOrEqual(400);
      expect(site.upstream.requests).toEqual([]);
    });

    it.each(['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND', 'get', 'FOO', 'M-SEARCH'])(
      '%s is a method like any other',
      async (method) => {
        expect(await send(`${method} /admin HTTP/1.1\r\nHost: a.example`, BANNED)).toBe(403);
        expect(site.upstream.requests).toEqual([]);
        await send(`${method} /admin HTTP/1.1\r\nHost: a.example`, FRIEND);
        expect(site.upstream.requests.length).toBeLessThanOrEqual(1); // Node's own parser does not know all of them
      },
    );

    it.each([
      'X-Forwarded-For',
      'X-Real-IP',
      'Forwarded',
      'Client-IP',
      'True-Client-IP',
      'CF-Connecting-IP',
      'X-Client-IP',
      'X-Cluster-Client-IP',
      'X-Ccs-Host',
      'x-ccs-host',
      'X_Ccs_Host',
      'X-Forwarded-Host',
    ])('%s of a client that nobody trusts changes nothing, in either direction', async (name) => {
      for (const value of [FRIEND, `for=${FRIEND}`, `${FRIEND}, ${FRIEND}`, '', '{http.vars.client_ip}']) {
        expect(await send(`GET / HTTP/1.1\r\nHost: a.example\r\n${name}: ${value}\r\n${name}: ${FRIEND}`, BANNED)).toBe(
          403,
        );
      }
      expect(site.upstream.requests).toEqual([]);
      for (const value of [BANNED, `for=${BANNED}`]) {
        expect(await send(`GET / HTTP/1.1\r\nHost: a.example\r\n${name}: ${value}`, FRIEND)).toBe(200);
      }
      expect(site.upstream.requests.map(({ host }) => host)).toEqual(['a.example', 'a.example']);
    });

    it('an absolute target counts for the site, and for no verdict', async () => {
      const lines = `GET http://shop.example/x HTTP/1.1\r\nHost: other.example\r\nX-Ccs-Host: evil.example`;
      expect(await send(lines, BANNED)).toBe(403);
      expect(await send(`GET http://${FRIEND}/x HTTP/1.1\r\nHost: ${FRIEND}`, BANNED)).toBe(403);
      expect(site.upstream.requests).toEqual([]);
      expect(await send(lines, FRIEND)).toBe(200);
      expect(site.upstream.requests).toMatchObject([{ host: 'shop.example', url: '/x' }]);
    });

    it('a body, said or not said how long, expected or not, reaches nobody', async () => {
      const post = 'POST /upload HTTP/1.1\r\nHost: a.example\r\nContent-Type: text/plain';
      // A server that answers without reading resets who goes on writing, and the reset takes the answer with it: so
      // one body that Go still reads to its end, and one of which the rest is never sent.
      const large = 'x'.repeat(100_000);
      expect(await send(`${post}\r\nContent-Length: ${large.length}`, BANNED, large)).toBe(403);
      expect(await send(`${post}\r\nContent-Length: 1000000`, BANNED, 'x'.repeat(1_000))).toBe(403);
      expect(await send(`${post}\r\nTransfer-Encoding: chunked`, BANNED, '5\r\nhello\r\n0\r\n\r\n')).toBe(403);
      expect(await send(`${post}\r\nContent-Length: 5\r\nExpect: 100-continue`, BANNED, 'hello')).toBe(403);
      expect(site.upstream.requests).toEqual([]);
    });

    it('nothing hides behind a banned request on its connection', async () => {
      const one = 'POST /a HTTP/1.1\r\nHost: a.example\r\n';
      const hidden = 'GET /hidden HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n';
      for (const framing of [
        'Content-Length: 0\r\n',
        'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n',
        'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n',
      ]) {
        const answers = await exchange(
          site.port,
          `${one}${framing}\r\n${framing.includes('chunked') ? '0\r\n\r\n' : ''}${hidden}`,
          { localAddress: BANNED },
        );
        for (const { status } of answers) expect(status).toBeGreaterThanOrEqual(400);
      }
      expect(site.upstream.requests).toEqual([]);
    });

    it('a WebSocket of a banned client is answered like any request, and stays closed', async () => {
      const client = await RawClient.open(site.port, BANNED);
      client.send(
        'GET /ws HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81\x05hello\r\n\r\n',
      );
      await client.untilClosed(); // the frame behind it is no HTTP
      expect(client.answers[0]?.status).toBe(403);
      for (const { status } of client.answers) expect(status).not.toBe(101);
      expect(site.upstream.requests).toEqual([]);
    });
  });

  it('a client of IPv4 is the same one on a listener of IPv6', async () => {
    const anywhere = {
      kind: 'caddyfile',
      sites: `http://:${site.port} {\nreverse_proxy ${site.upstream.url}\n}`,
    } as const;
    await caddy.reload(anywhere);
    for (const [, addresses] of SIZES) {
      await enforce(caddy, { addresses });
      const mapped = (localAddress: string) =>
        call({ url: `http://[::ffff:127.0.0.1]:${site.port}/`, localAddress: `::ffff:${localAddress}` });
      expect([(await mapped(BANNED)).status, (await mapped(FRIEND)).status]).toEqual([403, 200]);
    }
    await caddy.reload(plainProxy(site));
  });

  it.runIf(version === 'newest')('behind a proxy, what the proxy did not say counts for nothing', async () => {
    for (const addresses of [['203.0.113.9'], ['203.0.113.9', ...strangers(200)]]) {
      await enforce(caddy, { addresses });
      const through = (lines: string) => send(`GET / HTTP/1.1\r\nHost: a.example\r\n${lines}`, '127.0.0.1');
      expect(await through('X-Forwarded-For: 203.0.113.9\r\nX-Ccs-Host: 198.51.100.1')).toBe(403);
      expect(await through('X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-For: 203.0.113.9')).toBe(403); // two lines are one list
      expect(await through('X-Forwarded-For: 198.51.100.1, 203.0.113.9\r\nX-Real-IP: 198.51.100.1')).toBe(403);
      expect(await through('X-Forwarded-For: 198.51.100.1, ::ffff:203.0.113.9')).toBe(403);
      expect(site.upstream.requests).toEqual([]);
      expect(await through('X-Forwarded-For: 203.0.113.9, 198.51.100.1\r\nX-Ccs-Host: evil.example')).toBe(200);
      expect(site.upstream.requests.splice(0)).toMatchObject([{ host: 'a.example' }]);
    }
  });

  it.runIf(version === 'newest')('a proxy that is trusted and not strictly is a hole, and told', async () => {
    const globals = 'servers {\ntrusted_proxies static 127.0.0.1/32\n}';
    await caddy.reload({ ...siteWith({ ...site, trustLoopback: globals }, `reverse_proxy ${site.upstream.url}`) });
    const compilation = await enforce(caddy, { addresses: ['203.0.113.9'] });
    const spoofed = 'GET / HTTP/1.1\r\nHost: a.example\r\nX-Forwarded-For: 9.9.9.9, 203.0.113.9';
    expect(await send(spoofed, '127.0.0.1')).toBe(200);
    expect([...compilation.servers.values()].flatMap(({ warnings }) => warnings.map(({ code }) => code))).toContain(
      'proxies_not_strict',
    );
    await caddy.reload(plainProxy(site));
    await enforce(caddy, { addresses: ['203.0.113.9'] });
    expect(await send(spoofed, '127.0.0.1')).toBe(403);
  });
});
