import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { type FileReader, readWhole } from '../caddyfile/imports.ts';
import { type Finding, findMove } from '../caddyfile/moving-in.ts';
import { reasonOf } from '../shared/runtime/reason.ts';
import { EXIT_USAGE, print, printError } from './output.ts';

/** Says of a Caddyfile that blocks for CrowdSec today which of its lines becomes which setting of ours. */
export function checkCaddyfile(path: string): number {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    printError(`--caddyfile: ${reasonOf(error)}`);
    printError('    → give the path of a Caddyfile that this user may read');
    return EXIT_USAGE;
  }
  const { findings, problems } = findMove(readWhole(path, text, readImported));
  for (const finding of findings) printFinding(finding);
  for (const { file, line, reason } of problems) printError(`${file}:${line}: ${reason}`);
  printSettings(findings);
  if (findings.length === 0 && problems.length === 0)
    print(`${path} asks nobody about CrowdSec: neither the plugin nor forward_auth. Nothing has to be moved.`);
  return problems.length > 0 || findings.some(({ isProblem }) => isProblem) ? EXIT_USAGE : 0;
}

function printFinding({ file, line, shown, settings = {}, says, isProblem }: Finding): void {
  print(`${file}:${line}: ${shown}`);
  for (const [name, value] of Object.entries(settings)) print(`    ${name}=${value}`);
  print(`    ${isProblem ? '✗ ' : ''}${says}`);
}

function printSettings(findings: readonly Finding[]): void {
  const settings = Object.entries(Object.assign({}, ...findings.map((finding) => finding.settings)) as object);
  if (settings.length === 0) return;
  print('\nFor the environment of the bouncer:');
  for (const [name, value] of settings) print(`${name}=${String(value)}`);
}

/** As Caddy does: from the folder of the file that imports; `*` and `?` within a part of the path. */
const readImported: FileReader = (pattern, from) => {
  const whole = isAbsolute(pattern) ? pattern : join(dirname(from), pattern);
  const [root, parts] = whole.startsWith(sep) ? [sep, whole.slice(1)] : ['.', relative('.', whole)];
  let paths = [root];
  for (const part of parts.split(sep)) paths = paths.flatMap((folder) => matching(folder, part));
  return paths
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
};

function matching(folder: string, part: string): string[] {
  if (!/[*?]/.test(part)) return [join(folder, part)];
  const plain = part.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  const pattern = new RegExp(`^${plain.replaceAll('*', '.*').replaceAll('?', '.')}$`);
  try {
    return readdirSync(folder)
      .filter((name) => pattern.test(name))
      .sort()
      .map((name) => join(folder, name));
  } catch {
    return []; // no such folder: the pattern matches nothing
  }
}
