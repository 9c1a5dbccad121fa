import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '../../bouncer/shared/runtime/reason.ts';
import { type CaddyVersion, Workbench } from '../support/servers.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { Heard } from './heard.ts';
import { Oracle } from './oracle.ts';
import { Presence } from './presence.ts';
import { Prober, seconds } from './prober.ts';
import { schedule } from './schedule.ts';
import { type Action, type Cast, castOf, CROWD, describe, type Part } from './step.ts';
import { Stillness } from './stillness.ts';
import { Tally } from './tally.ts';
import { addressesOf, openWays, type Ways } from './ways.ts';
import { World } from './world.ts';

export interface ChaosOptions {
  readonly seed: number;
  readonly caddy: CaddyVersion;
  readonly lane: boolean;
  readonly durationMs: number;
  /** How long a change may take to show while everything that it travels through is there. */
  readonly windowMs: number;
  /** Told each step before it is taken. */
  readonly onStep?: (step: number, action: Action) => void;
}

export interface ChaosResult {
  readonly tally: Tally;
  /** The last steps, as a person reads them. */
  readonly lastSteps: readonly string[];
  /** What the bouncer wrote last. */
  readonly logs: string;
}

const KEPT_STEPS = 40;

const AGREED_WITHIN_MS = 180_000;

/** LAPI selects deltas by a time that it sets before it writes the row, so one can be lost until the next full pull. */
const SETTINGS = { CROWDSEC_RESYNC_INTERVAL: '2s' };

/**
 * Takes steps until the time is over or an answer is wrong. Then everything comes back, all that was banned is lifted,
 * and each client has to be answered as only one answer is right.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const folders = await Workbench.open();
  try {
    let ways: Ways | undefined;
    const stack = await startStack({
      caddy: options.caddy,
      controlApi: true,
      banned: CROWD,
      bouncer: SETTINGS,
      reroute: async (to, addresses) => {
        if (to === 'controlApi') return addresses;
        ways = await openWays(folders, addresses);
        return addressesOf(ways);
      },
      ...(options.lane ? { lane: folders.path('lane') } : {}),
    });
    try {
      if (ways === undefined) throw new Error('the stack was started without its ways');
      return await runOn(stack, ways, options);
    } finally {
      await stack.stop();
    }
  } finally {
    await folders.stop();
  }
}

async function runOn(stack: Stack, ways: Ways, options: ChaosOptions): Promise<ChaosResult> {
  const presence = new Presence();
  const oracle = new Oracle(options.windowMs, presence);
  const tally = new Tally();
  const heard = new Heard(presence, options.windowMs);
  const stillness = new Stillness(oracle, presence);
  const world = new World(stack, ways, { oracle, presence, heard, stillness });
  const cast = castOf(options.caddy);
  const prober = new Prober(stack.site, cast.clients, { oracle, presence, stillness, tally });
  const lastSteps: string[] = [];
  const take = async (action: Action) => {
    tally.took(action);
    lastSteps.push(`${tally.stepCount}. ${seconds(performance.now())} ${describe(action)}`);
    lastSteps.splice(0, lastSteps.length - KEPT_STEPS);
    options.onStep?.(tally.stepCount, action);
    await world.take(action);
  };
  prober.start();
  try {
    await takeSteps(options, cast, take, () => tally.wrong.length > 0);
    if (tally.wrong.length === 0) {
      for (const value of [...cast.addresses, ...cast.ranges]) await world.take({ kind: 'unban', value });
      await untilAgreed(prober, cast, tally);
    }
  } catch (error) {
    const reason = reasonOf(error);
    throw new Error([reason, ...lastSteps, ...traces(stack)].join('\n'), { cause: error });
  } finally {
    await prober.stop();
  }
  tally.still = stillness.checked;
  return { tally, lastSteps, logs: stack.bouncer.logs(60) };
}

/** What somebody needs who looks for the reason of a step that could not be taken. */
function traces({ bouncer, controlApi }: Stack): string[] {
  return ['the bouncer wrote last:', bouncer.logs(60), 'the control API wrote last:', controlApi.logs(15)];
}

/** Steps until the time is over, or enough is seen; whatever is gone then comes back, as it has to before it can end. */
async function takeSteps(
  { seed, durationMs }: ChaosOptions,
  cast: Cast,
  take: (action: Action) => Promise<void>,
  isEnough: () => boolean,
): Promise<void> {
  const gone = new Map<Part, Action>();
  const until = performance.now() + durationMs;
  try {
    for (const { action, pauseMs } of schedule(seed, cast)) {
      if (performance.now() >= until || isEnough()) return;
      if (action.kind === 'gone') gone.set(action.outage.part, { ...action, kind: 'back' });
      await take(action);
      if (action.kind === 'back') gone.delete(action.outage.part);
      await sleep(pauseMs);
    }
  } finally {
    for (const back of gone.values()) await take(back);
  }
}

/** With everything there again, each client has to be asked once when only one answer was right for it. */
async function untilAgreed(prober: Prober, { clients }: Cast, tally: Tally): Promise<void> {
  const since = performance.now();
  const isAgreed = (client: string) => prober.certainAt(client) > since;
  await waitFor(() => tally.wrong.length > 0 || clients.every(isAgreed), {
    what: 'every change to be due',
    withinMs: AGREED_WITHIN_MS,
  });
}
