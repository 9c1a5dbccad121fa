import { existsSync } from 'node:fs';
import { lastLine, run } from '../servers/run.ts';

/** A Debian package that tests need on the system itself, because it cannot run from a cache folder. */
export interface SystemPackage {
  readonly name: string;
  /** A path that is there when the package is. */
  readonly provides: string;
}

/** Chromium is by far the largest; the others are a few megabytes, and most machines have them. */
export const TEST_PACKAGES: readonly SystemPackage[] = [
  { name: 'chromium', provides: '/usr/bin/chromium' }, // the tests of the page drive a real browser
  { name: 'curl', provides: '/usr/bin/curl' }, // the commands of the documentation are typed as they stand
  { name: 'systemd', provides: '/usr/bin/systemd-analyze' }, // it only reads the units; it need not run
];

const INSTALL_MS = 10 * 60_000;

export function missingPackages(packages: readonly SystemPackage[]): string[] {
  return packages.filter(({ provides }) => !existsSync(provides)).map(({ name }) => name);
}

export function installCommand(names: readonly string[]): string {
  return `apt-get install -y --no-install-recommends ${names.join(' ')}`;
}

/** As root installs what is missing; anybody else is told, in one line, what root must do first. */
export async function ensurePackages(packages: readonly SystemPackage[], doing: (what: string) => void): Promise<void> {
  const missing = missingPackages(packages);
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0)
    throw new Error(`the tests need packages that root must install first: ${installCommand(missing)}`);
  doing(`installing ${missing.join(', ')}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const install = () => run('apt-get', installCommand(missing).split(' ').slice(1), { env, timeoutMs: INSTALL_MS });
  if ((await install()).code === 0) return;
  await run('apt-get', ['update', '-q'], { env, timeoutMs: INSTALL_MS }); // the lists may be empty or old
  const again = await install();
  if (again.code !== 0) throw new Error(`${installCommand(missing)}: ${lastLine(again.stderr)}`);
}
