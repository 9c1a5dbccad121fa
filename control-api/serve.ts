import { once } from 'node:events';
import type { ConfigResult } from '../bouncer/shared/config/read.ts';
import type { Logger } from '../bouncer/shared/runtime/logger.ts';
import type { Config } from './config.ts';
import { type ControlApiService, startControlApi } from './service.ts';

/**
 * Runs until SIGTERM or SIGINT. SIGHUP reads the configuration again, and keeps the old one when the new one is
 * wrong or does not start. @returns the exit code.
 */
export async function serve(first: Config, log: Logger, reread: () => ConfigResult<Config>): Promise<number> {
  let config = first;
  let service: ControlApiService;
  try {
    service = await startControlApi(config, log);
  } catch (error) {
    log.fatal({ err: error }, `[CROWDSEC_STARTUP] ${(error as Error).message}`);
    return 1;
  }

  let reloading = Promise.resolve();
  const reload = async () => {
    const result = reread();
    if (result.kind === 'invalid') {
      log.error({ problems: result.problems }, 'the new configuration is wrong; the old one stays');
      return;
    }
    await service.stop();
    try {
      service = await startControlApi(result.values, log);
      config = result.values;
      log.info('the configuration was read again');
    } catch (error) {
      log.error({ err: error }, 'the new configuration does not start; the old one stays');
      service = await startControlApi(config, log);
    }
  };
  const onHangup = () => {
    reloading = reloading.then(reload);
  };

  process.on('SIGHUP', onHangup);
  const signals = new AbortController();
  await Promise.race(['SIGTERM', 'SIGINT'].map((signal) => once(process, signal, { signal: signals.signal })));
  signals.abort();
  process.off('SIGHUP', onHangup);
  log.info('stopping');
  await reloading;
  await service.stop();
  return 0;
}
