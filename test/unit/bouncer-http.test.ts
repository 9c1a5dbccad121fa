import { createServer, type AddressInfo } from 'node:net';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type BouncerApp, createBouncerApp } from '../../bouncer/http/app.ts';
import { BouncerMetrics } from '../../bouncer/http/metrics.ts';
import { HttpServer } from '../../bouncer/http/server.ts';
import type { LookupAnswer } from '../../bouncer/lookup.ts';
import type { BouncerStatus } from '../../bouncer/shared/domain/status.ts';
import { Secret } from '../../bouncer/shared/runtime/secret.ts';

const TOKEN = 'a-token-of-the-bouncer';
const authorized = { headers: { authorization: `Bearer ${TOKEN}` } };
let isReady: boolean;

beforeEach(() => (isReady = false));

function appWith(changes: Partial<BouncerApp> = {}) {
  const parts = {
    status: () => ({ ready: isReady, reasons: ['not yet'] }) as unknown as BouncerStatus,
    metrics: new BouncerMetrics({
      decisions: () => [],
      streamAgeSeconds: () => undefined,
      streamRole: () => 'alone',
      laneEntries: () => 0,
    }),
    token: new Secret(TOKEN),
    refresh: vi.fn(() => Promise.resolve([] as string[])),
    lookup: vi.fn((address: string) => ({ address }) as unknown as LookupAnswer),
    bans: () => ({ addresses: [], ranges: [], exceptions: [] }),
    ...changes,
  };
  return { ...parts, app: createBouncerApp(parts) };
}

async function problemOf(response: Response) {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const body = (await response.json()) as Record<string, unknown>;
  expect(body).toMatchObject({ type: 'about:blank', status: response.status });
  expect(body['hint']).toBeTruthy();
  return body;
}

describe('health', () => {
  it('is open to everybody, and fine as soon as it answers', async () => {
    expect((await appWith().app.request('/healthz')).status).toBe(200);
  });

  it('is ready or not, with reasons', async () => {
    const { app } = appWith();
    const before = await app.request('/readyz');
    expect([before.status, await before.json()]).toEqual([503, { ready: false, reasons: ['not yet'] }]);
    isReady = true;
    expect((await app.request('/readyz')).status).toBe(200);
  });
});

describe('the token', () => {
  const guarded = [['POST', '/refresh'], ['GET', '/lookup?ip=192.0.2.1'], ['GET', '/export']] as const; // prettier-ignore

  it.each(guarded)('%s %s needs it', async (method, path) => {
    const { app, refresh, lookup } = appWith();
    for (const authorization of [
      undefined,
      '',
      'Bearer ',
      'Bearer wrong',
      `Basic ${TOKEN}`,
      TOKEN,
      `Bearer ${TOKEN}x`,
    ]) {
      const response = await app.request(path, {
        method,
        headers: authorization === undefined ? {} : { authorization },
      });
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
      expect(await problemOf(response)).toMatchObject({ status: 401, code: 'unauthorized' });
    }
    expect(refresh).not.toHaveBeenCalled();
    expect(lookup).not.toHaveBeenCalled();
    expect((await app.request(path, { method, ...authorized })).status).toBeLessThan(300);
  });

  it.each(guarded)('%s %s is refused to everybody when none is configured', async (method, path) => {
    const { app } = appWith({ token: undefined });
    for (const headers of [{}, { authorization: 'Bearer ' }, { authorization: 'Bearer undefined' }]) {
      const body = await problemOf(await app.request(path, { method, headers }));
      expect(body).toMatchObject({ status: 403, code: 'no_token_configured' });
      expect(body['hint']).toContain('BOUNCER_TOKEN');
    }
  });

  it('is in no answer', async () => {
    const { app } = appWith();
    for (const path of ['/readyz', '/metrics', '/lookup', '/nowhere', '/export'])
      expect(await (await app.request(path, authorized)).text()).not.toContain(TOKEN);
  });
});

describe('a refresh', () => {
  it('is accepted at once, and may wait for every Caddy', async () => {
    const { app, refresh } = appWith();
    expect((await app.request('/refresh', { method: 'POST', ...authorized })).status).toBe(202);
    expect(refresh).toHaveBeenLastCalledWith({ confirm: false, full: false });
    const waited = await app.request('/refresh?wait', { method: 'POST', ...authorized });
    expect(refresh).toHaveBeenLastCalledWith({ confirm: true, full: false });
    expect(await waited.json()).toEqual({ confirmed: true, missing: [] });
    await app.request('/refresh?wait&full', { method: 'POST', ...authorized });
    expect(refresh).toHaveBeenLastCalledWith({ confirm: true, full: true });
  });

  it('names what keeps a Caddy from holding the result', async () => {
    const { app } = appWith({ refresh: () => Promise.resolve(['Caddy is gone']) });
    const waited = await app.request('/refresh?wait=1', { method: 'POST', ...authorized });
    expect(await waited.json()).toEqual({ confirmed: false, missing: ['Caddy is gone'] });
  });

  it('is no GET, which a browser or a crawler may send', async () => {
    const { app, refresh } = appWith();
    await problemOf(await app.request('/refresh', authorized));
    expect(refresh).not.toHaveBeenCalled();
  });
});

