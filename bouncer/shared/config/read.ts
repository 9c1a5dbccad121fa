import { distance } from 'fastest-levenshtein';
import { reasonOf } from '../runtime/reason.ts';
import type { ConfigProblem, OptionTable, OptionValues } from './option.ts';

/** Where texts come from, strongest first. Flags and file entries are keyed by the option's name. */
export interface ConfigSources {
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly file: Readonly<Record<string, string>>;
  /** Reads a NAME_FILE; throws as `fs.readFileSync` does. */
  readonly readSecretFile: (path: string) => string;
}

export type ConfigResult<Values> =
  | { readonly kind: 'ok'; readonly values: Values; readonly sources: Readonly<Record<string, string>> }
  | { readonly kind: 'invalid'; readonly problems: readonly ConfigProblem[] };

type Found =
  | { readonly kind: 'text'; readonly text: string | undefined; readonly source: string }
  | { readonly kind: 'problem'; readonly problem: ConfigProblem };

/** Reads every option and reports every problem at once; pure but for `readSecretFile`. */
export function readConfig<Table extends OptionTable>(
  table: Table,
  sources: ConfigSources,
): ConfigResult<OptionValues<Table>> {
  const problems: ConfigProblem[] = unknownNames(table, sources.file);
  const values: Record<string, unknown> = {};
  const origins: Record<string, string> = {};
  for (const [name, option] of Object.entries(table)) {
    const found = find(name, option.secret === true, sources);
    if (found.kind === 'problem') {
      problems.push(found.problem);
      continue;
    }
    const parsed = option.schema.safeParse(found.text ?? option.fallback);
    if (parsed.success) values[name] = parsed.data;
    else problems.push({ setting: name, message: reason(parsed.error.issues, found), hint: option.help });
    origins[name] = found.text === undefined ? 'default' : found.source;
  }
  if (problems.length > 0) return { kind: 'invalid', problems };
  return { kind: 'ok', values: Object.freeze(values) as OptionValues<Table>, sources: origins };
}

function reason(issues: readonly { readonly message: string }[], found: Found & { kind: 'text' }): string {
  if (found.text === undefined) return 'is required and was not given';
  return `${found.source}: ${issues.map((issue) => issue.message).join('; ')}`;
}

function find(name: string, isSecret: boolean, { flags, environment, file, readSecretFile }: ConfigSources): Found {
  for (const [source, texts] of [
    ['flag', flags],
    ['environment', environment],
    ['file', file],
  ] as const) {
    const text = nonEmpty(texts[name]);
    const path = isSecret ? nonEmpty(texts[`${name}_FILE`]) : undefined;
    if (text !== undefined && path !== undefined) {
      return problem(name, `${source}: both ${name} and ${name}_FILE are set`, `keep one of them, and unset the other`);
    }
    if (text !== undefined) return { kind: 'text', text, source };
    if (path === undefined) continue;
    try {
      return { kind: 'text', text: readSecretFile(path).trim(), source: `${source}, from ${path}` };
    } catch (error) {
      const message = reasonOf(error);
      return problem(`${name}_FILE`, message, `give the path of a file that this user may read`);
    }
  }
  return { kind: 'text', text: undefined, source: 'default' };
}

function problem(setting: string, message: string, hint: string): Found {
  return { kind: 'problem', problem: { setting, message, hint } };
}

/** An empty variable is how compose files and shells write "not set". */
function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text;
}

function unknownNames(table: OptionTable, file: Readonly<Record<string, string>>): ConfigProblem[] {
  const known = Object.entries(table).flatMap(([name, option]) => (option.secret ? [name, `${name}_FILE`] : [name]));
  return Object.keys(file)
    .filter((name) => !known.includes(name))
    .map((name) => ({ setting: name, message: 'file: no such setting', hint: suggestion(name, known) }));
}

function suggestion(name: string, known: readonly string[]): string {
  const near = known
    .map((candidate) => ({ candidate, steps: distance(name, candidate) }))
    .sort((a, b) => a.steps - b.steps)[0];
  return near && near.steps <= Math.max(3, name.length / 3)
    ? `did you mean ${near.candidate}?`
    : `remove it; see --help for the settings`;
}
