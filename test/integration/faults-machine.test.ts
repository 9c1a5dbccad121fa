/** The machine under the daemons fails: full and read-only disks, no descriptors, signals, and a clock that jumps. */
import { rm, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BouncerStatus } from '../../bouncer/shared/domain/status.ts';
import { keys } from '../../bouncer/shared/redis/keys.ts';
import type { Child } from '../../scripts/servers/child.ts';
import { run } from '../../scripts/servers/run.ts';
import { FaultDrill } from '../support/fault-drill.ts';
import { jump, jumpingClock } from '../support/jumping-clock.ts';
import { Workbench } from '../support/servers.ts';
import { SmallDisk } from '../support/small-disk.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';

const SLOW_MACHINE_MS = 40_000;
const LONG_MS = 120_000;
const DAY_MS = 86_400_000;

let files: Workbench;
let stack: Stack;
let lane: SmallDisk;
let state: SmallDisk;
let drill: FaultDrill;
let offsetFile: string;

beforeAll(async () => {
  files = await Workbench.open();
  lane = await SmallDisk.make(files, 'lane', { files: 100 });
  state = await SmallDisk.make(files, 'state');
  offsetFile = files.path('offset');
  stack = await startStack({
    caddy: 'newest',
    lane: lane.path,
    bouncer: {
      CROWDSEC_POLL_INTERVAL: '300ms',
      DRIFT_INTERVAL: '300ms',
      STATE_DIR: state.path,
      ...jumpingClock(offsetFile),
    },
    controlApi: jumpingClock(offsetFile),
  });
  drill = new FaultDrill(stack, 'the machine');
  await laneIs('proven');
});

afterAll(async () => {
  drill.report();
  await stack.stop();
  await files.stop();
});

describe('the lane’s folder', () => {
  it('is right again within seconds when somebody empties it file by file', async () => {
    for (const address of ['127.8.1.1', '127.8.1.2']) await stack.ban(address);
    for (const address of ['127.8.1.1', '127.8.1.2']) await stack.untilBlocked(address, SLOW_MACHINE_MS);
    await confirmed();
    expect((await laneRow())?.entries).toBe(2);
    const folder = await entriesFolder();
    for (const name of await readdir(folder)) await rm(join(folder, name));
    await drill.converges('lane emptied file by file', async () => {
      await stack.untilBlocked('127.8.1.1', SLOW_MACHINE_MS);
      await stack.untilBlocked('127.8.1.2', SLOW_MACHINE_MS);
    });
    expect((await laneRow())?.state).toBe('proven');
    expect(stack.bouncer.logs(500)).toContain('somebody else changed the entries of the lane');
  });

  it('that is full is given up for pushes, which is told, and used again when there is room', async () => {
    await drill.run({
      fault: `lane full (${lane.how})`,
      begin: () => lane.fill(),
      end: () => lane.empty(),
      told: hasNoLane(lane.isReal ? /ENOSPC/ : /LANE_DIR/),
      enforcesMeanwhile: true,
    });
    await laneIs('proven');
  });

  it('that is read-only, the same', async () => {
    await drill.run({
      fault: `lane read-only (${lane.how})`,
      begin: () => lane.makeReadOnly(),
      end: () => lane.makeWritable(),
      told: hasNoLane(lane.isReal ? /EROFS/ : /LANE_DIR/),
      enforcesMeanwhile: true,
    });
    await laneIs('proven');
  });
});

describe('STATE_DIR', () => {
  it.each([
    { fault: 'read-only', begin: () => state.makeReadOnly(), end: () => state.makeWritable(), change: 'a' },
    { fault: 'full', begin: () => state.fill(), end: () => state.empty(), change: 'b' },
  ])('that is $fault is told of and harmless', async ({ fault, begin, end, change }) => {
    await drill.run({
      fault: `STATE_DIR ${fault} (${state.how})`,
      begin: async () => {
        await begin();
        await stack.redis.command(`HSET ${keys.settings} change ${change}`); // a change that it has to write down
      },
      end,
      enforcesMeanwhile: true,
      meanwhile: () => logged(/STATE_DIR cannot be used.*give a folder/, fault === 'full' ? 2 : 1),
    });
    await stack.redis.command(`HSET ${keys.settings} change ${change}-is-over`);
    await waitFor(async () => (await readdir(state.path)).includes('settings.json'), { what: 'the settings on disk' });
  });
});

