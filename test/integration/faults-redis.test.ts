/** Redis is slow, gone, full, hostile or somebody else: blocking goes on, new bans count, and the status says so. */
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { writeFile } from 'node:fs/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BouncerStatus } from '../../bouncer/shared/domain/status.ts';
import { keys } from '../../bouncer/shared/redis/keys.ts';
import { memoryOf } from '../bench/measure/process-figures.ts';
import { FaultDrill } from '../support/fault-drill.ts';
import { type Fault, FaultProxy, GARBAGE } from '../support/fault-proxy.ts';
import { makeCertificates } from '../support/internet/certificates.ts';
import { Workbench } from '../support/servers.ts';
import { SmallDisk } from '../support/small-disk.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';

const LONG_MS = 120_000;

const HERE = makeCertificates(['localhost']);
/** Of an authority that the bouncer trusts, too: only the name is wrong. */
const ELSEWHERE = makeCertificates(['elsewhere.example'], 'another authority');

let files: Workbench;
let stack: Stack;
let proxy: FaultProxy;
let toLapi: FaultProxy;
let drill: FaultDrill;

beforeAll(async () => {
  files = await Workbench.open();
  const caFile = files.path('ca.pem');
  await writeFile(caFile, HERE.authority + ELSEWHERE.authority);
  stack = await startStack({
    caddy: 'newest',
    bouncer: { CROWDSEC_POLL_INTERVAL: '300ms', NODE_EXTRA_CA_CERTS: caFile },
    reroute: async (_, { REDIS_URL = '', CROWDSEC_LAPI_URL = '' }) => {
      proxy = files.also(await FaultProxy.before(REDIS_URL, { certificates: HERE }));
      toLapi = files.also(await FaultProxy.before(CROWDSEC_LAPI_URL));
      return { REDIS_URL: proxy.url, CROWDSEC_LAPI_URL: toLapi.url };
    },
  });
  drill = new FaultDrill(stack, 'bouncer ↔ Redis (over TLS)');
});

afterAll(async () => {
  drill.report();
  await stack.stop();
  await files.stop();
});

const isDown = ({ redis }: BouncerStatus) => redis.state === 'down' && (redis.error ?? '') !== '';
const refuses = (why: RegExp) => (status: BouncerStatus) =>
  status.redis.state === 'up' && why.test(status.redis.error ?? '');

