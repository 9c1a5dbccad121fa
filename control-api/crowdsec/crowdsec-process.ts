import { readdirSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';

/** Where CrowdSec looks when nobody tells it. */
const DEFAULT_CONFIG = '/etc/crowdsec/config.yaml';

export type ProcessSearch =
  { readonly kind: 'found'; readonly pid: number } | { readonly kind: 'missing'; readonly reason: string };

/**
 * The CrowdSec of this configuration file among the processes that can be seen from here. A signal is never sent on
 * a guess: another CrowdSec, or whoever got an old id since, must not be hit.
 */
export function findCrowdsec(wanted: 'auto' | number, configPath: string, procDir = '/proc'): ProcessSearch {
  if (wanted !== 'auto') {
    return commandOf(procDir, wanted) === undefined
      ? { kind: 'missing', reason: `process ${wanted} is no CrowdSec` }
      : { kind: 'found', pid: wanted };
  }
  const all = readdirSync(procDir)
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const words = commandOf(procDir, Number(name));
      return words === undefined ? [] : [{ pid: Number(name), config: configOf(words) }];
    });
  if (all.length === 0) return { kind: 'missing', reason: 'no CrowdSec runs in this PID namespace' };
  const [own, another] = all.filter(({ config }) => normalize(config) === normalize(configPath));
  if (own === undefined)
    return { kind: 'missing', reason: `the CrowdSec that runs here reads ${all[0]?.config ?? '?'}, not ${configPath}` };
  if (another !== undefined)
    return { kind: 'missing', reason: `several CrowdSecs read ${configPath}: ${own.pid} and ${another.pid}` };
  return { kind: 'found', pid: own.pid };
}

/** The kernel counts starts in hundredths of a second since the boot, on every machine that Node runs on. */
const TICK_MS = 10;

/** How long it has been running; 0 when that cannot be read. */
export function ageMs(pid: number, procDir = '/proc'): number {
  try {
    const stat = readFileSync(join(procDir, String(pid), 'stat'), 'utf8');
    const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name may hold anything
    const startedAtMs = Number(afterName[19]) * TICK_MS;
    const uptimeMs = Number.parseFloat(readFileSync(join(procDir, 'uptime'), 'utf8')) * 1_000;
    return Math.max(0, uptimeMs - startedAtMs) || 0;
  } catch {
    return 0;
  }
}

/** Its command line, if that process is CrowdSec itself: plugins and cscli have other names. */
function commandOf(procDir: string, pid: number): readonly string[] | undefined {
  try {
    if (readFileSync(join(procDir, String(pid), 'comm'), 'utf8').trim() !== 'crowdsec') return undefined;
    const words = readFileSync(join(procDir, String(pid), 'cmdline'), 'utf8').split('\0');
    return words.length > 1 ? words : undefined; // a zombie has none
  } catch {
    return undefined; // gone since, or not ours to see
  }
}

/** Go's flags: one dash or two, the value behind `=` or as the next word. */
function configOf(words: readonly string[]): string {
  for (const [index, word] of words.entries()) {
    if (/^--?c$/.test(word)) return words[index + 1] ?? DEFAULT_CONFIG;
    const [, value] = /^--?c=(.*)$/.exec(word) ?? [];
    if (value !== undefined) return value;
  }
  return DEFAULT_CONFIG;
}
