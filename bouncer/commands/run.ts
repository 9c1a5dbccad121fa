import type { BouncerConfig } from '../config.ts';
import { Daemon } from '../daemon.ts';
import { type ConfigInput, loadConfig } from '../load-config.ts';
import { systemClock } from '../shared/runtime/clock.ts';
import { createLogger, type Logger } from '../shared/runtime/logger.ts';
import { reasonOf } from '../shared/runtime/reason.ts';
import { VERSION } from '../version.ts';
import { EXIT_FAILED, printProblems, withConfig } from './output.ts';

const DAEMON = { asksLapi: true };

/**
 * The daemon: until SIGTERM or SIGINT; SIGHUP reads the configuration again and keeps the old one if the new one is
 * wrong or cannot run.
 */
export function run(input: ConfigInput): Promise<number> {
  return withConfig(input, (first) => serve(input, first), DAEMON);
}

async function serve(input: ConfigInput, first: BouncerConfig): Promise<number> {
  const log = createLogger('bouncer', first.LOG_LEVEL);
  const stopped = stopSignal(); // heard from the beginning: a start may take seconds
  log.info({ version: VERSION, lapi: first.CROWDSEC_LAPI_URL, caddies: first.CADDY_ADMIN }, 'the bouncer starts');
  try {
    const daemon = new ReloadableDaemon(input, first, log);
    await daemon.start();
    const signal = await Promise.race([stopped, daemon.broken]);
    log.info({ signal }, 'stopping; Caddy keeps the last rules');
    await daemon.stop();
    return 0;
  } catch (error) {
    log.fatal({ reason: reasonOf(error) }, 'the bouncer cannot run');
    return EXIT_FAILED;
  }
}

/** One daemon after another, each with the newest configuration that works. */
class ReloadableDaemon {
  /** Rejects when even the old configuration works no more. */
  readonly broken: Promise<never>;
  readonly #input: ConfigInput;
  readonly #log: Logger;
  #config: BouncerConfig;
  #daemon: Daemon | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(input: ConfigInput, config: BouncerConfig, log: Logger) {
    this.#input = input;
    this.#config = config;
    this.#log = log;
    this.broken = new Promise((_, reject) => {
      process.on('SIGHUP', () => {
        this.#work = this.#work.then(() => this.#reload()).catch(reject);
      });
    });
  }

  /** @throws Error when it cannot serve. */
  async start(): Promise<void> {
    this.#daemon = await started(this.#config, this.#log);
  }

  async stop(): Promise<void> {
    await this.#work;
    await this.#daemon?.stop();
  }

  async #reload(): Promise<void> {
    const loaded = loadConfig(this.#input, DAEMON);
    if (loaded.kind === 'invalid') {
      printProblems(loaded.problems);
      this.#log.error({ problems: loaded.problems }, 'the new configuration is wrong; keeping the old one');
      return;
    }
    this.#log.info('reloading the configuration; Caddy keeps its rules meanwhile');
    await this.#daemon?.stop();
    try {
      this.#daemon = await started(loaded.config, this.#log);
      this.#config = loaded.config;
    } catch (error) {
      const reason = reasonOf(error);
      this.#log.error({ reason }, 'the bouncer cannot run with the new configuration; going back to the old one');
      await this.start();
    }
  }
}

/** @throws Error when it cannot serve; nothing of it runs then. */
async function started(config: BouncerConfig, log: Logger): Promise<Daemon> {
  const daemon = new Daemon(config, systemClock, log);
  try {
    await daemon.start();
    return daemon;
  } catch (error) {
    await daemon.stop();
    throw error;
  }
}

/**
 * Not with `once`: while write-file-atomic writes, it listens to signals, too, and ends the process when it finds
 * itself alone, as it does when a listener before it has just removed itself.
 */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal));
  });
}
