import { join } from 'node:path';
import { reasonOf } from '../../../bouncer/shared/runtime/reason.ts';
import { which, type Binary } from '../../../scripts/servers/binaries.ts';
import { libraryFolder, unpackBundle } from '../../../scripts/servers/debian-packages.ts';
import { projectRoot } from '../../../scripts/servers/project-root.ts';
import { lastLine, run } from '../../../scripts/servers/run.ts';

export type Wrk = Pick<Binary, 'path' | 'libraryPath'>;

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly medianLatencyUs: number;
  readonly p99LatencyUs: number;
}

/** Its only library that is rare comes along; no program is named, since those are searched for rare ones again. */
const BUNDLE = {
  name: 'wrk',
  suite: 'bookworm',
  packages: ['wrk', 'libluajit-5.1-2'],
  programs: [],
} as const;
const SCRIPT = join(projectRoot, 'test', 'bench', 'load', 'spread.lua');
const CONNECTIONS = 16;
const SPARE_MS = 15_000;

/** From PATH, else as a Debian package unpacked into the cache. */
export async function findWrk(report: (line: string) => void): Promise<Wrk> {
  const onPath = await which('wrk');
  if (onPath !== undefined) return { path: onPath };
  try {
    const folder = await unpackBundle(BUNDLE, report);
    const libraryPath = await libraryFolder(folder);
    return { path: join(folder, 'usr', 'bin', 'wrk'), ...(libraryPath === undefined ? {} : { libraryPath }) };
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new Error(`the load generator wrk is missing, and Debian's package cannot be had (${reason}): install wrk`, {
      cause,
    });
  }
}

/**
 * As many requests as the site takes, on a few kept connections, from many addresses, for a whole number of seconds.
 * @throws Error when any request was refused or failed: such a round measures something else.
 */
export async function load(wrk: Wrk, url: string, seconds: number, seed: number): Promise<LoadResult> {
  const args = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '-s', SCRIPT, url, '--', String(seed)];
  const env = wrk.libraryPath === undefined ? {} : { LD_LIBRARY_PATH: wrk.libraryPath };
  const { code, stdout, stderr } = await run(wrk.path, args, { env, timeoutMs: seconds * 1_000 + SPARE_MS });
  const result = /^RESULT (.+)$/m.exec(stdout)?.[1];
  if (code !== 0 || result === undefined) throw new Error(`wrk ${url}: ${lastLine(stderr) || lastLine(stdout)}`);
  const { requests, microseconds, refused, failed, ...latency } = JSON.parse(result) as Figures;
  if (refused + failed > 0) throw new Error(`wrk ${url}: of ${requests} requests ${refused} refused, ${failed} failed`);
  return { requests, seconds: microseconds / 1e6, ...latency };
}

interface Figures {
  readonly requests: number;
  readonly microseconds: number;
  readonly refused: number;
  readonly failed: number;
  readonly medianLatencyUs: number;
  readonly p99LatencyUs: number;
}
