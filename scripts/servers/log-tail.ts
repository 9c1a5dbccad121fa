import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';

const KEPT_LINES = 500;

/** The last lines that a child wrote, and all of them in a file when one is given. */
export class LogTail {
  readonly #lines: string[] = [];
  readonly #file: WriteStream | undefined;
  #rest = '';

  constructor(file: string | undefined) {
    if (file === undefined) return;
    mkdirSync(dirname(file), { recursive: true });
    this.#file = createWriteStream(file, { flags: 'a', mode: 0o600 });
    // A full disk must not end the stack: the lines are still in memory.
    this.#file.on('error', () => undefined);
  }

  follow(stream: Readable): void {
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => this.#take(chunk));
  }

  last(lines: number): string {
    const open = this.#rest === '' ? [] : [this.#rest];
    return [...this.#lines, ...open].slice(-lines).join('\n');
  }

  close(): void {
    this.#file?.end();
  }

  #take(chunk: string): void {
    this.#file?.write(chunk);
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    this.#lines.push(...lines);
    if (this.#lines.length > KEPT_LINES) this.#lines.splice(0, this.#lines.length - KEPT_LINES);
  }
}
