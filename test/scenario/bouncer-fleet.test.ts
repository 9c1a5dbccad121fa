import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RedisServer } from '../../scripts/servers/redis-server.ts';
import { bouncerOptions } from '../../bouncer/config.ts';
import { Daemon } from '../../bouncer/daemon.ts';
import { FleetLease } from '../../bouncer/fleet/fleet-lease.ts';
import { readConfig } from '../../bouncer/shared/config/read.ts';
import { parseAddress } from '../../bouncer/shared/net/prefix.ts';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { publishCommand } from '../../bouncer/shared/redis/command-channel.ts';
import { keys } from '../../bouncer/shared/redis/keys.ts';
import { readStatuses } from '../../bouncer/shared/redis/status-store.ts';
import { systemClock } from '../../bouncer/shared/runtime/clock.ts';
import { EmptyCaddy } from '../support/empty-caddy.ts';
import { KEY } from '../support/fake-lapi.ts';
import { PositionedLapi } from '../support/fake-lapi-position.ts';
import { fakeLog } from '../support/fake-log.ts';
import { FaultProxy, NO_FAULT } from '../support/fault-proxy.ts';
import { linkedRedis } from '../support/linked-redis.ts';
import { Workbench } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Several lease times, on a machine that is slow. */
const LONG_MS = 60_000;

let workbench: Workbench;
let redis: RedisServer;
let lapi: PositionedLapi;
let caddyUrl: string;
const stops: (() => unknown)[] = [];

beforeAll(async () => {
  workbench = await Workbench.open();
  redis = await workbench.redis();
});
afterAll(() => workbench.stop());

