import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createLogger } from '../../bouncer/shared/runtime/logger.ts';
import type { Config } from '../config.ts';
import { createParts, type Parts } from '../parts.ts';
import { findingsText, totals } from './findings-text.ts';
import { runChecks } from './run-checks.ts';

export interface DiagnoseOptions {
  readonly isJson: boolean;
  readonly isColored: boolean;
  readonly write: (text: string) => void;
}

/** How long Redis may take to answer before it counts as gone. */
const REDIS_WITHIN_MS = 2_000;

/** All checks, from a process of its own: works while the API is down. @returns the exit code. */
export async function diagnose(config: Config, { isJson, isColored, write }: DiagnoseOptions): Promise<number> {
  const parts = createParts(config, createLogger('diagnose', 'silent', false));
  try {
    await reachRedis(parts);
    const findings = await runChecks(parts, config);
    const count = totals(findings);
    if (isJson) {
      const checks = findings.map(({ latencyMs, ...finding }) => ({
        ...finding,
        ...(latencyMs === undefined ? {} : { latency_ms: latencyMs }),
      }));
      write(`${JSON.stringify({ healthy: count.failed === 0, totals: count, checks }, null, 2)}\n`);
    } else {
      write(findingsText(findings, isColored));
    }
    return count.failed === 0 ? 0 : 1;
  } finally {
    await parts.close();
  }
}

async function reachRedis({ redis }: Parts): Promise<void> {
  const up = new Promise<void>((resolve) => redis.once('up', () => resolve()));
  redis.start();
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([up, new Promise<void>((resolve) => (timer = setTimeout(resolve, REDIS_WITHIN_MS)))]);
  clearTimeout(timer);
}

/**
 * `--data-dir DIR` names the folder that holds CrowdSec's data, and, where somebody keeps both in one place, its
 * configuration too: `DIR/config.yaml`, or below `config/`, `etc/` or `crowdsec/`.
 */
export function settingsOfDataDir(folder: string): Record<string, string> {
  const places = ['.', 'config', 'etc', 'crowdsec', 'crowdsec/config'].map((place) => join(folder, place));
  const configDir = places.find((place) => existsSync(join(place, 'config.yaml')));
  const dataDir = existsSync(join(folder, 'data')) ? join(folder, 'data') : folder;
  return { CROWDSEC_DATA_DIR: dataDir, ...(configDir === undefined ? {} : { CROWDSEC_CONFIG_DIR: configDir }) };
}