describe('a lookup', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:DB8:0::1', '2001:db8::1'],
  ])('of %s answers for %s', async (ip, address) => {
    const response = await appWith().app.request(`/lookup?ip=${encodeURIComponent(ip)}`, authorized);
    expect(await response.json()).toEqual({ address });
  });

  it.each([
    '',
    '999.1.1.1',
    '192.0.2.0/24',
    '192.0.2.1/32',
    'fe80::1%eth0',
    'localhost',
    '<script>',
    '192.0.2.1\u0000',
    ' 192.0.2.1',
    '1'.repeat(5_000),
    '../../etc/passwd',
    '%',
  ])('of what is no address is refused without repeating it', async (ip) => {
    const { app, lookup } = appWith();
    const body = await problemOf(await app.request(`/lookup?ip=${encodeURIComponent(ip)}`, authorized));
    expect(body).toMatchObject({ status: 400, code: 'bad_address' });
    expect(lookup).not.toHaveBeenCalled();
    if (ip.length > 3) expect(JSON.stringify(body)).not.toContain(ip.slice(0, 50));
  });

  it('without an address, or that breaks, is a problem in words', async () => {
    expect(await problemOf(await appWith().app.request('/lookup', authorized))).toMatchObject({ status: 400 });
    const broken = appWith({ lookup: () => { throw new Error('broken'); } }); // prettier-ignore
    expect(await problemOf(await broken.app.request('/lookup?ip=::1', authorized))).toMatchObject({ status: 500 });
  });
});

describe('the metrics', () => {
  it('have the names that the interface promises, and no address in a label', async () => {
    const metrics = new BouncerMetrics({
      decisions: () => [{ origin: 'CAPI', type: 'ban', family: 6, count: 3 }],
      streamAgeSeconds: () => 1.5,
      streamRole: () => 'alone',
      laneEntries: () => 2,
    });
    metrics.rejected('bad_value', 2);
    metrics.streamFailed('timeout');
    metrics.pushed('http://127.0.0.1:2019', 'in_sync', 250);
    metrics.drifted('http://127.0.0.1:2019');
    metrics.holds('http://127.0.0.1:2019', { address: 5, range: 1 });
    const text = await (await appWith({ metrics }).app.request('/metrics')).text();
    const lines = text.split('\n').filter((line) => line.startsWith('crowdsec_'));
    expect(lines.sort()).toEqual([
      'crowdsec_decisions_rejected_total{reason="bad_value"} 2',
      'crowdsec_decisions{origin="CAPI",type="ban",ip_version="ipv6"} 3',
      'crowdsec_drift_total{caddy="http://127.0.0.1:2019"} 1',
      'crowdsec_enforced_entries{caddy="http://127.0.0.1:2019",kind="address"} 5',
      'crowdsec_enforced_entries{caddy="http://127.0.0.1:2019",kind="range"} 1',
      'crowdsec_lane_entries 2',
      'crowdsec_push_duration_seconds{caddy="http://127.0.0.1:2019"} 0.25',
      'crowdsec_push_total{caddy="http://127.0.0.1:2019",result="in_sync"} 1',
      'crowdsec_stream_age_seconds 1.5',
      'crowdsec_stream_errors_total{reason="timeout"} 1',
      'crowdsec_stream_role{role="alone"} 1',
      'crowdsec_stream_role{role="follower"} 0',
      'crowdsec_stream_role{role="leader"} 0',
    ]);
    expect(text).toContain('process_cpu_seconds_total');
  });
});

it('has a problem for a path that is not there', async () => {
  expect(await problemOf(await appWith().app.request('/nowhere'))).toMatchObject({ status: 404, code: 'not_found' });
});

describe('the server', () => {
  it('says which setting to change when its port is taken, and can still be stopped', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const server = new HttpServer(appWith().app, { host: '127.0.0.1', port, isLoopback: true }, 'BOUNCER_LISTEN');
    await expect(server.start()).rejects.toThrow(`127.0.0.1:${port} (another program has that port)`);
    await expect(server.start()).rejects.toThrow('BOUNCER_LISTEN');
    await expect(server.stop()).resolves.toBeUndefined();
    await new Promise((resolve) => other.close(resolve));
  });

  it('that never started can be stopped', async () => {
    const server = new HttpServer(appWith().app, { host: '127.0.0.1', port: 0, isLoopback: true }, 'BOUNCER_LISTEN');
    await expect(server.stop()).resolves.toBeUndefined();
  });
});