describe('no more descriptors', () => {
  it('in the bouncer: told, no crash, and what changed meanwhile is enforced afterwards', async () => {
    await stack.ban('127.8.2.1');
    await stack.untilBlocked('127.8.2.1', SLOW_MACHINE_MS);
    const { pid } = stack.bouncer;
    const restore = await takeDescriptors(stack.bouncer);
    await logged(/no connection to LAPI .*EMFILE/);
    await logged(/Caddy's admin API .* no more files may be opened here/);
    await stack.ban('127.8.2.2');
    await stack.unban('127.8.2.1');
    await knock(stack.bouncer.url);
    expect(await stack.requestFrom('127.8.2.1')).toMatchObject({ status: 403 });
    expect(await stack.requestFrom('127.8.2.3')).toMatchObject({ status: 200 });
    await restore();
    await drill.converges('no descriptors left (RLIMIT_NOFILE)', async () => {
      await stack.untilBlocked('127.8.2.2', SLOW_MACHINE_MS);
      await stack.untilServed('127.8.2.1', SLOW_MACHINE_MS);
    });
    expect(stack.bouncer.pid).toBe(pid);
    await laneIs('proven');
  });

  it('in the control API: no crash, and it answers when there are some again', async () => {
    const { pid } = stack.controlApi;
    const restore = await takeDescriptors(stack.controlApi);
    await knock(stack.controlApi.url);
    await restore();
    await waitFor(async () => (await stack.controlApi.request('GET', '/status')).status === 200, {
      what: 'the control API to answer again',
      withinMs: SLOW_MACHINE_MS,
    });
    expect(stack.controlApi.pid).toBe(pid);
  });
});

describe('signals', () => {
  it('a bouncer that stood still for long lifts at once what has run out meanwhile', async () => {
    const durationMs = 10_000; // time enough to see it blocked on a slow machine
    await stack.ban('127.8.3.1', { duration: `${durationMs / 1_000}s` });
    const untilMs = performance.now() + durationMs;
    await stack.ban('127.8.3.2');
    await confirmed();
    expect(await stack.requestFrom('127.8.3.1')).toMatchObject({ status: 403 });
    await stack.bouncer.kill('SIGSTOP');
    await stack.unban('127.8.3.2');
    await stack.ban('127.8.3.3');
    await sleep(untilMs + 500 - performance.now()); // the ban's own time
    expect(await stack.requestFrom('127.8.3.1')).toMatchObject({ status: 403 }); // Caddy keeps what it has
    await stack.bouncer.kill('SIGCONT');
    await drill.converges('bouncer SIGSTOP, then SIGCONT', async () => {
      await stack.untilServed('127.8.3.1', SLOW_MACHINE_MS);
      await stack.untilServed('127.8.3.2', SLOW_MACHINE_MS);
      await stack.untilBlocked('127.8.3.3', SLOW_MACHINE_MS);
    });
  });

  it('a bouncer that is killed at any moment finds its way back', async () => {
    await stack.ban('127.8.4.1');
    await stack.untilBlocked('127.8.4.1', SLOW_MACHINE_MS);
    for (const n of [2, 3]) {
      await stack.ban(`127.8.4.${n}`);
      await stack.bouncer.refresh(); // under way when it dies
      await stack.bouncer.kill('SIGKILL');
      expect(await stack.requestFrom('127.8.4.1')).toMatchObject({ status: 403 });
      await stack.bouncer.start('alive');
    }
    await stack.unban('127.8.4.1');
    await drill.converges('bouncer killed (SIGKILL), then started', async () => {
      for (const n of [2, 3]) await stack.untilBlocked(`127.8.4.${n}`, SLOW_MACHINE_MS);
      await stack.untilServed('127.8.4.1', SLOW_MACHINE_MS);
    });
    await laneIs('proven');
  });

  it('a bouncer that is gone leaves Caddy its rules, and the control API says since when', async () => {
    await stack.ban('127.8.7.1');
    await stack.untilBlocked('127.8.7.1', SLOW_MACHINE_MS);
    await stack.controlApi.request('GET', '/status'); // since when: it must have seen one
    await stack.bouncer.stop();
    const { bouncer } = JSON.parse((await stack.controlApi.request('GET', '/status')).body) as { bouncer: object };
    expect(bouncer).toMatchObject({ state: 'offline', offline_since: expect.stringMatching(/^\d{4}-/) as string });
    expect(await stack.requestFrom('127.8.7.1')).toMatchObject({ status: 403 });
    await stack.unban('127.8.7.1');
    await stack.bouncer.start();
    await drill.converges('bouncer stopped, then started', () => stack.untilServed('127.8.7.1', SLOW_MACHINE_MS));
  });

  it('a control API that stands still or is gone changes nothing', async () => {
    for (const [fault, signal, back] of [
      ['control API SIGSTOP', 'SIGSTOP', () => stack.controlApi.kill('SIGCONT')],
      ['control API killed (SIGKILL)', 'SIGKILL', () => stack.controlApi.start()],
    ] as const) {
      const begin = () => stack.controlApi.kill(signal);
      await drill.run({ fault, begin, end: back, enforcesMeanwhile: true });
    }
  });
});

describe('a clock that jumps', () => {
  it.each([
    ['a year ahead', 365 * DAY_MS],
    ['a year behind', -365 * DAY_MS],
  ])('%s: bans last as long as they should, and end when they should', { timeout: LONG_MS }, async (where, offset) => {
    const third = offset > 0 ? 5 : 6;
    await stack.ban(`127.8.${third}.1`, { duration: '1h' });
    await stack.untilBlocked(`127.8.${third}.1`, SLOW_MACHINE_MS);
    await drill.run({
      fault: `clock ${where}`,
      begin: () => jump([stack.bouncer, stack.controlApi], offsetFile, offset),
      end: () => jump([stack.bouncer, stack.controlApi], offsetFile, 0),
      told: ({ updated_at: at }) => Math.abs(Date.parse(at) - Date.now() - offset) < DAY_MS,
      enforcesMeanwhile: true,
      meanwhile: async () => {
        await stack.ban(`127.8.${third}.2`, { duration: '10s' }); // long enough to be seen
        await stack.untilBlocked(`127.8.${third}.2`, SLOW_MACHINE_MS);
        await stack.untilServed(`127.8.${third}.2`, SLOW_MACHINE_MS);
        expect(await stack.requestFrom(`127.8.${third}.1`)).toMatchObject({ status: 403 });
        expect((await stack.controlApi.request('GET', '/status')).status).toBe(200);
      },
    });
    expect(await stack.requestFrom(`127.8.${third}.1`)).toMatchObject({ status: 403 });
  });
});

const hasNoLane = (why: RegExp) => (status: BouncerStatus) => {
  const row = status.caddies[0]?.lane;
  return row?.state === 'unproven' && why.test(row.reason ?? '');
};

async function laneRow() {
  return (await drill.status()).caddies[0]?.lane;
}

async function laneIs(wanted: string): Promise<void> {
  await waitFor(async () => (await laneRow())?.state === wanted && (await drill.status()).ready, {
    what: `the lane to be ${wanted}`,
    withinMs: SLOW_MACHINE_MS,
  });
}

async function entriesFolder(): Promise<string> {
  const [caddy] = await readdir(lane.path);
  return join(lane.path, caddy ?? '', 'ban');
}

/** Everything is pulled: a poll that looked while LAPI stored a ban has used up the delta that would have told of it. */
async function confirmed(): Promise<void> {
  const answer = await stack.bouncer.get('/refresh?wait&full', 'POST');
  expect(JSON.parse(answer.body)).toEqual({ confirmed: true, missing: [] });
}

async function logged(pattern: RegExp, times = 1): Promise<void> {
  const count = () =>
    stack.bouncer
      .logs(500)
      .split('\n')
      .filter((line) => pattern.test(line)).length;
  await waitFor(() => count() >= times, { what: `the bouncer to log ${String(pattern)}`, withinMs: SLOW_MACHINE_MS });
}

/** Its limit becomes so low that nothing can be opened; what is open stays. @returns how to undo it. */
async function takeDescriptors({ pid }: Child): Promise<() => Promise<void>> {
  const limit = async (soft: string) => {
    const result = await run('prlimit', ['--pid', String(pid), `--nofile=${soft}:`]);
    if (result.code !== 0) throw new Error(`prlimit: ${result.stderr}`);
  };
  await limit('3');
  return () => limit('1024');
}

/** Some connections that nobody can take. */
async function knock(url: string): Promise<void> {
  const asked = Array.from({ length: 5 }, () => fetch(`${url}/healthz`, { signal: AbortSignal.timeout(1_500) }));
  const answers = await Promise.allSettled(asked);
  expect(answers.map(({ status }) => status)).not.toContain('fulfilled');
}
