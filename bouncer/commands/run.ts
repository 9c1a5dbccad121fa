import { Daemon } from '../daemon.ts';
import { type ConfigInput, loadConfig } from '../load-config.ts';
import { systemClock } from '../shared/runtime/clock.ts';
import { createLogger } from '../shared/runtime/logger.ts';
import { VERSION } from '../version.ts';
import { EXIT_FAILED, printProblems, withConfig } from './output.ts';

/** The daemon: until SIGTERM or SIGINT; SIGHUP reads the configuration again and keeps the old one if it is wrong. */
export function run(input: ConfigInput): Promise<number> {
  return withConfig(input, async (config) => {
    const log = createLogger('bouncer', config.LOG_LEVEL);
    let daemon = new Daemon(config, systemClock, log);
    let work: Promise<void> = Promise.resolve();
    const reload = async () => {
      const loaded = loadConfig(input);
      if (loaded.kind === 'invalid') {
        printProblems(loaded.problems);
        log.error({ problems: loaded.problems }, 'the new configuration is wrong; keeping the old one');
        return;
      }
      log.info('reloading the configuration; Caddy keeps its rules meanwhile');
      await daemon.stop();
      daemon = new Daemon(loaded.config, systemClock, log);
      await daemon.start();
    };
    process.on('SIGHUP', () => {
      work = work.then(reload);
    });
    log.info({ version: VERSION, lapi: config.CROWDSEC_LAPI_URL, caddies: config.CADDY_ADMIN }, 'the bouncer starts');
    try {
      await daemon.start();
      const signal = await stopSignal();
      log.info({ signal }, 'stopping; Caddy keeps the last rules');
      await work;
      await daemon.stop();
      return 0;
    } catch (error) {
      log.fatal({ reason: error instanceof Error ? error.message : String(error) }, 'the bouncer cannot run');
      await daemon.stop();
      return EXIT_FAILED;
    }
  });
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
}
