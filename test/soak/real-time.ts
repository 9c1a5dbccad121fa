/** The real stack under as much as it answers: what each of our processes holds on to, from outside. */
import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../scripts/servers/ports.ts';
import type { Child } from '../../scripts/servers/child.ts';
import { keys } from '../../bouncer/shared/redis/keys.ts';
import { memoryOf } from '../bench/measure/process-figures.ts';
import { Workbench } from '../support/servers.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { descriptorsOf, Inspector } from './inspector.ts';
import { Load } from './load.ts';
import { type Bound, type Look, Recorder } from './recorder.ts';

const SAMPLES = 80;
const TOLD_EVERY = 10;

const boundsOf = (name: string): Readonly<Record<string, Bound>> => ({
  [`${name}: resident`]: { unit: 'MB', mayGrowBy: 30 },
  [`${name}: heap`]: { unit: 'MB', mayGrowBy: 3 },
  [`${name}: outside the heap`]: { unit: 'MB', mayGrowBy: 3 },
  // As many as there are requests under way, which is chance.
  [`${name}: timers`]: { unit: '', mayGrowBy: 12 },
  [`${name}: handles`]: { unit: '', mayGrowBy: 12 },
  [`${name}: descriptors`]: { unit: '', mayGrowBy: 12 },
});

const BOUNDS: Readonly<Record<string, Bound>> = {
  ...boundsOf('bouncer'),
  ...boundsOf('control API'),
  'Caddy: resident': { unit: 'MB', mayGrowBy: undefined },
  'Caddy: descriptors': { unit: '', mayGrowBy: 20 },
  'Redis: keys': { unit: '', mayGrowBy: 3 },
  'Redis: events': { unit: '', mayGrowBy: undefined },
  'Redis: batches': { unit: '', mayGrowBy: undefined },
  'lane: entries': { unit: '', mayGrowBy: undefined },
  'STATE_DIR: files': { unit: '', mayGrowBy: 2 },
  'warnings of leaks': { unit: '', mayGrowBy: 0 },
};

/** Kept in Redis, about: its streams are cut in whole nodes. */
const STREAM_AT_MOST = 2_200;
/** Entries of the lane before they are folded, each in two spellings, and those of a push that is under way. */
const LANE_AT_MOST = 4_000;

export interface RealTime {
  readonly figures: Recorder['figures'];
  readonly load: Load['counts'];
  /** What went over a limit that is no growth. */
  readonly broken: readonly string[];
  /** What Node itself takes for a leak, in its own words. */
  readonly leaks: readonly string[];
}

export async function realTime(durationMs: number, doing: (what: string) => void): Promise<RealTime> {
  const folders = await Workbench.open();
  const lane = folders.path('lane');
  const ports = { bouncer: await freePort(), controlApi: await freePort() };
  let stack: Stack | undefined;
  try {
    stack = await startStack({
      caddy: 'newest',
      lane,
      bouncer: { ...Inspector.environment(ports.bouncer), LOG_LEVEL: 'info' },
      controlApi: { ...Inspector.environment(ports.controlApi), LOG_LEVEL: 'warn' },
    });
    const inspectors = {
      bouncer: await Inspector.attach(pidOf(stack.bouncer), ports.bouncer),
      'control API': await Inspector.attach(pidOf(stack.controlApi), ports.controlApi),
    };
    const recorder = new Recorder(BOUNDS);
    const load = new Load(stack);
    const until = performance.now() + durationMs;
    for (let round = 0, left = durationMs; left > 0; round++, left = until - performance.now()) {
      if (round % TOLD_EVERY === 0) doing(`${Math.ceil(left / 1_000)} s left`);
      await sleep(durationMs / SAMPLES);
      for (const [name, inspector] of Object.entries(inspectors)) recorder.record(await inspector.look(name));
      recorder.record(await lookAround(stack, lane));
    }
    await load.stop();
    for (const inspector of Object.values(inspectors)) inspector.close();
    const leaks = [...leaksSeen.values()];
    return { figures: recorder.figures, load: load.counts, broken: brokenLimits(recorder), leaks };
  } finally {
    await stack?.stop();
    await folders.stop();
  }
}

function pidOf(child: Child): number {
  if (child.pid === undefined) throw new Error(`${child.spec.name} does not run. It wrote last:\n${child.logs(20)}`);
  return child.pid;
}

/** Each by its first line, with the lines after it: they say where it comes from. */
const leaksSeen = new Map<string, string>();
const TRACE_LINES = 12;

function lookForLeaks(child: Child): void {
  const lines = child.logs(500).split('\n');
  for (const [i, line] of lines.entries())
    if (/MaxListeners|memory leak/i.test(line))
      leaksSeen.set(line, [child.spec.name, ...lines.slice(i, i + TRACE_LINES)].join('\n'));
}

async function lookAround(stack: Stack, lane: string): Promise<Look> {
  const { redis, caddy, bouncer, controlApi, site } = stack;
  const number = async (...words: string[]) => Number((await redis.command(...words)).replace(':', ''));
  site.upstream.requests.length = 0; // they are kept for tests that look at them
  for (const child of [bouncer, controlApi]) lookForLeaks(child);
  return {
    'Caddy: resident': memoryOf(pidOf(caddy)).residentMb,
    'Caddy: descriptors': descriptorsOf(pidOf(caddy)),
    'Redis: keys': await number('DBSIZE'),
    'Redis: events': await number('XLEN', keys.events),
    'Redis: batches': await number('XLEN', keys.batches),
    'lane: entries': (await readdir(lane, { recursive: true })).length,
    'STATE_DIR: files': (await readdir(bouncer.spec.env?.['STATE_DIR'] ?? '')).length,
    'warnings of leaks': leaksSeen.size,
  };
}

function brokenLimits({ figures }: Recorder): string[] {
  const most = (name: string) =>
    Math.max(...(figures.find((figure) => figure.name === name)?.samples ?? []).map(({ value }) => value));
  const limits = [
    ['Redis: events', STREAM_AT_MOST],
    ['Redis: batches', STREAM_AT_MOST],
    ['lane: entries', LANE_AT_MOST],
  ] as const;
  return limits.filter(([name, limit]) => most(name) > limit).map(([name, limit]) => `${name} went over ${limit}`);
}
