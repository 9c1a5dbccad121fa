import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatSources, parseDeb822, parseSourcesList, privateAptConf, sourcesForSuite } from './apt-sources.ts';
import type { AptSource } from './apt-sources.ts';
import { withLock } from './lock.ts';
import { cacheDir } from './project-root.ts';
import { lastLine, run } from './run.ts';

type Suite = 'bookworm' | 'sid';

/** Debian packages unpacked together into one folder of the cache. */
export interface Bundle {
  readonly name: string;
  readonly suite: Suite;
  /** As apt takes them: `name` or `name=version*`. */
  readonly packages: readonly string[];
  /** Paths inside the bundle whose shared libraries must be there, beside them if the system has none. */
  readonly programs: readonly string[];
}

export type Report = (line: string) => void;

const DOWNLOAD_MS = 5 * 60_000;
const LISTS_AGE_MS = 24 * 60 * 60_000;
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
/** As root, apt would drop to a user that may not enter a clone in somebody's home, and warn about it each time. */
const NO_SANDBOX = ['-o', 'APT::Sandbox::User=root'];

/** Where Debian keeps the libraries that our programs need: the missing ones are fetched beside the program. */
const LIBRARY_PACKAGES: Readonly<Record<string, string>> = {
  'libatomic.so.1': 'libatomic1',
  'libcrypto.so.3': 'libssl3',
  'libjemalloc.so.2': 'libjemalloc2',
  'liblzf.so.1': 'liblzf1',
  'libsqlite3.so.0': 'libsqlite3-0',
  'libssl.so.3': 'libssl3',
  'libsystemd.so.0': 'libsystemd0',
};

export function bundleFolder(bundle: Bundle): string {
  return join(cacheDir, bundle.name);
}

