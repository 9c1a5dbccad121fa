import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

const INDENT = '  ';
const LABEL_WIDTH = 15;
const TICK_MS = 200;

/** Calm output: one line a step. On a terminal the open step shows what it is doing; in a file only results stand. */
export class Terminal {
  readonly #out: NodeJS.WriteStream;
  readonly #isLive: boolean;

  constructor(out: NodeJS.WriteStream = process.stdout) {
    this.#out = out;
    this.#isLive = out.isTTY && process.env['TERM'] !== 'dumb';
  }

  title(text: string): void {
    this.#out.write(`\n${INDENT}${this.#paint('bold', text)}\n\n`);
  }

  line(text = ''): void {
    this.#out.write(text === '' ? '\n' : `${INDENT}${text}\n`);
  }

  /** A label and what belongs to it, in two columns. */
  row(label: string, text: string): void {
    this.line(`${INDENT}${this.#paint('dim', label.padEnd(LABEL_WIDTH))} ${text}`);
  }

  note(text: string): void {
    this.line(this.#paint('dim', text));
  }

  warn(text: string): void {
    this.line(`${this.#paint('yellow', '!')} ${indentRest(text)}`);
  }

  fail(text: string): void {
    this.line(`${this.#paint('red', '✗')} ${indentRest(text)}`);
  }

  done(label: string, text: string, ms?: number): void {
    const took = ms === undefined ? '' : this.#paint('dim', `  ${formatMs(ms)}`);
    this.line(`${this.#paint('green', '✓')} ${label.padEnd(LABEL_WIDTH)} ${text}${took}`);
  }

  /** Shows the step while it runs, then its result and how long it took. The action may say what it is doing. */
  async step<T>(label: string, action: (doing: (what: string) => void) => Promise<T>, result: (value: T) => string) {
    const began = performance.now();
    let doing = '';
    const show = () => this.#live(`… ${label.padEnd(LABEL_WIDTH)} ${doing}  ${formatMs(performance.now() - began)}`);
    const timer = this.#isLive ? setInterval(show, TICK_MS) : undefined;
    try {
      const value = await action((what) => {
        doing = what;
        if (this.#isLive) show();
        else this.line(`… ${label.padEnd(LABEL_WIDTH)} ${what}`);
      });
      this.#clear();
      this.done(label, result(value), performance.now() - began);
      return value;
    } catch (error) {
      this.#clear();
      throw error;
    } finally {
      clearInterval(timer);
    }
  }

  #live(text: string): void {
    this.#clear();
    this.#out.write(`${INDENT}${text.slice(0, widthOf(this.#out) - INDENT.length - 1)}`);
  }

  #clear(): void {
    if (this.#isLive) this.#out.write('\r\u001b[2K');
  }

  #paint(style: Style, text: string): string {
    return this.#isLive && process.env['NO_COLOR'] === undefined ? styleText(style, text) : text;
  }
}

/** A terminal that does not know its width (a serial line, `script`) says 0. */
function widthOf({ columns }: { readonly columns: number }): number {
  return columns > 0 ? columns : 80;
}

export function formatMs(ms: number): string {
  // Rounded first, and then put into words: 59.99 s is a minute, and no part of a time is 60 s or 1000 ms.
  if (Math.round(ms) < 1_000) return `${Math.round(ms)} ms`;
  if (Math.round(ms / 100) < 600) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

function indentRest(text: string): string {
  return text.replaceAll('\n', `\n${INDENT}${INDENT}`);
}
