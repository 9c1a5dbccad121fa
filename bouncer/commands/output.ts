import type { BouncerConfig } from '../config.ts';
import { type ConfigInput, type ConfigUse, loadConfig } from '../load-config.ts';
import type { ConfigProblem } from '../shared/config/option.ts';

/** Wrong usage or configuration. */
export const EXIT_USAGE = 2;
/** A check failed, or the program did. */
export const EXIT_FAILED = 1;

// `bouncer export | head` has read enough when `head` ends: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function printError(line: string): void {
  process.stderr.write(`${line}\n`);
}

export function printProblems(problems: readonly ConfigProblem[]): void {
  for (const { setting, message, hint } of problems) printError(`${setting}: ${message}\n    → ${hint}`);
}

/** Reads the configuration and hands it on; prints every problem instead when there are some. */
export async function withConfig(
  input: ConfigInput,
  work: (config: BouncerConfig) => Promise<number> | number,
  use: ConfigUse = { asksLapi: false },
): Promise<number> {
  const loaded = loadConfig(input, use);
  if (loaded.kind === 'ok') return work(loaded.config);
  printProblems(loaded.problems);
  return EXIT_USAGE;
}
