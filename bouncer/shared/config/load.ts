import { readFileSync } from 'node:fs';
import { reasonOf } from '../runtime/reason.ts';
import { readConfigFile } from './file.ts';
import type { ConfigProblem, OptionTable, OptionValues } from './option.ts';
import { type ConfigResult, type ConfigSources, readConfig } from './read.ts';

export interface LoadRequest extends Pick<ConfigSources, 'flags' | 'environment'> {
  /** Where `--config` points. */
  readonly configFile?: string | undefined;
}

/** Flags over environment over file over defaults, every problem at once. */
export function loadOptions<Table extends OptionTable>(
  table: Table,
  { flags, environment, configFile }: LoadRequest,
): ConfigResult<OptionValues<Table>> {
  const { file, problems } = readFile(configFile);
  const read = readConfig(table, { flags, environment, file, readSecretFile: (path) => readFileSync(path, 'utf8') });
  if (problems.length === 0) return read;
  return { kind: 'invalid', problems: [...problems, ...(read.kind === 'invalid' ? read.problems : [])] };
}

function readFile(path: string | undefined): { file: Record<string, string>; problems: ConfigProblem[] } {
  if (path === undefined) return { file: {}, problems: [] };
  try {
    return { file: readConfigFile(path), problems: [] };
  } catch (error) {
    const message = reasonOf(error);
    const hint = 'give the path of a YAML or JSON file with one SETTING: value a line';
    return { file: {}, problems: [{ setting: '--config', message, hint }] };
  }
}
