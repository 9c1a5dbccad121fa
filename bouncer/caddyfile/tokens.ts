/**
 * A Caddyfile as words, by the rules of Caddy's own lexer: quotes, backticks, heredocs, comments, a backslash at the
 * end of a line. Placeholders stay as they are written: what they stand for is known to Caddy alone.
 */
export interface Token {
  readonly text: string;
  /** Counted from 1, where it begins. */
  readonly line: number;
  /** Where it ends; another line for texts that hold line breaks. */
  readonly endLine: number;
  /** A `{` or `}` in quotes opens and closes nothing. */
  readonly isQuoted: boolean;
}

export type Tokens =
  | { readonly kind: 'ok'; readonly tokens: readonly Token[] }
  | { readonly kind: 'invalid'; readonly line: number; readonly reason: string };

/** What cannot be read; never with the text itself, which may be a secret. */
class Unreadable extends Error {
  readonly line: number;

  constructor(line: number, reason: string) {
    super(reason);
    this.line = line;
  }
}

export function readTokens(text: string): Tokens {
  try {
    return { kind: 'ok', tokens: new Lexer(text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')).read() };
  } catch (error) {
    if (error instanceof Unreadable) return { kind: 'invalid', line: error.line, reason: error.message };
    throw error;
  }
}

class Lexer {
  readonly #text: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  /** Of the character at `#at`. */
  #line = 1;
  /** Lines that a backslash joined count as one for what follows on them. */
  #joined = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): readonly Token[] {
    while (this.#at < this.#text.length) {
      const next = this.#text[this.#at] ?? '';
      if (next === '\\' && this.#text[this.#at + 1] === '\n') {
        this.#at += 2;
        this.#joined++;
      } else if (/\s/.test(next)) this.#skip();
      else if (next === '#') this.#skipComment();
      else if (next === '"') this.#quoted();
      else if (next === '`') this.#until('`', false);
      else if (/^<<[\w-]+\n/.test(this.#text.slice(this.#at, this.#at + 80))) this.#heredoc();
      else this.#word();
    }
    return this.#tokens;
  }

  #skip(): void {
    if (this.#text[this.#at] === '\n') {
      this.#line += 1 + this.#joined;
      this.#joined = 0;
    }
    this.#at++;
  }

  #skipComment(): void {
    const end = this.#text.indexOf('\n', this.#at);
    this.#at = end < 0 ? this.#text.length : end;
  }

  #word(): void {
    // `{$NAME:some default}` is replaced before Caddy splits words, so its spaces split nothing here.
    const [word = ''] = /^(?:\{\$[^}\n]*\}|\\(?!\n)\S|[^\s\\])+|^\\/.exec(this.#text.slice(this.#at)) ?? [];
    this.#add(word, word.length, false);
  }

  #quoted(): void {
    this.#until('"', true);
  }

  #until(mark: '"' | '`', hasEscapes: boolean): void {
    let text = '';
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const next = this.#text[at] ?? '';
      if (hasEscapes && next === '\\' && this.#text[at + 1] === '"') {
        text += '"';
        at++;
      } else if (next === mark) {
        this.#add(text, at + 1 - this.#at, true);
        return;
      } else text += next;
    }
    throw new Unreadable(this.#line, `the ${mark} that is opened here is never closed`);
  }

  /** `<<END … END`, without the white space that the closing line begins with. */
  #heredoc(): void {
    const [opening = '', marker = ''] = /^<<([\w-]+)\n/.exec(this.#text.slice(this.#at)) ?? [];
    const body = this.#text.slice(this.#at + opening.length);
    const close = new RegExp(`^([ \\t]*)${marker}(?=\\s|$)`, 'm').exec(body);
    if (close === null) throw new Unreadable(this.#line, 'the heredoc that is opened here is never closed');
    const indent = close[1] ?? '';
    const text = body
      .slice(0, close.index)
      .replace(/\n$/, '')
      .split('\n')
      .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line))
      .join('\n');
    this.#add(text, opening.length + close.index + close[0].length, true);
  }

  #add(text: string, length: number, isQuoted: boolean): void {
    const line = this.#line;
    const breaks = this.#text.slice(this.#at, this.#at + length).split('\n').length - 1;
    this.#at += length;
    this.#line += breaks;
    this.#tokens.push({ text, line, endLine: this.#line, isQuoted });
  }
}
