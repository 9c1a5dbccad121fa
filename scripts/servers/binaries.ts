/**
 * Where the real servers come from, in this order: a path given by the user, PATH, the cache inside the clone, Debian
 * packages unpacked into that cache. Nothing is installed system-wide, and no step needs root.
 */
import { existsSync } from 'node:fs';
import { access, constants, mkdir, symlink } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { reasonOf } from '../../bouncer/shared/runtime/reason.ts';
import { bundleFolder, libraryFolder, unpackBundle } from './debian-packages.ts';
import type { Bundle, Report } from './debian-packages.ts';
import { lastLine, run } from './run.ts';

export interface Binary {
  readonly path: string;
  /** `2.11.4`; empty when the program does not tell. */
  readonly version: string;
  /** Libraries unpacked beside the program, for LD_LIBRARY_PATH. */
  readonly libraryPath?: string;
}

export interface CrowdsecBinaries extends Binary {
  readonly cscli: string;
  /** The package's own `/etc/crowdsec`: patterns, simulation and profiles to copy from. */
  readonly etcDir?: string;
  readonly hubDir?: string;
  /** The plugin that tells a URL about new alerts. Debian calls it `http`, CrowdSec looks for `notification-http`. */
  readonly httpPlugin?: string;
}

/** `floor` is the oldest Caddy that is supported, `newest` one that has everything, `any` whatever there is. */
export type CaddyWish = 'floor' | 'newest' | 'any';

const caddyFloor: Bundle = {
  name: 'caddy-2.6.2',
  suite: 'bookworm',
  packages: ['caddy=2.6.2*'],
  programs: ['usr/bin/caddy'],
};
const caddyNewest: Bundle = { name: 'caddy-newest', suite: 'sid', packages: ['caddy'], programs: ['usr/bin/caddy'] };
const crowdsecBundle: Bundle = {
  name: 'crowdsec-1.4.6',
  suite: 'bookworm',
  packages: ['crowdsec=1.4.6*'],
  programs: ['usr/bin/crowdsec', 'usr/bin/cscli'],
};
const redisBundle: Bundle = {
  name: 'redis-7',
  suite: 'bookworm',
  packages: ['redis-tools'],
  programs: ['usr/bin/redis-check-rdb'],
};

export async function findCaddy(wish: CaddyWish, report: Report = () => undefined): Promise<Binary> {
  const setting = wish === 'floor' ? 'CADDY_FLOOR_BIN' : 'CADDY_BIN';
  const given = await fromSetting(setting, ['version']);
  if (given) return given;
  const onPath = await fromPath('caddy', ['version']);
  if (onPath && suits(onPath.version, wish)) return onPath;
  const bundles = { floor: [caddyFloor], newest: [caddyNewest], any: [caddyNewest, caddyFloor] }[wish];
  return fromDebian(`Caddy (${wish === 'floor' ? '2.6.2' : 'newest'})`, setting, bundles, report, (folder) =>
    describe(join(folder, 'usr/bin/caddy'), ['version'], folder),
  );
}

function suits(version: string, wish: CaddyWish): boolean {
  if (wish === 'any') return true;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return wish === 'floor' ? major === 2 && minor === 6 : major > 2 || (major === 2 && minor >= 10);
}

export async function findRedis(report: Report = () => undefined): Promise<Binary> {
  const found =
    (await fromSetting('REDIS_SERVER_BIN', ['--version'])) ?? (await fromPath('redis-server', ['--version']));
  if (found) return found;
  return fromDebian('Redis', 'REDIS_SERVER_BIN', [redisBundle], report, async (folder) => {
    // One binary serves, checks dumps and checks logs: its name decides which.
    const link = join(folder, 'bin', 'redis-server');
    if (!existsSync(link)) {
      await mkdir(dirname(link), { recursive: true });
      await symlink('../usr/bin/redis-check-rdb', link);
    }
    return describe(link, ['--version'], folder);
  });
}

export async function findCrowdsec(report: Report = () => undefined): Promise<CrowdsecBinaries> {
  const installed = (await fromSetting('CROWDSEC_BIN', ['-version'])) ?? (await fromPath('crowdsec', ['-version']));
  if (installed) return withCompanions(installed, await installedCscli(installed.path), ...rootsOf(installed.path));
  return fromDebian('CrowdSec', 'CROWDSEC_BIN', [crowdsecBundle], report, async (folder) => {
    const engine = await describe(join(folder, 'usr/bin/crowdsec'), ['-version'], folder);
    return withCompanions(engine, join(folder, 'usr/bin/cscli'), folder);
  });
}

