import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { backoffDelay } from '../../bouncer/shared/runtime/backoff.ts';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import type { Logger } from '../../bouncer/shared/runtime/logger.ts';
import { reasonOf } from '../../bouncer/shared/runtime/reason.ts';
import { Wake } from '../../bouncer/shared/runtime/wake.ts';
import type { EventWriter } from '../events/event-writer.ts';
import type { Engine, EngineReload, EngineState, EngineStatus } from './engine.ts';
import { type EngineCommand, EngineProcess, endLeftOver } from './engine-process.ts';
import { lapiHealth } from './lapi-health.ts';
import type { LapiTransport } from './lapi-transport.ts';

const PREFIX = '[CROWDSEC_STARTUP]';

/** LAPI needs up to 60 seconds on a small machine with a large database; then something may be wrong, and it is told. */
const READY_WITHIN_MS = 90_000;
const LOOK_EVERY_MS = 200;
const LOOK_LATER_EVERY_MS = 2_000;

const RESTARTS = { firstMs: 1_000, longestMs: 60_000 };

/** An engine that ran this long was well: the next crash counts as the first. */
const WELL_AFTER_MS = 60_000;

/** One that ends this long after it was told to reload did not end because of that. */
const RELOADS_WITHIN_MS = 30_000;

const NEXT_STEPS = {
  wanted: 'It is being started, and reads the change by itself.',
  off: 'It reads the change when it is started next: switch protection on for that.',
} as const;

export interface ManagedEnginePorts {
  readonly command: EngineCommand;
  readonly transport: LapiTransport;
  readonly version: () => Promise<string | undefined>;
  readonly events: EventWriter;
  readonly clock: Clock;
  readonly log: Logger;
}

/** An engine that is started, supervised and stopped here: one loop, which alone touches the process. */
export class ManagedEngine implements Engine {
  readonly #ports: ManagedEnginePorts;
  readonly #wake = new Wake();
  readonly #closing = new AbortController();
  #isWanted = false;
  #process: EngineProcess | undefined;
  /** When it was told to reload, by the monotonic clock. */
  #toldToReloadAt: number | undefined;
  /** Asked for while it was starting, when it may have read its files already. */
  #isReloadDue = false;
  #crashes = 0;
  #state: EngineState = 'stopped';
  #since: string;
  #error: string | undefined;
  #loop: Promise<void> | undefined;

  constructor(ports: ManagedEnginePorts) {
    this.#ports = ports;
    this.#since = new Date(ports.clock.wall()).toISOString();
  }

