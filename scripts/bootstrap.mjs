/**
 * What must be true before any TypeScript of this project can run: a Node that is new enough, the npm packages of
 * the lock file, the git hooks, and a fresh `dist`. Plain JavaScript without dependencies, since on a fresh clone
 * there is nothing else. Each step is skipped when its stamp is newer than what it was made from.
 */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => join(root, ...parts);

const NEEDED = [20, 19];
const LOCK_WAIT_MS = 180_000;
const SOURCES = ['bouncer', 'caddy', 'control-api', 'scripts'];

export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) return;
  fail(`this project needs Node ${NEEDED.join('.')} or later, and this is Node ${process.versions.node}.`, [
    'Install a newer one (https://nodejs.org/en/download) and run the same command again.',
  ]);
}

/** `npm ci`, when what is installed is not what the lock file says. */
export function installPackages() {
  if (isInstalled()) return;
  withLock('install', () => {
    if (isInstalled()) return;
    step('installing npm packages', () => run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']), [
      'Is the npm registry reachable from here? `npm ping` tells.',
    ]);
  });
}

/**
 * npm leaves its own list of what it installed, written last. It is compared package by package, so that a tree made
 * by `npm install` counts as well, and an interrupted one does not.
 */
function isInstalled() {
  const installed = readPackages(at('node_modules', '.package-lock.json'));
  const wanted = readPackages(at('package-lock.json'));
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || optional === true || installed[path]?.version === version,
  );
}

function readPackages(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : {};
}

/** Hooks live in the repository; git must only be told where. Not a git checkout: nothing to do. */
export function installHooks() {
  if (!existsSync(at('.git'))) return;
  const current = run('git', ['config', '--local', '--get', 'core.hooksPath']);
  if (current.error || current.stdout.trim() === 'scripts/hooks') return;
  run('git', ['config', '--local', 'core.hooksPath', 'scripts/hooks']);
}

/** Compiles to `dist` when a source file is newer than the last build. */
export function build() {
  const isSource = (path) => path.endsWith('.ts') && !path.startsWith(at('control-api', 'ui'));
  buildWhenOlder({
    what: 'compiling',
    stamp: at('dist', '.built'),
    newestSource: () => newest(SOURCES, ['tsconfig.json', 'tsconfig.build.json', 'package.json'], isSource),
    tool: [at('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json'],
    hint: '`npm run check:types` shows the same errors.',
  });
}

/** The same for the web page. */
export function buildPage() {
  buildWhenOlder({
    what: 'building the page',
    stamp: at('dist', '.built-page'),
    newestSource: () => newest([join('control-api', 'ui'), join('control-api', 'page')], ['package.json'], () => true),
    tool: [at('node_modules', 'vite', 'bin', 'vite.js'), 'build', '--logLevel', 'warn', join('control-api', 'ui')],
    hint: '`npm run check:types` may show why.',
  });
}

/** The names of networks, as one small file; made anew only with the program that makes it. */
export function buildNetworks() {
  buildWhenOlder({
    what: 'building the list of networks',
    stamp: at('dist', '.built-networks'),
    newestSource: () => newest([join('scripts', 'networks')], ['package-lock.json'], () => true),
    tool: [at('dist', 'scripts', 'networks', 'build.js')],
    hint: '`npm ci` may be needed first: the list comes from a package.',
  });
}

function buildWhenOlder({ what, stamp, newestSource, tool, hint }) {
  const fresh = () => existsSync(stamp) && modified(stamp) >= newestSource();
  if (fresh()) return;
  withLock('build', () => {
    if (fresh()) return;
    // The stamp carries the time before building: a file saved meanwhile makes the next run build again.
    const began = new Date();
    step(what, () => run(process.execPath, tool), [hint]);
    writeFileSync(stamp, '');
    utimesSync(stamp, began, began);
  });
}

export function bootstrap() {
  requireNode();
  installPackages();
  installHooks();
  build();
  buildNetworks();
  buildPage();
}

/** When the newest of these was changed; `isSource` picks files by their path. */
function newest(folders, files, isSource) {
  let latest = Math.max(...files.map((file) => modified(at(file))));
  for (const folder of folders) {
    if (!existsSync(at(folder))) continue;
    for (const entry of readdirSync(at(folder), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile() && isSource(path)) latest = Math.max(latest, modified(path));
    }
  }
  return latest;
}

function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function run(command, args) {
  return spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
}

/** Says what it does, and how long it took; on failure, what the tool said and what to do. */
function step(what, action, hints) {
  const began = Date.now();
  if (process.stderr.isTTY) process.stderr.write(`  … ${what}`);
  const result = action();
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  const ok = result.status === 0;
  process.stderr.write(`${process.stderr.isTTY ? '\r' : ''}  ${ok ? '✓' : '✗'} ${what} (${seconds} s)\n`);
  if (ok) return;
  const said = `${result.stdout ?? ''}${result.stderr ?? ''}${result.error ? String(result.error) : ''}`.trim();
  fail(`${what} failed:\n${said.split('\n').slice(0, 30).join('\n')}`, hints);
}

function fail(message, hints) {
  process.stderr.write(`\n${message}\n${hints.map((hint) => `  → ${hint}\n`).join('')}`);
  process.exit(1);
}

/** One process at a time: two runs in one clone must not write one folder together. */
function withLock(name, action) {
  mkdirSync(at('.cache'), { recursive: true });
  const path = at('.cache', `${name}.lock`);
  const until = Date.now() + LOCK_WAIT_MS;
  while (!tryLock(path)) {
    if (Date.now() > until) {
      fail(`another run has held ${path} for ${LOCK_WAIT_MS / 1000} s.`, [
        'If no other run of this project is active, delete that file.',
      ]);
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
  try {
    action();
  } finally {
    rmSync(path, { force: true });
  }
}

function tryLock(path) {
  try {
    const handle = openSync(path, 'wx');
    writeFileSync(handle, String(process.pid));
    closeSync(handle);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (ownerIsGone(path)) rmSync(path, { force: true });
    return false;
  }
}

function ownerIsGone(path) {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    if (!pid) return Date.now() - modified(path) > 5_000; // created, and not yet written
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) bootstrap();
