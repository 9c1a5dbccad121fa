import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../bouncer/shared/runtime/logger.ts';
import { reasonOf } from '../../bouncer/shared/runtime/reason.ts';
import { readCrowdsecConfig } from './crowdsec-config.ts';
import { ageMs, findCrowdsec } from './crowdsec-process.ts';
import type { CrowdsecVersion } from './crowdsec-version.ts';
import type { EngineReload } from './engine.ts';
import { lapiHealth } from './lapi-health.ts';
import type { LapiTransport } from './lapi-transport.ts';

const DID_NOT_COME_BACK: EngineReload = {
  kind: 'not_running',
  nextStep:
    'It did not come back when it was told to reload: its log says why. It reads the change when it is started next.',
};

/**
 * CrowdSec ends on a SIGHUP that comes while it starts, when LAPI answers already but its parsers are still being
 * read. Nothing outside tells when that is over, and it takes up to a minute.
 */
export const STARTING_MS = 60_000;

/** LAPI closes its door within milliseconds of the signal; until then it answers as if nothing had happened. */
const SETTLE_MS = 500;
const LOOK_EVERY_MS = 200;

/** A large database makes a slow start, and a reload is one. */
const BACK_WITHIN_MS = 30_000;

/** A process that was asked to end does not wait for it. */
const BACKGROUND = { ref: false };

export interface ReloadSignalPorts {
  readonly pid: 'auto' | number;
  readonly configDir: string;
  readonly transport: LapiTransport;
  readonly version: () => Promise<CrowdsecVersion | undefined>;
  readonly startingMs: number;
  readonly log: Logger;
  /** What a person does instead. */
  readonly command: (verb: 'reload' | 'restart') => string;
}

/** Makes a CrowdSec that somebody else runs read its items again: SIGHUP, and LAPI's answer after it. */
export async function signalReload(ports: ReloadSignalPorts): Promise<EngineReload> {
  const { configDir, log } = ports;
  const ask = (verb: 'reload' | 'restart'): EngineReload => ({ kind: 'ask_operator', command: ports.command(verb) });
  const search = findCrowdsec(ports.pid, join(configDir, 'config.yaml'));
  if (search.kind === 'missing') {
    log.warn(`CrowdSec was not told to reload: ${search.reason}`);
    return ask('reload');
  }
  const { daemonize = false } = await readCrowdsecConfig(configDir);
  if (!survivesHangUp(await ports.version(), daemonize)) {
    log.warn('CrowdSec was not told to reload: before 1.7 it ends on SIGHUP, unless common.daemonize is true');
    return ask('restart');
  }
  await untilStarted(search.pid, ports);
  try {
    process.kill(search.pid, 'SIGHUP');
  } catch (error) {
    const reason = reasonOf(error);
    log.warn(`CrowdSec (process ${search.pid}) could not be told to reload: ${reason}`);
    return ask('reload');
  }
  return (await isBack(search.pid, ports)) ? { kind: 'reloaded' } : DID_NOT_COME_BACK;
}

/** Releases from 1.7 always reload; before, only with `daemonize: true`, and the official images had `false`. */
export function survivesHangUp(
  version: Pick<CrowdsecVersion, 'major' | 'minor'> | undefined,
  isDaemon: boolean,
): boolean {
  if (isDaemon) return true;
  return version !== undefined && (version.major > 1 || (version.major === 1 && version.minor >= 7));
}

async function untilStarted(pid: number, { startingMs, log }: ReloadSignalPorts): Promise<void> {
  const missingMs = startingMs - ageMs(pid);
  if (missingMs <= 0) return;
  log.info(`CrowdSec (process ${pid}) has just started: it is told to reload in ${Math.ceil(missingMs / 1_000)} s`);
  await sleep(missingMs, undefined, BACKGROUND);
}

async function isBack(pid: number, { transport, log }: ReloadSignalPorts): Promise<boolean> {
  const until = performance.now() + BACK_WITHIN_MS;
  await sleep(SETTLE_MS, undefined, BACKGROUND);
  while (performance.now() < until) {
    if (!isAlive(pid)) {
      log.error(`CrowdSec (process ${pid}) ended instead of reloading: its log says why`);
      return false;
    }
    if ((await lapiHealth(transport)).kind === 'healthy') {
      log.info(`CrowdSec (process ${pid}) has reloaded`);
      return true;
    }
    await sleep(LOOK_EVERY_MS, undefined, BACKGROUND);
  }
  log.error(`CrowdSec (process ${pid}) has not answered for ${BACK_WITHIN_MS / 1_000} s since it was told to reload`);
  return false;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
