import { type Misread, readStatements, type Statement } from './statements.ts';

/** Reads what `import` names: a file, or several by a pattern. Empty: there is none. */
export type FileReader = (pattern: string, from: string) => readonly { readonly path: string; readonly text: string }[];

export interface Whole {
  readonly statements: readonly Statement[];
  readonly problems: readonly Misread[];
}

/** Snippets may import snippets; in a circle they would forever. */
const DEEPEST = 20;

/** A Caddyfile with everything that it imports in its place: snippets, and files through `read`. */
export function readWhole(file: string, text: string, read: FileReader): Whole {
  const importer = new Importer(read);
  return { statements: importer.readFile(file, text, 0), problems: importer.problems };
}

class Importer {
  readonly problems: Misread[] = [];
  readonly #read: FileReader;
  readonly #snippets = new Map<string, readonly Statement[]>();

  constructor(read: FileReader) {
    this.#read = read;
  }

  readFile(file: string, text: string, depth: number): Statement[] {
    const read = readStatements(file, text);
    if (read.kind === 'ok') return read.statements.flatMap((statement) => this.#expand(statement, depth));
    this.problems.push(read.problem);
    return [];
  }

  #expand(statement: Statement, depth: number): Statement[] {
    const { words, block } = statement;
    const [first = ''] = words;
    const snippet = /^\((.+)\)$/.exec(first)?.[1];
    if (snippet !== undefined && block !== undefined) {
      this.#snippets.set(snippet, block);
      return [];
    }
    if (first === 'import') return this.#imported(statement, depth);
    if (block === undefined) return [statement];
    return [{ ...statement, block: block.flatMap((inner) => this.#expand(inner, depth)) }];
  }

  #imported(statement: Statement, depth: number): Statement[] {
    const { words, block = [], file, line } = statement;
    const [, name = '', ...args] = words;
    if (depth >= DEEPEST) {
      this.problems.push({ file, line, reason: `import ${name} goes ${DEEPEST} levels deep: does it import itself?` });
      return [];
    }
    const snippet = this.#snippets.get(name);
    if (snippet !== undefined) {
      return snippet.flatMap((inner) => filled(inner, args, block)).flatMap((inner) => this.#expand(inner, depth + 1));
    }
    const files = this.#read(withDefaults(name), file);
    // A pattern may match nothing; a name may not.
    if (files.length === 0 && !name.includes('*'))
      this.problems.push({ file, line, reason: `import ${name}: there is no such snippet or file` });
    return files.flatMap(({ path, text }) => this.readFile(path, text, depth + 1));
  }
}

/** `{$NAME:default}`: Caddy's environment is not known here, so what stands there without one is read. */
function withDefaults(name: string): string {
  return name.replaceAll(/\{\$\w+:([^}]*)\}/g, '$1');
}

/** `{args[0]}`, and `{args.0}` of older files; `{block}` stands for the block of the import. */
function filled(statement: Statement, args: readonly string[], block: readonly Statement[]): Statement[] {
  if (statement.words.length === 1 && statement.words[0] === '{block}') return [...block];
  const words = statement.words.flatMap((word) =>
    word === '{args[:]}'
      ? args
      : [
          word.replaceAll(
            /\{args(?:\[(\d+)\]|\.(\d+))\}/g,
            (whole, index?: string, old?: string) => args[Number(index ?? old)] ?? whole,
          ),
        ],
  );
  const inner = statement.block?.flatMap((child) => filled(child, args, block));
  return [{ ...statement, words, ...(inner === undefined ? {} : { block: inner }) }];
}
