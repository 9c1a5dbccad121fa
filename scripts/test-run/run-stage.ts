import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir, projectRoot } from '../servers/project-root.ts';
import type { Stage } from './stages.ts';
import { countsOfRun, type StageResult } from './summary.ts';

/** The stage that runs now, so that a signal to us reaches it. */
let current: ChildProcess | undefined;

export function endCurrentStage(signal: NodeJS.Signals): void {
  current?.kill(signal);
}

/** A check is quiet unless it fails; tests show what they do. */
export async function runStage(stage: Stage): Promise<StageResult> {
  const began = performance.now();
  if (stage.kind === 'check') {
    const { code, output } = await runQuietly('npm', ['run', '--silent', stage.script]);
    if (code !== 0) process.stdout.write(`\n${output.trimEnd()}\n\n`);
    else for (const note of output.match(/^NOT CHECKED.*$/gm) ?? []) process.stdout.write(`  ${note}\n`);
    return { name: stage.name, ok: code === 0, ms: performance.now() - began };
  }
  const report = join(cacheDir, 'test-reports', `${stage.project}.json`);
  await mkdir(join(cacheDir, 'test-reports'), { recursive: true });
  await rm(report, { force: true });
  const code = await runVitest(stage.project, report);
  const json = await readFile(report, 'utf8').catch(() => undefined);
  const counts = countsOfRun(code, json);
  return { name: stage.name, ok: code === 0 && counts.failed === 0, ms: performance.now() - began, counts };
}

function runVitest(project: string, report: string): Promise<number> {
  const vitest = join(projectRoot, 'node_modules', 'vitest', 'vitest.mjs');
  const args = ['run', '--project', project, '--passWithNoTests'];
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const child = spawn(process.execPath, [vitest, ...args, ...reporters], {
    cwd: projectRoot,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, TEST_RUN_HAS_BUILT: '1' },
  });
  return exitCode(child);
}

async function runQuietly(command: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  const child = spawn(command, args, { cwd: projectRoot, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => (output += text));
  }
  return { code: await exitCode(child), output };
}

function exitCode(child: ChildProcess): Promise<number> {
  current = child;
  return new Promise((resolve) => {
    child.once('error', (error) => {
      process.stderr.write(`${error.message}\n`);
      resolve(127);
    });
    child.once('close', (code) => resolve(code ?? 1));
  });
}
