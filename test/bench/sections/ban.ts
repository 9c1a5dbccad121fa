import { setTimeout as sleep } from 'node:timers/promises';
import { Workbench } from '../../support/servers.ts';
import { startStack, type Stack } from '../../support/stack.ts';
import { siteWith } from '../../support/site.ts';
import { BANNED_CLIENT, blocklist } from '../measure/blocklist.ts';
import { bouncerStatus, untilLaneIsProven, untilPushIsFree } from '../measure/bouncer-status.ts';
import { type Client, firstAnswer, statusFor } from '../measure/first-answer.ts';
import { median, percentile } from '../measure/statistics.ts';
import { atMost, type Row, type Target } from '../run/row.ts';
import type { BenchContext, Section } from '../run/section.ts';

const DECISIONS = 20_000;
const POLL_MS = 10_000;
/** Production waits 5 s between reloads. Each sample here comes after a quiet time, so this only saves waiting. */
const PUSH_MS = 100;
const SETTINGS = { CROWDSEC_POLL_INTERVAL: `${POLL_MS}ms`, PUSH_INTERVAL: `${PUSH_MS}ms`, LOG_LEVEL: 'info' };
const LIMIT_MS = 30_000;
/** How long what Caddy has replaced may still answer. */
const OLD_SERVERS_MS = 500;
/** The bouncer takes more reloads than this within a minute for a fight, and slows down. */
const USER_RELOADS = 5;

/** Fewer samples where each takes long. */
const SAMPLES = { poll: 3, refresh: 20, api: 15, push: 20, lane: 100, reload: USER_RELOADS };
const QUICK_SAMPLES = { poll: 1, refresh: 4, api: 3, push: 4, lane: 10, reload: 2 };

export const banSection: Section = {
  name: 'ban',
  title: `from a decision to Caddy's answer, at ${DECISIONS.toLocaleString('en')} decisions`,
  async run(context): Promise<Row[]> {
    return [...(await withoutPush(context)), ...(await withPush(context)), ...(await withLane(context))];
  },
};

async function withoutPush(context: BenchContext): Promise<Row[]> {
  const samples = context.quick ? QUICK_SAMPLES : SAMPLES;
  context.doing(`starting everything with ${DECISIONS} decisions`);
  const stack = await openStack(context, false);
  context.doing('bans found by the poll');
  // Before any refresh: that pulls again later, by itself.
  const polled = await times(samples.poll, (i) => banByPoll(stack, i));
  context.doing('bans and unbans, each with POST /refresh');
  const refreshed = await times(samples.refresh, (i) => banAndUnban(stack, `127.21.0.${i + 1}`));
  context.doing('unbans through the control API');
  const lifted = await times(samples.api, (i) => banAndLift(stack, `127.24.0.${i + 1}`));
  context.doing("the user's own reloads");
  const windows = await times(samples.reload, () => reloadWindow(stack));
  await stack.stop();
  return [
    ...timing(
      'ban → 403, found by the poll every 10 s',
      polled.map(({ ms }) => ms),
    ),
    ...timing(
      'ban, POST /refresh → 403',
      refreshed.map(({ ban }) => ban),
      { median: atMost(250) },
    ),
    ...timing(
      'unban, POST /refresh → 200',
      refreshed.map(({ unban }) => unban),
      { median: atMost(250) },
    ),
    ...timing('unban through the control API → 200', lifted, { median: atMost(250) }),
    ...timing(
      "unprotected after the user's own caddy reload",
      windows.map(({ ms }) => ms),
      { median: atMost(1_500) },
    ),
  ];
}

async function withPush(context: BenchContext): Promise<Row[]> {
  const samples = context.quick ? QUICK_SAMPLES : SAMPLES;
  context.doing('starting everything again, now with push from LAPI');
  const stack = await openStack(context, true);
  if (stack.crowdsec.pushProblem !== undefined) throw new Error(`LAPI cannot push: ${stack.crowdsec.pushProblem}`);
  context.doing('bans that LAPI tells of by itself');
  const pushed = await times(samples.push, (i) => banByPush(stack, `127.22.0.${i + 1}`));
  await stack.stop();
  return timing(
    'ban, pushed by LAPI → 403',
    pushed.map(({ ms }) => ms),
    { median: atMost(250) },
  );
}

/** Everything without a reload: LAPI pushes, the bouncer writes a file, Caddy finds it at the next request. */
async function withLane(context: BenchContext): Promise<Row[]> {
  const samples = context.quick ? QUICK_SAMPLES : SAMPLES;
  context.doing('starting everything again, now with the lane');
  const folders = context.also(await Workbench.open());
  const stack = await openStack(context, true, folders.path('lane'));
  await untilLaneIsProven(stack.bouncer);
  const before = await pushesOf(stack);
  context.doing('bans and unbans through the lane');
  const bans = await times(samples.lane, (i) => {
    const address = `127.23.0.${i + 1}`;
    return timed(stack, address, 403, () => stack.ban(address));
  });
  const unbans = await times(samples.lane, (i) => {
    const address = `127.23.0.${i + 1}`;
    return timed(stack, address, 200, async () => {
      await stack.unban(address);
      await stack.bouncer.refresh();
    });
  });
  const lifted = await times(samples.lane, async (i) => {
    const address = `127.25.0.${i + 1}`;
    await timed(stack, address, 403, () => stack.ban(address));
    return liftByApi(stack, address);
  });
  const reloads = (await pushesOf(stack)) - before;
  const changes = bans.length + unbans.length + 2 * lifted.length;
  await stack.stop();
  return [
    ...timing('with the lane: ban, pushed by LAPI → 403', bans, LANE_TARGETS),
    ...timing('with the lane: unban, POST /refresh → 200', unbans, LANE_TARGETS),
    ...timing('with the lane: unban through the control API → 200', lifted, LANE_TARGETS),
    {
      name: `with the lane: reloads of Caddy during ${changes} single changes`,
      value: reloads,
      unit: 'reloads',
      targets: [atMost(0)],
    },
  ];
}

