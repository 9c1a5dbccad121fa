/**
 * Automatic HTTPS reads the `host` matchers of top-level routes: a long list of banned addresses in one would make
 * Caddy fetch a certificate for each, and turn plain servers into TLS ones.
 */
import { readdir } from 'node:fs/promises';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaddyServer } from '../../scripts/servers/caddy-server.ts';
import { freePort } from '../../scripts/servers/ports.ts';
import { enforce, strangers } from '../support/caddy-enforcer.ts';
import { sendRaw } from '../support/caddy-raw.ts';
import { CADDY_VERSIONS, Workbench } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';

const SITE = 'site.example.com';
const BANNED = '127.66.0.9';
const FRIEND = '127.66.0.10';
const MANY = [BANNED, ...strangers(1000)];
/** Caddy starts on its certificates at once; a thousand of them would show long before this, in milliseconds. */
const LONG_ENOUGH = 1_500;

/** Each is a whole Caddyfile's globals and sites for three ports: HTTP, HTTPS, and another plain one. */
const SHAPES = [
  { name: 'local_certs', globals: 'local_certs', tls: true },
  // Nothing listens on port 1, so nothing can be fetched, and nobody outside is asked.
  { name: 'an ACME authority', globals: 'acme_ca http://127.0.0.1:1/dir', tls: false },
];

describe.each(CADDY_VERSIONS)('automatic HTTPS of Caddy %s', (version) => {
  let workbench: Workbench;
  beforeAll(async () => void (workbench = await Workbench.open()));
  afterAll(() => workbench.stop());

  describe.each(SHAPES)('with $name', ({ globals, tls }) => {
    let caddy: CaddyServer;
    let http: number;
    let https: number;
    let plain: number;

    beforeAll(async () => {
      [http, https, plain] = [await freePort(), await freePort(), await freePort()];
      caddy = await workbench.caddy(version, {
        kind: 'caddyfile',
        globals: `${globals}\nhttp_port ${http}\nhttps_port ${https}\nskip_install_trust\ndefault_bind 127.0.0.1`,
        sites: `${SITE} {\nrespond "secure {http.request.host} {http.request.proto}"\n}\n:${plain} {\nrespond "plain"\n}`,
      });
      if (tls)
        await waitFor(async () => (await overTls(https, FRIEND)).includes('secure'), { what: 'the certificate' });
    });

    it('gets a certificate for the site, and for no banned address', async () => {
      await enforce(caddy, { addresses: MANY });
      await sleep(LONG_ENOUGH);
      const found = async () => {
        const names = await subjects(caddy);
        return names.length > 0 && names;
      };
      expect(await waitFor(found, { what: 'Caddy to see to a certificate' })).toEqual([SITE]);
      expect(caddy.logs(5_000)).not.toMatch(/198\.18\.0\.\d/);
    });

    it('serves what it served, over the protocol that it had', async () => {
      await enforce(caddy, { addresses: MANY });
      const head = `GET / HTTP/1.1\r\nHost: ${SITE}\r\nConnection: close\r\n\r\n`;
      expect(await sendRaw(plain, head, FRIEND)).toMatch(/^HTTP\/1\.1 200 [^]*plain$/);
      expect(await sendRaw(plain, head, BANNED)).toMatch(/^HTTP\/1\.1 403 /);
      expect(await sendRaw(http, head, FRIEND)).toMatch(/^HTTP\/1\.1 308 [^]*Location: https:\/\/site\.example\.com/);
      if (!tls) return;
      expect(await overTls(https, FRIEND)).toMatch(/^HTTP\/1\.1 200 [^]*secure/);
      expect(await overTls(https, BANNED)).toMatch(/^HTTP\/1\.1 403 /);
      expect(await overHttp2(https, FRIEND)).toEqual({ status: 200, body: `secure ${SITE} HTTP/2.0` });
      expect(await overHttp2(https, BANNED)).toEqual({ status: 403, body: '' });
    });
  });
});

/** The names that Caddy has a certificate for, or is trying to get one for. */
async function subjects(caddy: CaddyServer): Promise<readonly string[]> {
  const files = await readdir(join(caddy.stateDir, 'data', 'caddy'), { recursive: true });
  const named = /^certificates\/[^/]+\/([^/]+)\/|^locks\/issue_cert_(.+)\.lock$/;
  const names = files.flatMap((file) => {
    const found = named.exec(file);
    return found?.[1] ?? found?.[2] ?? [];
  });
  return [...new Set(names)];
}

function overTls(port: number, localAddress: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const options = { host: '127.0.0.1', port, localAddress, servername: SITE, rejectUnauthorized: false };
    const socket: TLSSocket = connectTls({ ...options, ALPNProtocols: ['http/1.1'] }, () => {
      socket.write(`GET / HTTP/1.1\r\nHost: ${SITE}\r\nConnection: close\r\n\r\n`);
    });
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  });
}

function overHttp2(port: number, localAddress: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, localAddress, servername: SITE, rejectUnauthorized: false };
    const createConnection = () => connectTls({ ...options, ALPNProtocols: ['h2'] });
    const session = connectHttp2(`https://${SITE}`, { createConnection });
    const stream = session.request({ ':path': '/' });
    let status = 0;
    let body = '';
    stream.on('response', (headers) => (status = headers[':status'] ?? 0));
    stream.on('data', (chunk: Buffer) => (body += chunk.toString()));
    stream.on('error', reject);
    stream.on('end', () => session.close(() => resolve({ status, body })));
  });
}