/** The folder that holds the bundle: at once when it is cached, else downloaded, unpacked and moved there whole. */
export async function unpackBundle(bundle: Bundle, report: Report): Promise<string> {
  const folder = bundleFolder(bundle);
  if (existsSync(folder)) return folder;
  const onWait = () => report(`another run is fetching ${bundle.name}; waiting for it`);
  await withLock(`${folder}.lock`, onWait, async () => {
    if (existsSync(folder)) return;
    const partial = join(cacheDir, `.partial-${bundle.name}-${process.pid}`);
    try {
      report(`fetching ${bundle.name} from Debian ${bundle.suite}`);
      await unpackInto(partial, bundle, report);
      await rename(partial, folder);
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  });
  return folder;
}

async function unpackInto(folder: string, bundle: Bundle, report: Report): Promise<void> {
  await mkdir(folder, { recursive: true });
  await downloadAndUnpack(folder, bundle.suite, bundle.packages, report);
  const missing = await missingLibraries(folder, bundle.programs);
  if (missing.length === 0) return;
  const packages = missing.map((library) => {
    const name = LIBRARY_PACKAGES[library];
    if (name === undefined) throw new Error(`${bundle.name} needs the library ${library}, which this system lacks`);
    return name;
  });
  await downloadAndUnpack(folder, bundle.suite, [...new Set(packages)], report);
}

async function downloadAndUnpack(
  folder: string,
  suite: Suite,
  packages: readonly string[],
  report: Report,
): Promise<void> {
  const debs = join(folder, '.debs');
  await mkdir(debs, { recursive: true });
  await download(debs, suite, packages, report);
  for (const file of await readdir(debs)) {
    const unpacked = await run('dpkg', ['-x', join(debs, file), folder]);
    if (unpacked.code !== 0) throw new Error(`dpkg -x ${file}: ${lastLine(unpacked.stderr)}`);
  }
  await rm(debs, { recursive: true });
}

/** The folder for LD_LIBRARY_PATH, when the bundle brought libraries of its own. */
export async function libraryFolder(folder: string): Promise<string | undefined> {
  const base = join(folder, 'usr', 'lib');
  if (!existsSync(base)) return undefined;
  const triplet = (await readdir(base)).find((name) => name.endsWith('-linux-gnu'));
  return triplet === undefined ? undefined : join(base, triplet);
}

async function missingLibraries(folder: string, programs: readonly string[]): Promise<string[]> {
  const missing = new Set<string>();
  for (const program of programs) {
    const linked = await run('ldd', [join(folder, program)]);
    for (const match of linked.stdout.matchAll(/^\s*(\S+) => not found/gm)) missing.add(match[1] ?? '');
  }
  return [...missing];
}

/** The system's own package lists first, since they cost nothing; then lists of our own, inside the cache. */
async function download(into: string, suite: Suite, packages: readonly string[], report: Report): Promise<void> {
  const codename = await systemCodename();
  if (codename === suite) {
    const direct = await run('apt-get', [...NO_SANDBOX, 'download', ...packages], {
      cwd: into,
      timeoutMs: DOWNLOAD_MS,
    });
    if (direct.code === 0) return;
    await rm(into, { recursive: true });
    await mkdir(into);
  }
  const config = await privateAptState(suite, codename, report);
  const result = await aptGet(config, ['download', ...packages], into);
  if (result.code !== 0)
    throw new Error(`apt-get download ${packages.join(' ')} (${suite}): ${aptReason(result.stderr)}`);
}

function aptGet(config: string, args: readonly string[], cwd: string) {
  return run('apt-get', [...NO_SANDBOX, ...args], { cwd, env: { APT_CONFIG: config }, timeoutMs: DOWNLOAD_MS });
}

function aptReason(stderr: string): string {
  return stderr.split('\n').find((line) => line.startsWith('E:')) ?? lastLine(stderr);
}

/** An apt state that belongs to this clone: its own lists, nothing of the system's is read or written but settings. */
async function privateAptState(suite: Suite, codename: string, report: Report): Promise<string> {
  const folder = join(cacheDir, `apt-${suite}`);
  const config = join(folder, 'apt.conf');
  await withLock(
    `${folder}.lock`,
    () => report('another run is reading package lists; waiting for it'),
    async () => {
      if (await isYoung(join(folder, 'updated'))) return;
      const sources = sourcesForSuite(await systemSources(), suite, codename);
      if (sources.length === 0) throw new Error(`this system's apt has no Debian mirror to take ${suite} from`);
      const dump = await run('apt-config', ['dump']);
      for (const part of ['lists/partial', 'cache/archives/partial'])
        await mkdir(join(folder, part), { recursive: true });
      await writeFile(join(folder, 'sources.list'), formatSources(sources, existsSync(KEYRING) ? KEYRING : undefined));
      await writeFile(join(folder, 'status'), '');
      // It may carry a proxy's password.
      await writeFile(config, privateAptConf(dump.stdout, folder), { mode: 0o600 });
      report(`reading the package lists of Debian ${suite}`);
      const updated = await aptGet(config, ['update', '-q'], folder);
      if (updated.code !== 0) throw new Error(`apt-get update (${suite}): ${aptReason(updated.stderr)}`);
      await writeFile(join(folder, 'updated'), '');
    },
  );
  return config;
}

async function isYoung(stamp: string): Promise<boolean> {
  return existsSync(stamp) && Date.now() - (await stat(stamp)).mtimeMs < LISTS_AGE_MS;
}

async function systemSources(): Promise<AptSource[]> {
  const parts = '/etc/apt/sources.list.d';
  const names = existsSync(parts) ? await readdir(parts) : [];
  const files = ['/etc/apt/sources.list', ...names.sort().map((name) => join(parts, name))];
  const found: AptSource[] = [];
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (file.endsWith('.sources')) found.push(...parseDeb822(text));
    else if (file.endsWith('.list')) found.push(...parseSourcesList(text));
  }
  return found;
}

async function systemCodename(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^VERSION_CODENAME=(\S+)/m.exec(text)?.[1] ?? '';
}
