import { readTokens, type Token } from './tokens.ts';

/** One line of a Caddyfile: a directive, an option, or the address of a site; with what stands in its block. */
export interface Statement {
  readonly words: readonly string[];
  /** None without a block; empty for an empty one. */
  readonly block?: readonly Statement[];
  readonly file: string;
  readonly line: number;
}

export interface Misread {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
}

export type Statements =
  | { readonly kind: 'ok'; readonly statements: readonly Statement[] }
  | { readonly kind: 'invalid'; readonly problem: Misread };

export function readStatements(file: string, text: string): Statements {
  const read = readTokens(text);
  if (read.kind === 'invalid') return { kind: 'invalid', problem: { file, line: read.line, reason: read.reason } };
  const reader = new StatementReader(file, read.tokens);
  const statements = reader.readBlock(0);
  return reader.problem === undefined
    ? { kind: 'ok', statements }
    : { kind: 'invalid', problem: { file, ...reader.problem } };
}

const opens = (token: Token | undefined) => token?.text === '{' && !token.isQuoted;
const closes = (token: Token | undefined) => token?.text === '}' && !token.isQuoted;

class StatementReader {
  problem: { readonly line: number; readonly reason: string } | undefined;
  readonly #file: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(file: string, tokens: readonly Token[]) {
    this.#file = file;
    this.#tokens = tokens;
  }

  readBlock(depth: number): Statement[] {
    const statements: Statement[] = [];
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token === undefined) {
        if (depth > 0) this.problem ??= { line: this.#tokens.at(-1)?.line ?? 1, reason: 'a block is never closed' };
        return statements;
      }
      if (closes(token)) {
        this.#at++;
        if (depth > 0) return statements;
        this.problem ??= { line: token.line, reason: 'a block is closed that was never opened' };
      } else statements.push(this.#statement(token, depth));
    }
  }

  #statement({ line }: Token, depth: number): Statement {
    const words: string[] = [];
    let endLine = line;
    for (;;) {
      const token = this.#tokens[this.#at];
      // Addresses of a site may go on in the next line, after a comma.
      const goesOn = token !== undefined && (token.line === endLine || (depth === 0 && words.at(-1)?.endsWith(',')));
      if (!goesOn || closes(token)) return { words, file: this.#file, line };
      this.#at++;
      if (opens(token)) return { words, block: this.readBlock(depth + 1), file: this.#file, line };
      words.push(token.text);
      endLine = token.endLine;
    }
  }
}
