/**
 * An hour of the bouncer in a minute: the daemon itself in this process, with a clock that runs sixty times faster, a
 * LAPI and a Caddy that answer at once and have their bad moments, and a real Redis.
 */
import { runInNewContext } from 'node:vm';
import { bouncerOptions } from '../../bouncer/config.ts';
import { Daemon } from '../../bouncer/daemon.ts';
import { readConfig } from '../../bouncer/shared/config/read.ts';
import { createLogger } from '../../bouncer/shared/runtime/logger.ts';
import { memoryOf } from '../bench/measure/process-figures.ts';
import { FakeLapi } from '../support/fake-lapi.ts';
import { rawDecision } from '../support/fake-decision.ts';
import { Workbench } from '../support/servers.ts';
import { FakeCaddy } from './fake-caddy.ts';
import { speedUp } from './fast-clock.ts';
import { descriptorsOf } from './inspector.ts';
import { type Bound, type Look, Recorder } from './recorder.ts';

export const FACTOR = 60;
const SAMPLES = 60;

const BOUNDS: Readonly<Record<string, Bound>> = {
  heap: { unit: 'MB', mayGrowBy: 2 },
  resident: { unit: 'MB', mayGrowBy: 25 },
  timers: { unit: '', mayGrowBy: 4 },
  handles: { unit: '', mayGrowBy: 4 },
  descriptors: { unit: '', mayGrowBy: 4 },
  'warnings of leaks': { unit: '', mayGrowBy: 0 },
};

/** Decisions that are live at once, and how long each lasts: many run out between two pulls. */
const LIVE = 2_000;
const LASTS_S = 600;
/** How many come with each delta. */
const NEW = 30;

export interface FastHour {
  readonly figures: Recorder['figures'];
  readonly hours: number;
  readonly pulls: number;
  readonly pushes: number;
}

export async function fastHour(durationMs: number): Promise<FastHour> {
  const workbench = await Workbench.open();
  const began = performance.now();
  const passed = () => performance.now() - began;
  const recorder = new Recorder(BOUNDS, () => passed() * FACTOR);
  const leaks: string[] = [];
  process.on('warning', ({ name }) => {
    if (/Leak|MaxListeners/.test(name)) leaks.push(name);
  });
  try {
    const redis = await workbench.redis();
    const caddy = workbench.also(await FakeCaddy.start());
    const lapi = workbench.also(await FakeLapi.http());
    const pulls = answerAsLapi(lapi);
    const addresses = {
      CROWDSEC_LAPI_URL: lapi.url,
      CADDY_ADMIN: caddy.url,
      CADDY_PROBE_URL: caddy.url,
      REDIS_URL: redis.url,
    };
    // Also stopped when something fails: it would go on writing to the folder that is removed then.
    const daemon = workbench.also(await startDaemon(workbench, addresses));
    const collect = runInNewContext('gc') as () => void;
    for (let round = 0; passed() < durationMs; round++) {
      await daemon.wait(durationMs / SAMPLES);
      // What happens in an hour: the user reloads, connections to Redis break, somebody asks for everything anew.
      if (round % 5 === 1) caddy.reload();
      if (round % 6 === 2) await redis.command('CLIENT', 'KILL', 'TYPE', 'normal');
      if (round % 4 === 3) await daemon.refresh();
      // Twice: what the first collection finalises, the second one frees.
      collect();
      collect();
      recorder.record({ ...lookInside(), 'warnings of leaks': leaks.length });
    }
    const hours = (passed() * FACTOR) / 3_600_000;
    return {
      figures: recorder.figures,
      hours,
      pulls: pulls(),
      pushes: caddy.writes,
    };
  } finally {
    await workbench.stop();
  }
}

async function startDaemon(workbench: Workbench, addresses: Readonly<Record<string, string>>) {
  const environment = {
    ...addresses,
    CROWDSEC_BOUNCER_KEY: 'key-of-a-soak',
    BOUNCER_LISTEN: '127.0.0.1:0',
    STATE_DIR: workbench.path('state'),
    LANE_DIR: workbench.path('lane'),
  };
  const read = readConfig(bouncerOptions, { flags: {}, environment, file: {}, readSecretFile: () => '' });
  if (read.kind === 'invalid') throw new Error(JSON.stringify(read.problems));
  const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms * FACTOR));
  const { clock, restore } = speedUp(FACTOR);
  const log = createLogger('soak', 'warn', false, { write: () => undefined });
  const daemon = new Daemon(read.values, clock, log);
  await daemon.start();
  return {
    wait: sleep,
    refresh: () => daemon.refresh({ confirm: true, full: false }),
    stop: async () => {
      await daemon.stop();
      restore();
    },
  };
}

/** A window that slides over ids: each delta brings some, deletes some early, and lets the others run out. */
function answerAsLapi(lapi: FakeLapi): () => number {
  let pulls = 0;
  let newest = LIVE;
  const raw = (id: number) =>
    rawDecision(id, `10.${(id >> 16) & 255}.${(id >> 8) & 255}.${id & 255}`, { duration: `${LASTS_S}s` });
  const rows = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => raw(from + i + 1));
  lapi.answer = (request, response) => {
    lapi.requests.length = 0; // they are kept for tests that look at them
    pulls++;
    if (pulls % 50 === 49) return void response.writeHead(503).end();
    if (request.url?.includes('startup=true') === true) {
      return void response.end(JSON.stringify({ new: rows(newest - LIVE, newest), deleted: [] }));
    }
    const deleted = rows(newest - LIVE, newest - LIVE + NEW / 2);
    const added = rows(newest, newest + NEW);
    newest += NEW;
    response.end(JSON.stringify({ new: added, deleted }));
  };
  return () => pulls;
}

function lookInside(): Look {
  const resources = process.getActiveResourcesInfo();
  const isTimer = (kind: string) => kind === 'Timeout' || kind === 'Immediate';
  return {
    heap: process.memoryUsage().heapUsed / 1e6,
    resident: memoryOf(process.pid).residentMb,
    timers: resources.filter(isTimer).length,
    handles: resources.filter((kind) => !isTimer(kind)).length,
    descriptors: descriptorsOf(process.pid),
  };
}
