/** What package.json, the lock file and .npmrc must keep so that an installation brings the same bytes, and runs none. */

export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly overrides?: unknown;
  readonly scripts?: Readonly<Record<string, string>>;
}

export interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly link?: boolean;
  readonly inBundle?: boolean;
  readonly hasInstallScript?: boolean;
}

export interface LockFile {
  readonly lockfileVersion: number;
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

/** Packages that would run something when they are installed, and why they may stay: nothing of it is run here. */
export const ANSWERED_INSTALL_SCRIPTS: Readonly<Record<string, string>> = {
  'node_modules/ip-set': 'of tests alone; its preinstall only asks its own developers for another package manager',
};

const EXACT = /^\d+\.\d+\.\d+(-[\w.]+)?$/;

/** npm runs these of the project itself at `npm ci`, also where scripts of dependencies are off. */
const INSTALL_HOOKS = ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish'];

export function manifestProblems({
  dependencies,
  devDependencies,
  optionalDependencies,
  scripts = {},
}: Manifest): string[] {
  const wanted = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
  return [
    ...wanted
      .filter(([, version]) => !EXACT.test(version))
      .map(([name, version]) => `package.json: ${name} is "${version}", which is not one exact version`),
    ...INSTALL_HOOKS.filter((hook) => hook in scripts).map(
      (hook) => `package.json: the script "${hook}" runs at an installation`,
    ),
  ];
}

export function lockProblems({ lockfileVersion, packages }: LockFile): string[] {
  const installed = Object.entries(packages).filter(([path]) => path !== '');
  const version = lockfileVersion === 3 ? [] : [`package-lock.json: version ${lockfileVersion} is not 3`];
  return [...version, ...installed.flatMap(([path, entry]) => packageProblems(path, entry))];
}

function packageProblems(path: string, entry: LockedPackage): string[] {
  const problems: string[] = [];
  const where = `package-lock.json: ${path}`;
  if (entry.link === true) problems.push(`${where} is a link to a folder`);
  // A strong hash, one or several; sha1 alone is no proof of anything any more.
  if (!/^(sha512-[\w+/]+={0,2} ?)+$/.test(entry.integrity ?? '')) problems.push(`${where} has no sha512 hash`);
  // Without `resolved` npm asks the registry that the user has configured, whatever mirror that is.
  if (entry.resolved !== undefined) problems.push(`${where} names a place of its own to be fetched from`);
  if (!EXACT.test(entry.version ?? '')) problems.push(`${where} has the version "${entry.version ?? ''}"`);
  if (entry.hasInstallScript === true && !(path in ANSWERED_INSTALL_SCRIPTS)) {
    problems.push(`${where} runs a script when it is installed: find another, or answer for it`);
  }
  return problems;
}

/** What the lock file names and an answer no longer needs. */
export function staleAnswers({ packages }: LockFile): string[] {
  return Object.keys(ANSWERED_INSTALL_SCRIPTS)
    .filter((path) => packages[path]?.hasInstallScript !== true)
    .map((path) => `${path} is answered for, and runs no script any more`);
}

export function npmrcProblems(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim());
  const needed = ['ignore-scripts=true', 'save-exact=true', 'omit-lockfile-registry-resolved=true'];
  const missing = needed.filter((line) => !lines.includes(line));
  const personal = lines.filter((line) => !needed.includes(line) && /registry|_auth|token|proxy/i.test(line));
  return [
    ...missing.map((line) => `.npmrc: "${line}" is missing`),
    ...personal.map((line) => `.npmrc: "${line.split('=')[0] ?? ''}" belongs to a person's own configuration`),
  ];
}
