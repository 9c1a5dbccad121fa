import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { CaddyAdmin, type AdminLimits } from '../../caddy/admin-client.ts';
import { parseAdminAddress } from '../../caddy/admin-address.ts';
import { freePort } from '../../scripts/servers/ports.ts';

function admin(address: string, limits?: Partial<AdminLimits>): CaddyAdmin {
  const parsed = parseAdminAddress(address);
  if (parsed.kind === 'invalid') throw new Error(parsed.message);
  return new CaddyAdmin(parsed.address, limits);
}

describe('an admin API that is not well', () => {
  it('is unreachable when nothing listens, and the message says where to look', async () => {
    const port = await freePort();
    const result = await admin(`http://127.0.0.1:${port}`).ping();
    expect(result).toMatchObject({
      kind: 'unreachable',
      message: expect.stringMatching(/is Caddy running.*CADDY_ADMIN/) as string,
    });
    const socket = await admin('unix//nonexistent/admin.sock').ping();
    expect(socket).toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('socket does not exist') as string,
    });
  });

  it('is not sent more than it takes', async () => {
    const result = await admin('http://127.0.0.1:1', { writeBytes: 4 }).writeServers(
      [Buffer.from('{}'), Buffer.from('{} ')],
      '',
    );
    expect(result).toMatchObject({ kind: 'rejected', status: 413, message: expect.stringContaining('MB') as string });
  });

  it('is asked once more when it closes what it had just accepted, as each reload of Caddy may', async () => {
    const seen: string[] = [];
    const fake = createServer((request, response) => {
      seen.push(`${request.method} ${request.headers['if-match'] ?? ''}`.trim());
      if (seen.length % 2 === 1) request.socket.destroy();
      else response.setHeader('etag', '"e"').end('{}');
    });
    await new Promise<void>((resolve) => fake.listen(0, '127.0.0.1', resolve));
    const client = admin(`http://127.0.0.1:${(fake.address() as AddressInfo).port}`);
    expect(await client.readServers()).toMatchObject({ kind: 'ok' });
    expect(await client.writeServers([Buffer.from('{"a":'), Buffer.from('1}')], '"e"')).toMatchObject({ kind: 'ok' });
    expect(seen).toEqual(['GET', 'GET', 'PATCH "e"', 'PATCH "e"']);
    await client.close();
    await new Promise((resolve) => fake.close(resolve));
  });

  it.each([
    ['hangs', 'unreachable', /within 0.2 s/],
    ['html', 'rejected', /not a site/],
    ['no-etag', 'rejected', /admin API/],
    ['huge', 'rejected', /more than/],
    ['broken', 'unreachable', /failed with 500/],
    ['cut', 'unreachable', /broke off/],
  ])('that %s is %s', async (how, kind, message) => {
    const fake = createServer((_request, response) => {
      if (how === 'html') response.writeHead(404).end('<html>Not here</html>');
      if (how === 'no-etag') response.end('{}');
      if (how === 'huge') response.end(`{"x":"${'y'.repeat(5000)}"}`);
      if (how === 'broken') response.writeHead(500).end('{"error":"oh"}');
      if (how === 'cut') response.writeHead(200, { 'content-length': '99' }).write('{', () => response.destroy());
    });
    await new Promise<void>((resolve) => fake.listen(0, '127.0.0.1', resolve));
    const address = `http://127.0.0.1:${(fake.address() as AddressInfo).port}`;
    const client = admin(address, { configBytes: 1000, ...(how === 'hangs' ? { readMs: 200 } : {}) });
    const result = await client.readServers();
    expect(result).toMatchObject({ kind, message: expect.stringMatching(message) as string });
    expect(result).toMatchObject({ message: expect.stringContaining(address) as string });
    await client.close();
    fake.closeAllConnections();
    await new Promise((resolve) => fake.close(resolve));
  });
});
