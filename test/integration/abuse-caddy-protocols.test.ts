/** HTTP/2 with and without TLS, and automatic HTTPS that is left on, against clients that try their worst. */
import { readdir } from 'node:fs/promises';
import { type ClientHttp2Session, connect as connectHttp2, type OutgoingHttpHeaders } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CaddyServer } from '../../scripts/servers/caddy-server.ts';
import { freePort } from '../../scripts/servers/ports.ts';
import { enforce, strangers } from '../support/caddy-enforcer.ts';
import { CADDY_VERSIONS, Workbench } from '../support/servers.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { waitFor } from '../support/wait-for.ts';
import { exchange, head } from './abuse-http.ts';

const SITE = 'site.example.com';
const BANNED = '127.66.0.9';
const FRIEND = '127.66.0.10';

type Protocol = 'h2' | 'h2c';

describe.each(CADDY_VERSIONS)('Caddy %s', (version) => {
  let workbench: Workbench;
  let upstream: Upstream;
  let caddy: CaddyServer;
  let http: number;
  let ports: Record<Protocol, number>;

  beforeAll(async () => {
    workbench = await Workbench.open();
    upstream = workbench.also(await startUpstream());
    http = await freePort();
    ports = { h2: await freePort(), h2c: await freePort() };
    caddy = await workbench.caddy(version, {
      kind: 'caddyfile',
      globals: `local_certs\nskip_install_trust\nhttp_port ${http}\nhttps_port ${ports.h2}\ndefault_bind 127.0.0.1\nservers {\nprotocols h1 h2 h2c\n}`,
      sites: `${SITE} {\nreverse_proxy ${upstream.url}\n}\nhttp://:${ports.h2c} {\nrespond /echo "{http.request.hostport}"\nreverse_proxy ${upstream.url}\n}`,
    });
    await waitFor(async () => (await ask('h2', FRIEND)).status === 200, { what: 'the certificate', withinMs: 60_000 });
  });
  afterAll(() => workbench.stop());
  beforeEach(() => void upstream.requests.splice(0));

  function open(protocol: Protocol, localAddress: string): ClientHttp2Session {
    const to = { host: '127.0.0.1', port: ports[protocol], localAddress };
    const tls = { ...to, servername: SITE, rejectUnauthorized: false, ALPNProtocols: ['h2'] };
    const createConnection = () => (protocol === 'h2' ? connectTls(tls) : connectTcp(to));
    return connectHttp2(`${protocol === 'h2' ? 'https' : 'http'}://${SITE}`, { createConnection });
  }

  /** Status 0: the server ended the stream without one. */
  async function ask(protocol: Protocol, from: string, headers: OutgoingHttpHeaders = {}, body = '') {
    const session = open(protocol, from);
    try {
      return await new Promise<{ status: number; body: string }>((resolve, reject) => {
        session.once('error', reject);
        const stream = session.request({ ':path': '/', ...headers });
        const answer = { status: 0, body: '' };
        stream.on('response', (got) => (answer.status = got[':status'] ?? 0));
        stream.on('data', (chunk: Buffer) => (answer.body += chunk.toString()));
        stream.on('error', () => undefined); // a reset is an answer
        stream.on('close', () => resolve(answer));
        stream.end(body);
      });
    } finally {
      session.destroy();
    }
  }

  describe.each([
    ['h2', 'a list', [BANNED]],
    ['h2', 'an index', [BANNED, ...strangers(200)]],
    ['h2c', 'a list', [BANNED]],
    ['h2c', 'an index', [BANNED, ...strangers(200)]],
  ] as const)('%s with %s', (protocol, _size, addresses) => {
    beforeAll(async () => {
      await enforce(caddy, { addresses });
    });

    it.each<[string, OutgoingHttpHeaders]>([
      ['a plain request', {}],
      ['a POST with a body', { ':method': 'POST', ':path': '/admin/delete' }],
      ['a forged name of ours', { 'x-ccs-host': 'evil.example', 'x-forwarded-for': FRIEND, 'x-real-ip': FRIEND }],
      ['an authority that is an address', { ':authority': FRIEND }],
      ['an authority with braces', { ':authority': '{http.request.header.X-Ccs-Host}' }],
      ['an authority of 8 KB', { ':authority': 'a'.repeat(8_000) }],
      ['a Host that differs from the authority', { host: FRIEND }],
      ['a method of its own', { ':method': 'A'.repeat(40) }],
      ['a method of another web', { ':method': 'PROPFIND' }],
    ])('%s of a banned client reaches nobody', async (_name, headers) => {
      const { status } = await ask(protocol, BANNED, headers, headers[':method'] === 'POST' ? 'x'.repeat(50_000) : '');
      expect(status === 0 || status >= 400).toBe(true);
      expect(upstream.requests).toEqual([]);
    });

    it('a hundred streams on one connection are refused one by one', async () => {
      const session = open(protocol, BANNED).setMaxListeners(100);
      const statuses = await Promise.all(
        Array.from(
          { length: 100 },
          () =>
            new Promise<number>((resolve, reject) => {
              session.once('error', reject);
              const stream = session.request({ ':path': '/' });
              stream.on('response', (got) => resolve(got[':status'] ?? 0));
              stream.on('error', reject);
              stream.resume();
            }),
        ),
      );
      session.destroy();
      expect(new Set(statuses)).toEqual(new Set([403]));
      expect(upstream.requests).toEqual([]);
    });

    it('others keep their Host and get nothing from placeholders in it', async () => {
      expect((await ask(protocol, FRIEND, { ':authority': SITE, 'x-ccs-host': BANNED })).status).toBe(200);
      expect(upstream.requests.splice(0)).toMatchObject([{ host: SITE }]);
      for (const authority of ['{env.HOME}', '{http.vars.client_ip}', '{file./etc/hostname}']) {
        const { status, body } = await ask(protocol, FRIEND, { ':authority': authority, ':path': '/echo' });
        // Go takes some of these for no name at all; none is looked up.
        if (status === 200) expect(['', authority, 'the site']).toContain(body);
        else expect(status).toBe(400);
        for (const { host } of upstream.requests.splice(0)) expect(['', authority]).toContain(host);
      }
    });
  });

  it('no name that a stranger sends gets a certificate, banned or not', async () => {
    await enforce(caddy, { addresses: [BANNED, ...strangers(200)] });
    const names = ['evil.example.net', 'www.site.example.com', 'xn--evil-1.example', 'a.'.repeat(60) + 'example'];
    for (const name of names) {
      for (const from of [BANNED, FRIEND]) {
        expect(await handshake(ports.h2, from, name)).not.toBe(name);
        await exchange(http, head('GET /', { Host: name }), { localAddress: from });
        await ask('h2', from, { ':authority': name });
      }
    }
    // The site's own is renewed or not; what counts is that nobody else's was begun, in files or in the log.
    const files = await readdir(join(caddy.stateDir, 'data', 'caddy'), { recursive: true });
    const subjects = files.flatMap((file) => /^certificates\/[^/]+\/([^/]+)$/.exec(file)?.[1] ?? []);
    expect(subjects).toEqual([SITE]);
    expect(caddy.logs(5_000)).not.toMatch(/obtain[^\n]*evil|issu[^\n]*evil/i);
  });
});

/** @returns the name in the certificate that the server showed; nothing when it refused. */
function handshake(port: number, localAddress: string, servername: string): Promise<string> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, localAddress, servername, rejectUnauthorized: false };
    const socket = connectTls(options);
    socket.once('secureConnect', () => {
      resolve(socket.getPeerCertificate().subjectaltname ?? '');
      socket.destroy();
    });
    socket.once('error', () => resolve(''));
  });
}