/** cscli: what the user says, else the one beside crowdsec, else the one in PATH. */
async function installedCscli(crowdsec: string): Promise<string> {
  const given = process.env['CSCLI'];
  if (given !== undefined && given !== '') return given;
  const beside = join(dirname(crowdsec), 'cscli');
  if (existsSync(beside)) return beside;
  const onPath = await which('cscli');
  if (onPath !== undefined) return onPath;
  throw new Error(`there is no cscli beside ${crowdsec} nor in PATH. Set CSCLI to its path.`);
}

/** Where the files of an installed program may be: around it, when it was unpacked somewhere, or in the system. */
function rootsOf(program: string): string[] {
  const unpacked = /^(.+)\/usr\/(local\/)?s?bin\/[^/]+$/.exec(program)?.[1];
  return unpacked === undefined ? ['/'] : [unpacked, '/'];
}

function withCompanions(engine: Binary, cscli: string, ...roots: string[]): CrowdsecBinaries {
  const first = (...candidates: string[]) =>
    roots.flatMap((root) => candidates.map((path) => join(root, path))).find((path) => existsSync(path));
  const etcDir = first('etc/crowdsec');
  const hubDir = first('usr/share/crowdsec/hub', 'etc/crowdsec/hub');
  const httpPlugin = first(
    'usr/lib/crowdsec/plugins/notification-http',
    'usr/local/lib/crowdsec/plugins/notification-http',
    'usr/lib/crowdsec/plugins/http',
  );
  return {
    ...engine,
    cscli,
    ...(etcDir === undefined ? {} : { etcDir }),
    ...(hubDir === undefined ? {} : { hubDir }),
    ...(httpPlugin === undefined ? {} : { httpPlugin }),
  };
}

/** Tries each bundle; when none can be had, one message says what is missing, what was tried, and what to do. */
async function fromDebian<T>(
  what: string,
  setting: string,
  bundles: readonly Bundle[],
  report: Report,
  open: (folder: string) => Promise<T>,
): Promise<T> {
  const cached = bundles.find((bundle) => existsSync(bundleFolder(bundle)));
  const failures: string[] = [];
  for (const bundle of cached ? [cached] : bundles) {
    try {
      return await open(await unpackBundle(bundle, report));
    } catch (error) {
      failures.push(reasonOf(error));
    }
  }
  throw new Error(
    [
      `${what} is missing.`,
      `  tried: the setting ${setting} (not set), PATH (no fitting one), the cache in .cache/ (empty),`,
      ...failures.map((failure) => `         Debian packages (${failure})`),
      `  → install it, or set ${setting} to the path of its program,`,
      '  → or use the compose file in deploy/, which brings every server as a container.',
    ].join('\n'),
  );
}

async function fromSetting(setting: string, versionArgs: readonly string[]): Promise<Binary | undefined> {
  const path = process.env[setting];
  if (path === undefined || path === '') return undefined;
  try {
    await access(path, constants.X_OK);
  } catch (cause) {
    throw new Error(`${setting}=${path} is no program that can be run. Correct it, or leave it out.`, { cause });
  }
  return describe(path, versionArgs).catch((cause: unknown) => {
    const reason = reasonOf(cause);
    throw new Error(`${setting}=${path} does not run (${reason}). Correct it, or leave it out.`, { cause });
  });
}

async function fromPath(name: string, versionArgs: readonly string[]): Promise<Binary | undefined> {
  const path = await which(name);
  // One that does not run is as good as none: the cache comes next.
  return path === undefined ? undefined : describe(path, versionArgs).catch(() => undefined);
}

export async function which(name: string): Promise<string | undefined> {
  // Debian keeps servers in sbin, which is not in an ordinary user's PATH.
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  for (const folder of folders.filter((entry) => entry !== '')) {
    const path = join(folder, name);
    const runs = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return path;
  }
  return undefined;
}

async function describe(path: string, versionArgs: readonly string[], bundle?: string): Promise<Binary> {
  const libraryPath = bundle === undefined ? undefined : await libraryFolder(bundle);
  const env = libraryPath === undefined ? {} : { LD_LIBRARY_PATH: libraryPath };
  const result = await run(path, versionArgs, { env, timeoutMs: 10_000 });
  if (result.code !== 0) throw new Error(`${path} ${versionArgs.join(' ')}: ${lastLine(result.stderr)}`);
  const version = readVersion(result.stdout + result.stderr);
  if (version === '') throw new Error(`${path} ${versionArgs.join(' ')}: it tells no version`);
  return { path, version, ...(libraryPath ? { libraryPath } : {}) };
}

/** `v2.11.4 h1:…`, `Redis server v=7.0.15 sha=…` and `version: v1.4.6-6~deb12u1` all begin with three numbers. */
export function readVersion(output: string): string {
  return /(\d+\.\d+\.\d+)/.exec(output)?.[1] ?? '';
}
