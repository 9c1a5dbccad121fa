import { bouncerOptions } from '../config.ts';
import { type ConfigInput, loadConfig } from '../load-config.ts';
import type { Option } from '../shared/config/option.ts';
import { EXIT_USAGE, print, printProblems } from './output.ts';

/** Prints every setting with its value and where that came from, or every problem at once. */
export function checkConfig(input: ConfigInput): number {
  const loaded = loadConfig(input, { asksLapi: true });
  if (loaded.kind === 'invalid') {
    printProblems(loaded.problems);
    return EXIT_USAGE;
  }
  const values: Readonly<Record<string, unknown>> = loaded.config;
  for (const [name, option] of Object.entries<Option>(bouncerOptions)) {
    print(`${name} = ${shown(values[name], option)}  (${loaded.sources[name] ?? 'default'})`);
  }
  print('The configuration is valid.');
  return 0;
}

function shown(value: unknown, { secret }: Option): string {
  if (value === undefined) return '-';
  if (secret) return '[secret]';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
