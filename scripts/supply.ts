/** `npm run check:supply`: what we install, from whom, under which licence, and what is known against it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './servers/project-root.ts';
import { run } from './servers/run.ts';
import { readAudit } from './supply/audit.ts';
import { type LicensedPackage, licenceProblems, shippedPaths } from './supply/licences.ts';
import {
  lockProblems,
  type LockFile,
  type Manifest,
  manifestProblems,
  npmrcProblems,
  staleAnswers,
} from './supply/lock-file.ts';

const AUDIT_MS = 40_000;
const AUDIT = ['audit', '--omit=dev', '--json', '--fetch-retries=0', '--fetch-timeout=20000'];

export async function main(): Promise<void> {
  const problems = [...problemsOfTheTree()];
  const audit = readAudit((await run('npm', AUDIT, { cwd: projectRoot, timeoutMs: AUDIT_MS })).stdout);
  if (audit.kind === 'findings') problems.push(...audit.lines);
  if (audit.kind === 'unavailable')
    process.stdout.write(`NOT CHECKED: npm audit, which this registry does not answer (${audit.why})\n`);
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  if (problems.length === 0)
    process.stdout.write(`${shippedPaths(lockFile()).length} packages are shipped, nothing is wrong with them\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

/** All of it that needs no network. */
export function problemsOfTheTree(): readonly string[] {
  const lock = lockFile();
  return [
    ...manifestProblems(JSON.parse(read('package.json')) as Manifest),
    ...lockProblems(lock),
    ...staleAnswers(lock),
    ...npmrcProblems(read('.npmrc')),
    ...licenceProblems(lock, installedPackage),
  ];
}

function lockFile(): LockFile {
  return JSON.parse(read('package-lock.json')) as LockFile;
}

function installedPackage(path: string): LicensedPackage | undefined {
  const file = join(path, 'package.json');
  return existsSync(join(projectRoot, file)) ? (JSON.parse(read(file)) as LicensedPackage) : undefined;
}

function read(path: string): string {
  return readFileSync(join(projectRoot, path), 'utf8');
}
