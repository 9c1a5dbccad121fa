import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request as requestTls } from 'node:https';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call } from '../../scripts/servers/http.ts';
import { FaultProxy, GARBAGE, httpReply } from '../support/fault-proxy.ts';
import { makeCertificates } from '../support/internet/certificates.ts';
import { waitFor } from '../support/wait-for.ts';

const BODY = 'an answer of some length';

let server: Server;
let url: string;
let proxy: FaultProxy;
let seen: string[];
const stops: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  seen = [];
  server = createServer((request, response) => {
    seen.push(request.url ?? '');
    response.end(BODY);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  proxy = await FaultProxy.before(url);
});

afterEach(async () => {
  await proxy.stop();
  for (const stop of stops.splice(0)) await stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const ask = (timeoutMs?: number) => call({ url: `${proxy.url}/x`, ...(timeoutMs === undefined ? {} : { timeoutMs }) });

describe('the fault proxy', () => {
  it('lets everything through until it is told otherwise', async () => {
    expect(await ask()).toMatchObject({ status: 200, body: BODY });
    expect(seen).toEqual(['/x']);
    expect(proxy).toMatchObject({ accepted: 1, mostOpen: 1 });
    await waitFor(() => proxy.open === 0, { what: 'the connection to be gone' });
  });

  it('keeps the scheme, the path and the kind of an address', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'proxy-'));
    stops.push(() => rm(folder, { recursive: true }));
    const at = async (address: string, path?: string) => {
      const made = await FaultProxy.before(address, path === undefined ? {} : { path: join(folder, path) });
      stops.push(() => made.stop());
      return made.url.replace(folder, '').replace(/:\d+/, ':N');
    };
    expect(await at('redis://127.0.0.1:6379/0')).toBe('redis://127.0.0.1:N/0');
    expect(await at('http://127.0.0.1:2019')).toBe('http://127.0.0.1:N');
    expect(await at('unix//run/caddy/admin.sock', 'a')).toBe('unix//a');
    expect(await at('unix:///run/lapi.sock', 'b')).toBe('unix:///b');
  });

  it('speaks to clients over a unix socket, and breaks off there, too', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'proxy-'));
    stops.push(() => rm(folder, { recursive: true }));
    const socketPath = join(folder, 's');
    const made = await FaultProxy.before(`unix/${socketPath}`, { path: socketPath });
    stops.push(() => made.stop());
    made.leadTo(url);
    expect(await call({ url: 'http://x/', socketPath })).toMatchObject({ status: 200, body: BODY });
    made.set({ kind: 'cut', afterBytes: 0 });
    await expect(call({ url: 'http://x/', socketPath })).rejects.toThrow(/socket hang up|EPIPE|ECONNRESET/);
  });

  it('delays an answer', async () => {
    proxy.set({ kind: 'delay', ms: 60_000 });
    await expect(ask(200)).rejects.toThrow('no answer within 200 ms');
    expect(seen).toEqual(['/x']);
    proxy.set({ kind: 'delay', ms: 10 });
    expect(await ask()).toMatchObject({ status: 200, body: BODY });
  });

  it('sends an answer byte by byte', async () => {
    proxy.set({ kind: 'drip', everyMs: 60_000 });
    await expect(ask(200)).rejects.toThrow('no answer within 200 ms');
    proxy.set({ kind: 'drip', everyMs: 0 });
    expect(await ask()).toMatchObject({ status: 200, body: BODY });
  });

  it('cuts a connection at once, or in the middle of the answer', async () => {
    proxy.set({ kind: 'cut', afterBytes: 0 });
    await expect(ask()).rejects.toThrow(/ECONNRESET|socket hang up/);
    expect(seen).toEqual([]);
    proxy.set({ kind: 'cut', afterBytes: 60 });
    await expect(ask()).rejects.toThrow(/ECONNRESET|aborted|socket hang up/);
    expect(seen).toEqual(['/x']);
  });

  it('takes a connection and lets nothing through, and ends it when that is over', async () => {
    proxy.set({ kind: 'half_open' });
    await expect(ask(200)).rejects.toThrow('no answer within 200 ms');
    expect(seen).toEqual([]);
    const waiting = expect(ask()).rejects.toThrow(/ECONNRESET|socket hang up/);
    await waitFor(() => proxy.accepted === 2, { what: 'the second connection' });
    proxy.heal();
    await waiting;
    expect(await ask()).toMatchObject({ status: 200 });
  });

  it('answers in the place of the server, rightly, with a wrong length or with garbage', async () => {
    proxy.set(httpReply(503, { headers: { 'retry-after': '7' }, body: '{}' }));
    expect(await ask()).toMatchObject({ status: 503, body: '{}', headers: { 'retry-after': '7' } });
    proxy.set(httpReply(200, { body: 'short', length: 500 }));
    await expect(ask()).rejects.toThrow(/aborted/);
    proxy.set({ kind: 'answer', bytes: GARBAGE, then: 'end' });
    await expect(ask()).rejects.toThrow(/Parse Error/);
    expect(seen).toEqual([]);
  });

  it('does it only to those who begin in a certain way, when it is told so', async () => {
    proxy.set({ kind: 'cut', afterBytes: 0, only: 'PATCH ' });
    expect(await ask()).toMatchObject({ status: 200 });
    await expect(call({ url: `${proxy.url}/x`, method: 'PATCH' })).rejects.toThrow(/ECONNRESET|socket hang up/);
    expect(seen).toEqual(['/x']);
  });

  it('speaks TLS with the certificate that it is given, and then with another one', async () => {
    const right = makeCertificates(['localhost']);
    const secure = await FaultProxy.before(url, { certificates: right });
    stops.push(() => secure.stop());
    expect(secure.url).toMatch(/^https:\/\/localhost:\d+$/);
    expect(await statusOver(secure.url, right.authority)).toBe(200);
    const wrong = makeCertificates(['elsewhere.example']);
    secure.present(wrong);
    await expect(statusOver(secure.url, wrong.authority)).rejects.toThrow(/does not match/);
    secure.present(right);
    expect(await statusOver(secure.url, right.authority)).toBe(200);
  });
});

function statusOver(address: string, ca: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const outgoing = requestTls(address, { ca, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}