describe('between the bouncer and Redis', () => {
  it.each<{ fault: string; is: Fault }>([
    { fault: 'cut at once', is: { kind: 'cut', afterBytes: 0 } },
    { fault: 'cut in the middle of an answer', is: { kind: 'cut', afterBytes: 30 } },
    { fault: 'garbage', is: { kind: 'answer', bytes: GARBAGE, then: 'stay' } },
    { fault: 'a shorter answer than said', is: { kind: 'answer', bytes: '$900\r\nredis_version', then: 'end' } },
    { fault: 'an answer to another question', is: { kind: 'answer', bytes: ':1\r\n:2\r\n', then: 'end' } },
  ])('$fault: enforced without it, and told', async ({ fault, is }) => {
    const begin = () => proxy.set(is);
    await drill.run({ fault, begin, end: () => proxy.heal(), told: isDown, enforcesMeanwhile: true });
  });

  it('half-open: told within a command’s time limit, and nothing waits for it', { timeout: LONG_MS }, async () => {
    const begin = () => proxy.set({ kind: 'half_open' });
    const end = () => proxy.heal();
    await drill.run({ fault: 'half-open', begin, end, told: isDown, enforcesMeanwhile: true });
  });

  it.each<{ fault: string; is: Fault }>([
    { fault: 'answers 0.3 s late', is: { kind: 'delay', ms: 300 } },
    { fault: 'answers byte by byte', is: { kind: 'drip', everyMs: 1 } },
  ])('$fault: nobody notices', async ({ fault, is }) => {
    await drill.run({ fault, begin: () => proxy.set(is), end: () => proxy.heal(), enforcesMeanwhile: true });
  });

  it('a certificate for another name: refused and told', async () => {
    await drill.run({
      fault: 'TLS with a certificate for another name',
      begin: () => proxy.present(ELSEWHERE),
      end: () => proxy.present(HERE),
      told: ({ redis }) => redis.state === 'down' && redis.error?.includes('does not match') === true,
      enforcesMeanwhile: true,
    });
  });

  it('stopped in its tracks, and killed', { timeout: LONG_MS }, async () => {
    await drill.run({
      fault: 'SIGSTOP, then SIGCONT',
      begin: () => stack.redis.kill('SIGSTOP'),
      end: () => stack.redis.kill('SIGCONT'),
      told: isDown,
      enforcesMeanwhile: true,
    });
    await drill.run({
      fault: 'killed (SIGKILL), then started with nothing in it',
      begin: () => stack.redis.kill('SIGKILL'),
      end: () => stack.redis.start(),
      told: isDown,
      enforcesMeanwhile: true,
    });
    await wasWrittenTo(stack.redis.url);
  });

  it('memory full, also over a reconnection: blocking goes on, and it says that nothing is written', async () => {
    await drill.run({
      fault: 'maxmemory reached, noeviction',
      begin: async () => {
        await stack.redis.command('CONFIG SET maxmemory-policy noeviction');
        await stack.redis.command('CONFIG SET maxmemory 1');
        proxy.set({ kind: 'cut', afterBytes: 0 });
        proxy.heal();
      },
      end: () => stack.redis.command('CONFIG SET maxmemory 0'),
      told: refuses(/OOM/),
      enforcesMeanwhile: true,
    });
    await wasWrittenTo(stack.redis.url);
  });

  it('disk full: the same', { timeout: LONG_MS }, async () => {
    const disk = await SmallDisk.make(files, 'redis-disk', { bytes: 256 * 1024 });
    const other = await files.redis({ persistent: true, stateDir: disk.path });
    await drill.run({
      fault: `disk full (${disk.isReal ? 'a small tmpfs under its AOF' : 'no mount here: min-replicas-to-write'})`,
      begin: async () => {
        if (disk.isReal) await fill(other.url);
        else await other.command('CONFIG SET min-replicas-to-write 1');
        proxy.leadTo(other.url);
      },
      end: async () => {
        proxy.leadTo(stack.redis.url);
        await other.kill('SIGKILL'); // one that cannot write does not end in order
        await disk.remove();
      },
      told: refuses(/MISCONF|NOREPLICAS/),
      enforcesMeanwhile: true,
    });
  });

  it(
    'hostile: what cannot be read is refused and told, costs no memory, and lifts no ban',
    { timeout: LONG_MS },
    async () => {
      await stack.ban('127.8.0.1');
      await stack.untilBlocked('127.8.0.1');
      await stack.bouncer.stop(); // writes its snapshot to STATE_DIR
      await poison(stack.redis.url);
      toLapi.set({ kind: 'cut', afterBytes: 0 });
      await stack.caddy.restart();
      await stack.bouncer.start('alive');
      await stack.untilBlocked('127.8.0.1', 60_000); // from STATE_DIR: neither LAPI nor Redis could tell
      expect(await stack.requestFrom('127.8.0.2')).toMatchObject({ status: 200 });
      const log = stack.bouncer.logs(500);
      expect(log).toContain('a snapshot could not be read and is passed over');
      expect(log).toContain('settings could not be read from Redis; keeping the last known ones');
      expect(memoryOf(stack.bouncer.pid ?? 0).peakMb).toBeLessThan(600);
      toLapi.heal();
      await drill.run({
        fault: 'hostile: garbage under every key and on the channel',
        begin: async () => {
          await poison(stack.redis.url);
          await stack.redis.command(`PUBLISH ${keys.commands} not-a-command`);
          await stack.redis.command(`PUBLISH ${keys.commands} {"kind":"settings","more":[]}`);
        },
        end: () => stack.redis.wipe(),
        enforcesMeanwhile: true,
      });
      await wasWrittenTo(stack.redis.url);
    },
  );
});

/** The bouncer's status and snapshot are there again. */
async function wasWrittenTo(url: string): Promise<void> {
  await withRedis(url, (redis) =>
    waitFor(
      async () => (await redis.exists(keys.snapshot)) === 1 && (await redis.keys(keys.statusPattern)).length === 1,
      {
        what: 'the bouncer to write to Redis again',
        withinMs: 60_000,
      },
    ),
  );
}

/** Until nothing more can be written. */
async function fill(url: string): Promise<void> {
  await withRedis(url, (redis) =>
    waitFor(
      () =>
        redis.append('ballast', randomBytes(16 * 1024)).then(
          () => false,
          (error: unknown) => String(error).includes('MISCONF'),
        ),
      { what: 'the disk of Redis to be full', everyMs: 1 },
    ),
  );
}

const MB = 1024 * 1024;
const BOMB = gzipSync(Buffer.alloc(400 * MB, ' '), { level: 1 });

/** Every key of ours in the wrong type or with the wrong content; the snapshot unpacks to more than memory should hold. */
async function poison(url: string): Promise<void> {
  await withRedis(url, async (redis) => {
    await redis.del(keys.settings, keys.allowlist, keys.batches, keys.events);
    await redis.set(keys.snapshot, BOMB);
    await redis.hset(keys.settings, { enabled: 'perhaps', policy: 'everything', seen: '1' });
    await redis.set(keys.allowlist, 'not a hash');
    await redis.set(keys.batches, 'not a stream');
    await redis.set(keys.events, 'not a stream');
    await redis.set(keys.status('nobody'), '{"not json');
  });
}

async function withRedis<Result>(url: string, work: (redis: Redis) => Promise<Result>): Promise<Result> {
  const redis = new Redis(url);
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}