beforeEach(async () => {
  await redis.wipe();
  lapi = await PositionedLapi.start();
  stops.push(() => lapi.stop());
  const caddy = await EmptyCaddy.start();
  stops.push(() => caddy.stop());
  caddyUrl = caddy.url;
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

interface Bouncer {
  readonly daemon: Daemon;
  /** Between it and Redis. */
  readonly wire: FaultProxy;
  stop(): Promise<void>;
}

async function bouncer(id: string, changes: Readonly<Record<string, string>> = {}): Promise<Bouncer> {
  const wire = await FaultProxy.before(redis.url);
  const environment = {
    CROWDSEC_LAPI_URL: lapi.server.url,
    CROWDSEC_BOUNCER_KEY: KEY,
    CROWDSEC_POLL_INTERVAL: '300ms',
    CADDY_ADMIN: caddyUrl,
    REDIS_URL: wire.url,
    BOUNCER_LISTEN: '127.0.0.1:0',
    BOUNCER_ID: id,
    STATE_DIR: temporaryFolder('fleet'),
    ...changes,
  };
  const read = readConfig(bouncerOptions, { flags: {}, environment, file: {}, readSecretFile: () => '' });
  if (read.kind === 'invalid') throw new Error(JSON.stringify(read.problems));
  const daemon = new Daemon(read.values, systemClock, fakeLog().log);
  let isStopped = false;
  const stop = async () => {
    if (isStopped) return;
    isStopped = true;
    await daemon.stop();
    await wire.stop();
  };
  stops.push(stop);
  await daemon.start();
  return { daemon, wire, stop };
}

function isBanned({ daemon }: Bouncer, value: string): boolean {
  const address = parseAddress(value);
  if (address === undefined) throw new Error(`the test says ${value} is an address`);
  return daemon.lookup(address).verdict === 'banned';
}

async function untilBanned(value: string, ...bouncers: readonly Bouncer[]): Promise<void> {
  const all = () => bouncers.every((each) => isBanned(each, value));
  await waitFor(all, { what: `${value} to be banned by all`, withinMs: LONG_MS });
}

async function untilAllowed(value: string, ...bouncers: readonly Bouncer[]): Promise<void> {
  const none = () => !bouncers.some((each) => isBanned(each, value));
  await waitFor(none, { what: `${value} to be allowed by all`, withinMs: LONG_MS });
}

const roleOf = ({ daemon }: Bouncer) => daemon.status.stream?.role;

async function untilRole(who: Bouncer, role: string): Promise<void> {
  await waitFor(() => roleOf(who) === role, { what: `a bouncer to be ${role}`, withinMs: LONG_MS });
}

async function untilOneLeads(...both: readonly Bouncer[]): Promise<void> {
  const roles = () => both.map(roleOf).sort().join();
  await waitFor(() => roles() === 'follower,leader', { what: 'a leader and a follower', withinMs: LONG_MS });
}

describe('two bouncers on one Redis, with one key', () => {
  it('pull once, and both know every change; the status says who pulls', async () => {
    const [first, second] = [await bouncer('first'), await bouncer('second')];
    lapi.ban('192.0.2.1');
    await untilBanned('192.0.2.1', first, second);
    lapi.unban('192.0.2.1');
    lapi.ban('192.0.2.2');
    await untilBanned('192.0.2.2', first, second);
    await untilAllowed('192.0.2.1', first, second);
    expect(first.daemon.status.stream).toEqual({ role: 'leader', leader: 'first' });
    expect(second.daemon.status.stream).toEqual({ role: 'follower', leader: 'first' });
    expect(lapi.fullPulls).toBe(1);
    const { status } = await waitFor(() => (second.daemon.status.state === 'enforcing' ? second.daemon : undefined), {
      what: 'the follower to know that LAPI answers its leader, and Caddy to follow',
    });
    expect([status.lapi.state, status.reasons]).toEqual(['up', []]);
  });

  it('say so when they want different decisions: what the leader leaves out the other never sees', async () => {
    const [leader, follower] = [await bouncer('first', { CROWDSEC_ORIGINS: 'cscli,lists' }), await bouncer('second')];
    const reason = await waitFor(
      () => follower.daemon.status.reasons.find((text) => text.includes('CROWDSEC_ORIGINS')),
      {
        what: 'the follower to see what its leader takes',
        withinMs: LONG_MS,
      },
    );
    expect(reason).toMatch(/"first".*takes CROWDSEC_ORIGINS=cscli,lists.*this one takes every decision/);
    expect(leader.daemon.status.reasons.join()).not.toContain('CROWDSEC_ORIGINS');
  });

  it('confirm a refresh wherever it is asked for, when they hold the result', async () => {
    const slow = { CROWDSEC_POLL_INTERVAL: '1h' };
    const [first, second] = [await bouncer('first', slow), await bouncer('second', slow)];
    await waitFor(() => second.daemon.status.ready, { what: 'the second to know everything' });
    lapi.ban('192.0.2.3');
    await expect(second.daemon.refresh({ confirm: true, full: false })).resolves.toEqual([]);
    expect(isBanned(second, '192.0.2.3')).toBe(true);
    lapi.unban('192.0.2.3');
    await expect(first.daemon.refresh({ confirm: true, full: true })).resolves.toEqual([]);
    expect(isBanned(first, '192.0.2.3')).toBe(false);
    await untilAllowed('192.0.2.3', second);
    lapi.server.says(403, '{"message":"access forbidden"}');
    await expect(second.daemon.refresh({ confirm: true, full: false })).resolves.toEqual([
      expect.stringContaining("refuses the bouncer's key"),
    ]);
  });

  it('hand over in order without waiting for the lease to run out, and lose nothing', async () => {
    const [first, second] = [await bouncer('first'), await bouncer('second')];
    lapi.ban('192.0.2.4');
    await untilBanned('192.0.2.4', first, second);
    lapi.holdNext(); // a pull that is counted as delivered, and never arrives
    lapi.ban('192.0.2.5');
    await waitFor(() => lapi.isHolding, { what: 'the pull' });
    const link = await linked();
    expect(await link.commands.get(keys.lease)).toContain(' first ');
    await first.stop();
    expect((await link.commands.get(keys.lease)) ?? '').not.toContain(' first '); // given up, not left to run out
    await untilRole(second, 'leader');
    await untilBanned('192.0.2.5', second);
  });

  it('lose nothing when the leader is cut off in the middle of a pull and comes back as a follower', async () => {
    const [first, second] = [await bouncer('first'), await bouncer('second')];
    lapi.ban('192.0.2.6');
    await untilBanned('192.0.2.6', first, second);
    lapi.holdNext();
    lapi.ban('192.0.2.7'); // is told to the one that will not be able to tell it
    await waitFor(() => lapi.isHolding, { what: 'the pull' });
    first.wire.set({ kind: 'half_open' });
    await untilRole(second, 'leader');
    lapi.letGo();
    lapi.unban('192.0.2.6');
    await untilBanned('192.0.2.7', first, second);
    await untilAllowed('192.0.2.6', first, second);
    expect(roleOf(first)).toBe('alone');
    first.wire.set(NO_FAULT);
    await untilRole(first, 'follower');
    lapi.ban('192.0.2.8');
    await untilBanned('192.0.2.8', first, second);
    expect(isBanned(first, '192.0.2.7')).toBe(true);
  }, 120_000);

  it('go on pulling, each for itself, while Redis is gone for both', async () => {
    const [first, second] = [await bouncer('first'), await bouncer('second')];
    lapi.ban('192.0.2.9');
    await untilBanned('192.0.2.9', first, second);
    for (const { wire } of [first, second]) wire.set({ kind: 'cut', afterBytes: 0 });
    lapi.ban('192.0.2.10');
    await untilBanned('192.0.2.10', first, second);
    lapi.unban('192.0.2.9');
    await untilAllowed('192.0.2.9', first, second);
    await untilRole(second, 'alone');
    for (const { wire } of [first, second]) wire.set(NO_FAULT);
    await untilOneLeads(first, second);
    lapi.ban('192.0.2.11');
    await untilBanned('192.0.2.11', first, second);
  }, 180_000);

  it('lift nothing when one follows again that has pulled alone, however long the leader cannot pull', async () => {
    const leader = await bouncer('first', { CROWDSEC_POLL_INTERVAL: '1h' });
    const other = await bouncer('second');
    other.wire.set({ kind: 'half_open' });
    await untilRole(other, 'alone');
    lapi.ban('192.0.2.21'); // which only the one that pulls alone gets to know
    await untilBanned('192.0.2.21', other);
    const { answer } = lapi.server;
    lapi.server.says(503, 'gone');
    other.wire.set(NO_FAULT);
    const hasLooked = () => roleOf(other) === 'follower' && other.daemon.status.lapi.state === 'down';
    await waitFor(hasLooked, { what: 'a look at what the leader has written', withinMs: LONG_MS });
    expect([isBanned(leader, '192.0.2.21'), isBanned(other, '192.0.2.21')]).toEqual([false, true]);
    lapi.unban('192.0.2.21');
    lapi.ban('192.0.2.22');
    lapi.server.answer = answer;
    await untilBanned('192.0.2.22', leader, other);
    await untilAllowed('192.0.2.21', other);
  }, 120_000);

  it('keep every decision when Redis is wiped, and go on', async () => {
    const [first, second] = [await bouncer('first'), await bouncer('second')];
    lapi.ban('192.0.2.12');
    await untilBanned('192.0.2.12', first, second);
    await redis.wipe();
    lapi.ban('192.0.2.13');
    const seen = new Set<boolean>();
    await waitFor(
      () => {
        for (const each of [first, second]) seen.add(isBanned(each, '192.0.2.12'));
        return [first, second].every((each) => isBanned(each, '192.0.2.13'));
      },
      { what: 'the new ban everywhere', withinMs: LONG_MS },
    );
    expect([...seen]).toEqual([true]);
    await untilOneLeads(first, second);
  }, 120_000);

  it('with the same BOUNCER_ID do not fight, and say so', async () => {
    const first = await bouncer('same');
    const second = await bouncer('same');
    await untilRole(first, 'follower'); // a start takes over what an earlier run left
    expect(roleOf(second)).toBe('leader');
    const said = [expect.stringContaining('another process runs with this BOUNCER_ID')];
    await expect.poll(() => first.daemon.status.reasons, { timeout: LONG_MS }).toEqual(said); // once it knows the set
    lapi.ban('192.0.2.14');
    await untilBanned('192.0.2.14', first, second);
    expect([roleOf(first), roleOf(second)]).toEqual(['follower', 'leader']);
  }, 120_000);
});

describe('a lone bouncer', () => {
  it('that was killed takes its own lease over at once', async () => {
    const link = await linked();
    const killed = new FleetLease({ id: 'only', redis: link, clock: systemClock, log: fakeLog().log });
    await killed.turn();
    lapi.ban('192.0.2.20');
    await redis.command('PERSIST', keys.lease); // so that it does not run out while the test looks on
    const again = await bouncer('only');
    await untilBanned('192.0.2.20', again);
    expect(roleOf(again)).toBe('leader');
  });

  it('pulls everything when it is told to', async () => {
    await bouncer('only', { CROWDSEC_POLL_INTERVAL: '1h' });
    await waitFor(() => lapi.fullPulls === 1, { what: 'the first pull' });
    const link = await linked();
    const listeners = async () => Number((await link.commands.pubsub('NUMSUB', keys.commands))[1]);
    await waitFor(async () => (await listeners()) === 1, { what: 'the bouncer to listen' });
    await publishCommand(link, { kind: 'resync' });
    await waitFor(() => lapi.fullPulls === 2, { what: 'another' });
  });
});

async function linked(): Promise<RedisLink> {
  const link = await linkedRedis(redis.url);
  stops.push(() => link.stop());
  return link;
}

describe('the status in Redis', () => {
  it('says of each bouncer who pulls', async () => {
    await bouncer('first');
    await bouncer('second');
    const link = await linked();
    const roles = async () => (await readStatuses(link)).map(({ id, stream }) => `${id} ${stream?.role ?? ''}`);
    await waitFor(async () => (await roles()).join() === 'first leader,second follower', { what: 'both roles' });
  });
});
