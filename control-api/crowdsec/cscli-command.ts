import { join } from 'node:path';
import type { Config } from '../config.ts';
import { commandWords } from './command-words.ts';
import type { CscliCommand } from './cscli.ts';
import type { EngineCommand } from './engine-process.ts';

/** What a program of CrowdSec may see of our environment: nothing of ours, and all that it needs to run. */
const PASSED_ON = [
  'PATH',
  'HOME',
  'LANG',
  'LC_ALL',
  'TZ',
  'LD_LIBRARY_PATH',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'DOCKER_HOST',
];

/** The environment of cscli and of a managed engine; the proxies are those of our own settings. */
export function crowdsecEnvironment(
  config: Pick<Config, 'HTTP_PROXY' | 'HTTPS_PROXY' | 'NO_PROXY'>,
  own: NodeJS.ProcessEnv = process.env,
): Record<string, string> {
  const proxies = { HTTP_PROXY: config.HTTP_PROXY, HTTPS_PROXY: config.HTTPS_PROXY, NO_PROXY: config.NO_PROXY };
  const passed = PASSED_ON.map((name) => [name, own[name]] as const);
  const all = [...passed, ...Object.entries(proxies)].filter(([, value]) => value !== undefined && value !== '');
  return Object.fromEntries(all) as Record<string, string>;
}

/** The engine's own command line: options of the user's are kept, such as `crowdsec -no-cs`. */
export function engineCommand(config: Config): EngineCommand {
  const words = commandWords(config.CROWDSEC_BIN) ?? [config.CROWDSEC_BIN];
  return {
    words: [...words, '-c', join(config.CROWDSEC_CONFIG_DIR, 'config.yaml')],
    environment: crowdsecEnvironment(config),
    pidFile: join(config.STATE_DIR, 'crowdsec.pid'),
  };
}

/** One word is cscli itself, and is told where the configuration is; a longer command line knows that on its own. */
export function cscliCommand(config: Config): CscliCommand {
  const words = commandWords(config.CSCLI) ?? [config.CSCLI];
  const where = words.length === 1 ? ['-c', join(config.CROWDSEC_CONFIG_DIR, 'config.yaml')] : [];
  return { words: [...words, ...where], environment: crowdsecEnvironment(config) };
}