  async status(): Promise<EngineStatus> {
    const version = await this.#ports.version();
    return {
      mode: 'managed',
      state: this.#state,
      since: this.#since,
      ...(version === undefined ? {} : { version }),
      ...(this.#error === undefined ? {} : { error: this.#error }),
    };
  }

  want(running: boolean): void {
    this.#isWanted = running;
    this.#loop ??= this.#run();
    this.#wake.knock();
  }

  /** CrowdSec reads its configuration and items again on SIGHUP; 1.4.6 ends instead when not daemonized, and is started anew. */
  reload(): Promise<EngineReload> {
    this.#isReloadDue = this.#process !== undefined && this.#state === 'starting';
    if (this.#process === undefined || this.#state !== 'running') {
      return Promise.resolve({ kind: 'not_running', nextStep: NEXT_STEPS[this.#isWanted ? 'wanted' : 'off'] });
    }
    this.#toldToReloadAt = this.#ports.clock.monotonic();
    this.#process.hangUp();
    this.#ports.log.info(`${PREFIX} CrowdSec reloads`);
    return Promise.resolve({ kind: 'reloaded' });
  }

  async stop(): Promise<void> {
    this.#isWanted = false;
    this.#closing.abort();
    this.#wake.knock();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      if (!this.#isWanted) await this.#wake.sleep(Number.POSITIVE_INFINITY, signal);
      else await this.#runOnce();
    }
  }

  /** One process, from its start to its end; what goes wrong here counts as its end, and the loop goes on. */
  async #runOnce(): Promise<void> {
    const startedAt = this.#ports.clock.monotonic();
    let how: string | undefined;
    try {
      how = await this.#supervise(startedAt);
    } catch (error) {
      await this.#process?.stop(); // it must not go on without anybody who holds it
      how = reasonOf(error);
    }
    if (how !== undefined) await this.#ended(how, this.#ports.clock.monotonic() - startedAt);
  }

  /** Starts it and watches it. @returns how it ended; nothing when it was not wanted any more. */
  async #supervise(startedAt: number): Promise<string | undefined> {
    const { command, log } = this.#ports;
    this.#enter('starting');
    makeFolder(dirname(command.pidFile));
    const leftOver = endLeftOver(command);
    if (leftOver !== undefined)
      log.warn({ pid: leftOver }, `${PREFIX} a CrowdSec of an earlier run was still there and was ended`);
    log.info(`${PREFIX} CrowdSec is starting; LAPI can take a minute`);
    this.#isReloadDue = false; // a new process reads everything
    const engine = new EngineProcess(command, (line) => log.debug({ line }, 'crowdsec'));
    this.#process = engine;
    let how: string | undefined;
    void engine.ended.then((reason) => {
      how = reason;
      this.#wake.knock();
    });
    await this.#untilReady(() => how !== undefined, startedAt);
    while (how === undefined && this.#isWanted) await this.#wake.sleep(Number.POSITIVE_INFINITY, this.#closing.signal);
    if (how !== undefined) return how;
    await this.#stopProcess(engine);
    return undefined;
  }

  async #untilReady(hasEnded: () => boolean, startedAt: number): Promise<void> {
    const { transport, clock, log } = this.#ports;
    while (!hasEnded() && this.#isWanted) {
      const tookMs = Math.round(clock.monotonic() - startedAt);
      if ((await lapiHealth(transport)).kind === 'healthy' && !hasEnded()) {
        this.#enter('running');
        log.info({ took_ms: tookMs }, `${PREFIX} LAPI is ready after ${tookMs} ms`);
        if (this.#isReloadDue) await this.reload();
        return;
      }
      const isLate = tookMs > READY_WITHIN_MS;
      if (isLate && this.#error === undefined) {
        this.#error = `LAPI not available after ${READY_WITHIN_MS / 1_000} s: check that CROWDSEC_LAPI_URL is where config.yaml lets it listen`;
        log.error(`${PREFIX} ${this.#error}`);
      }
      await this.#wake.sleep(isLate ? LOOK_LATER_EVERY_MS : LOOK_EVERY_MS, this.#closing.signal);
    }
  }

  async #stopProcess(engine: EngineProcess): Promise<void> {
    this.#enter('stopping');
    this.#ports.log.info(`${PREFIX} CrowdSec is stopping`);
    await engine.stop();
    this.#process = undefined;
    this.#crashes = 0;
    this.#enter('stopped');
    this.#ports.log.info(`${PREFIX} CrowdSec has stopped`);
  }

  async #ended(error: string, ranMs: number): Promise<void> {
    this.#process = undefined;
    const { clock, log } = this.#ports;
    const toldAt = this.#toldToReloadAt;
    this.#toldToReloadAt = undefined;
    if (toldAt !== undefined && clock.monotonic() - toldAt < RELOADS_WITHIN_MS) {
      log.info(`${PREFIX} CrowdSec ended instead of reloading, and is started anew`);
      return;
    }
    this.#crashes = ranMs > WELL_AFTER_MS ? 1 : this.#crashes + 1;
    this.#enter('crashed', error);
    const waitMs = backoffDelay(this.#crashes, RESTARTS);
    log.error(
      { crashes: this.#crashes, wait_ms: waitMs },
      `${PREFIX} CrowdSec crashed: ${error}; starting it again in ${waitMs} ms`,
    );
    // A knock (switched off meanwhile) ends the wait; the loop looks again at what is wanted.
    const until = clock.monotonic() + waitMs;
    while (this.#isWanted && !this.#closing.signal.aborted) {
      const leftMs = until - clock.monotonic();
      if (leftMs <= 0) return;
      await this.#wake.sleep(leftMs, this.#closing.signal);
    }
    this.#enter('stopped');
  }

  #enter(state: EngineState, error?: string): void {
    this.#state = state;
    this.#error = error;
    this.#since = new Date(this.#ports.clock.wall()).toISOString();
    this.#ports.events.write('engine', `CrowdSec: ${state}${error === undefined ? '' : `: ${error}`}`, { state });
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    const why = reasonOf(error);
    throw new Error(`the folder for its process id could not be made: ${why}: see to STATE_DIR`, { cause: error });
  }
}
