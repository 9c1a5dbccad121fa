/** Between the bouncer and Caddy's admin API goes wrong what can go wrong; Caddy itself goes on with what it has. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BouncerStatus } from '../../bouncer/shared/domain/status.ts';
import { FaultDrill } from '../support/fault-drill.ts';
import { type Fault, FaultProxy, GARBAGE, httpReply } from '../support/fault-proxy.ts';
import { CADDY_VERSIONS, Workbench } from '../support/servers.ts';
import { startStack, type Stack } from '../support/stack.ts';

const LONG_MS = 120_000;
const SLOW_MACHINE_MS = 40_000;

const BYTE_BY_BYTE = { fault: 'answers byte by byte', is: { kind: 'drip', everyMs: 0 } as const, subnet: 21 };

describe.each(CADDY_VERSIONS)('between the bouncer and Caddy %s', (caddy) => {
  let files: Workbench;
  let stack: Stack;
  let proxy: FaultProxy;
  let drill: FaultDrill;

  beforeAll(async () => {
    files = await Workbench.open();
    stack = await startStack({
      caddy,
      bouncer: { CROWDSEC_POLL_INTERVAL: '300ms', DRIFT_INTERVAL: '300ms' },
      reroute: async (_, { CADDY_ADMIN = '' }) => {
        proxy = files.also(await FaultProxy.before(CADDY_ADMIN, { path: join(files.folder, 'admin.sock') }));
        return { CADDY_ADMIN: proxy.url };
      },
    });
    drill = new FaultDrill(stack, `bouncer ↔ Caddy ${caddy} (over a unix socket)`);
  });

  afterAll(async () => {
    drill.report();
    await stack.stop();
    await files.stop();
  });

  it.each<{ fault: string; is: Fault; says: RegExp }>([
    { fault: 'cut at once', is: { kind: 'cut', afterBytes: 0 }, says: /broke off/ },
    { fault: 'cut in the middle of an answer', is: { kind: 'cut', afterBytes: 40 }, says: /broke off/ },
    { fault: 'garbage', is: { kind: 'answer', bytes: GARBAGE, then: 'stay' }, says: /broke off/ },
    { fault: 'a shorter answer than said', is: httpReply(200, { body: '"crowd', length: 900 }), says: /broke off/ },
    { fault: '429', is: httpReply(429, { headers: { 'retry-after': '1' } }), says: /failed with 429/ },
    { fault: '500', is: httpReply(500, { body: '{"error":"out of memory"}' }), says: /failed with 500: out of memory/ },
    { fault: '503', is: httpReply(503, { headers: { 'retry-after': '1' } }), says: /failed with 503/ },
  ])('$fault: Caddy keeps its rules, and the status says why', async ({ fault, is, says }) => {
    const begin = () => proxy.set(is);
    await drill.run({ fault, begin, end: () => proxy.heal(), told: isDegraded(says) });
  });

  it('a push whose answer is lost is found to have arrived, and is not pushed again and again', async () => {
    await drill.run({
      fault: 'every answer to a push is lost',
      begin: () => proxy.set({ kind: 'cut', afterBytes: 1, only: 'PATCH ' }),
      end: () => proxy.heal(),
      enforcesMeanwhile: true,
      meanwhile: async () => {
        const { pushes } = await caddyRow();
        await drill.converges('  … and after one of them', async () => {
          await stack.ban('127.8.1.1');
          await stack.untilBlocked('127.8.1.1', SLOW_MACHINE_MS);
        });
        expect((await caddyRow()).pushes - pushes).toBeLessThanOrEqual(4);
      },
    });
  });

  it.each<{ fault: string; is: Fault; subnet: number }>([
    { fault: 'answers 0.3 s late', is: { kind: 'delay', ms: 300 }, subnet: 20 },
    ...(caddy === 'newest' ? [BYTE_BY_BYTE] : []),
  ])('$fault: nothing queues up, and ten changes are a push or two', async ({ fault, is, subnet }) => {
    await drill.run({
      fault,
      begin: () => {
        proxy.mostOpen = 0;
        proxy.set(is);
      },
      end: () => proxy.heal(),
      enforcesMeanwhile: true,
      meanwhile: async () => {
        const { pushes } = await caddyRow();
        for (let n = 1; n <= 10; n++) await stack.ban(`127.8.${subnet}.${n}`);
        await stack.untilBlocked(`127.8.${subnet}.10`, SLOW_MACHINE_MS);
        expect((await caddyRow()).pushes - pushes).toBeLessThan(10);
        expect(proxy.mostOpen).toBeLessThanOrEqual(2);
      },
    });
  });

  it('killed: gets its rules when it is back', async () => {
    await stack.ban('127.8.3.1');
    await stack.untilBlocked('127.8.3.1');
    await stack.caddy.kill('SIGKILL');
    await stack.ban('127.8.3.2');
    await stack.caddy.start();
    await drill.converges('killed (SIGKILL), then started', async () => {
      await stack.untilBlocked('127.8.3.1', SLOW_MACHINE_MS);
      await stack.untilBlocked('127.8.3.2', SLOW_MACHINE_MS);
    });
    expect(await stack.requestFrom('127.8.3.3')).toMatchObject({ status: 200 });
  });

  it('stopped in its tracks: goes on where it was, with what changed meanwhile', async () => {
    await stack.ban('127.8.4.1');
    await stack.untilBlocked('127.8.4.1');
    await stack.caddy.kill('SIGSTOP');
    await stack.ban('127.8.4.2');
    await stack.unban('127.8.4.1');
    await stack.bouncer.refresh();
    expect((await stack.bouncer.get('/healthz')).status).toBe(200);
    await stack.caddy.kill('SIGCONT');
    await drill.converges('SIGSTOP, then SIGCONT', async () => {
      await stack.untilBlocked('127.8.4.2', SLOW_MACHINE_MS);
      await stack.untilServed('127.8.4.1', SLOW_MACHINE_MS);
    });
  });

  // These take seconds, and no Caddy has a part in them.
  if (caddy === 'newest') {
    it('something else that answers is told from Caddy, and looked at again after a while', async () => {
      await drill.run({
        fault: 'a web page',
        begin: () => proxy.set(httpReply(200, { body: '<html>It works!</html>' })),
        end: () => proxy.heal(),
        told: isDegraded(/is this the admin API/),
      });
    });

    it('half-open: hits a time limit, is told, and queues nothing', { timeout: LONG_MS }, async () => {
      await drill.run({
        fault: 'half-open',
        begin: () => {
          proxy.mostOpen = 0;
          proxy.set({ kind: 'half_open' });
        },
        end: () => proxy.heal(),
        told: isDegraded(/gave no answer within 15 s/),
        meanwhile: () => {
          expect(proxy.mostOpen).toBeLessThanOrEqual(2);
          return Promise.resolve();
        },
      });
    });
  }

  async function caddyRow(): Promise<BouncerStatus['caddies'][number]> {
    const [row] = (await drill.status()).caddies;
    if (row === undefined) throw new Error('the bouncer tells of no Caddy');
    return row;
  }
});

const isDegraded = (why: RegExp) => (status: BouncerStatus) =>
  status.state === 'degraded' && !status.ready && why.test(status.caddies[0]?.error ?? '');