async function pushesOf(stack: Stack): Promise<number> {
  const { caddies } = await bouncerStatus(stack.bouncer);
  return caddies.reduce((sum, { pushes }) => sum + pushes, 0);
}

async function openStack({ also }: BenchContext, push: boolean, lane?: string): Promise<Stack> {
  const stack = await startStack({
    caddy: 'newest',
    // As most people have it: no trusted proxies, the client is who connects.
    config: (site) => siteWith({ ...site, trustLoopback: '' }, `reverse_proxy ${site.upstream.url}`),
    banned: blocklist(DECISIONS),
    bouncer: SETTINGS,
    push,
    controlApi: true,
    ...(lane === undefined ? {} : { lane }),
  });
  also(stack);
  // The first call logs in, which is no part of a ban's way.
  await stack.unban('127.20.0.0');
  await firstAnswer({ port: stack.site.port, address: BANNED_CLIENT }, 403, LIMIT_MS);
  return stack;
}

/** One after the other. */
async function times<T>(count: number, action: (i: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let i = 0; i < count; i++) results.push(await action(i));
  return results;
}

async function banByPoll(stack: Stack, i: number): Promise<{ ms: number }> {
  // At any point between two polls.
  await sleep(Math.random() * POLL_MS);
  return { ms: await timed(stack, `127.20.0.${i + 1}`, 403, () => stack.ban(`127.20.0.${i + 1}`)) };
}

async function banByPush(stack: Stack, address: string): Promise<{ ms: number }> {
  await untilPushIsFree(stack.bouncer, PUSH_MS);
  return { ms: await timed(stack, address, 403, () => stack.ban(address)) };
}

/** LAPI never tells of deletions, so an unban always needs the refresh. */
async function banAndUnban(stack: Stack, address: string): Promise<{ ban: number; unban: number }> {
  await untilPushIsFree(stack.bouncer, PUSH_MS);
  const ban = await timed(stack, address, 403, async () => {
    await stack.ban(address);
    await stack.bouncer.refresh();
  });
  await untilPushIsFree(stack.bouncer, PUSH_MS);
  const unban = await timed(stack, address, 200, async () => {
    await stack.unban(address);
    await stack.bouncer.refresh();
  });
  return { ban, unban };
}

async function banAndLift(stack: Stack, address: string): Promise<number> {
  await untilPushIsFree(stack.bouncer, PUSH_MS);
  await timed(stack, address, 403, async () => {
    await stack.ban(address);
    await stack.bouncer.refresh();
  });
  await untilPushIsFree(stack.bouncer, PUSH_MS);
  return liftByApi(stack, address);
}

/** What the page's button does. The API answers when every Caddy has confirmed, which is later than the first 200. */
async function liftByApi(stack: Stack, address: string): Promise<number> {
  const began = performance.now();
  const [servedAt, answer] = await Promise.all([
    firstAnswer({ port: stack.site.port, address }, 200, LIMIT_MS),
    stack.controlApi.request('DELETE', `/decisions?value=${address}`),
  ]);
  if (answer.status !== 200) throw new Error(`DELETE /decisions: ${answer.status} ${answer.body}`);
  return servedAt - began;
}

/** From before the first call to LAPI, whose own time counts, to Caddy's first such answer. */
async function timed(stack: Stack, address: string, status: number, action: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await action();
  return (await firstAnswer({ port: stack.site.port, address }, status, LIMIT_MS)) - began;
}

/** How long a banned client is served after `caddy reload` took our routes away. */
async function reloadWindow(stack: Stack): Promise<{ ms: number }> {
  const client = { port: stack.site.port, address: BANNED_CLIENT };
  await untilPushIsFree(stack.bouncer, PUSH_MS);
  const opened = firstAnswer(client, 200, LIMIT_MS);
  await stack.caddy.reload();
  const from = await opened;
  return { ms: (await refusedForGood(client)) - from };
}

/** Caddy's old servers, which have the rules, accept connections for a moment after the new ones: their 403 does not count. */
async function refusedForGood(client: Client): Promise<number> {
  const until = performance.now() + LIMIT_MS;
  while (performance.now() < until) {
    const since = await firstAnswer(client, 403, LIMIT_MS);
    let isRefused = true;
    while (isRefused && performance.now() < since + OLD_SERVERS_MS) isRefused = (await statusFor(client)) !== 200;
    if (isRefused) return since;
  }
  throw new Error(`${client.address} was let through again and again for ${LIMIT_MS / 1_000} s after a reload`);
}

interface TimingTargets {
  readonly median?: Target;
  readonly p99?: Target;
}

const LANE_TARGETS: TimingTargets = { median: atMost(30), p99: atMost(100) };

function timing(name: string, milliseconds: readonly number[], targets: TimingTargets = {}): Row[] {
  const worst = percentile(milliseconds, 99);
  const count = milliseconds.length;
  const typical: Row = {
    name,
    value: median(milliseconds),
    unit: 'ms',
    targets: targets.median === undefined ? [] : [targets.median],
    detail: `median of ${count}; p99 ${Math.round(worst)} ms, best ${Math.round(Math.min(...milliseconds))} ms`,
    figures: { p99Ms: worst, samplesMs: milliseconds },
  };
  if (targets.p99 === undefined) return [typical];
  return [typical, { name: `${name}, p99`, value: worst, unit: 'ms', targets: [targets.p99] }];
}
