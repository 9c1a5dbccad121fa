import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dieWithParent } from '../../bouncer/shared/runtime/die-with-parent.ts';

/** The last lines of a program that ended say why. */
const KEPT_LINES = 20;

/** Stopping with an agent and the Central API took it 3.4 s; a busy database takes longer. */
const STOP_WITHIN_MS = 15_000;

/** How long its last words may be on their way. */
const CLOSE_WITHIN_MS = 500;

export interface EngineCommand {
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Remembers the process over a crash of ours. */
  readonly pidFile: string;
}

/** One CrowdSec process, from its start to its end. */
export class EngineProcess {
  /** Resolves with how it ended. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  /** Why it is ended here, if it is. */
  #refused: string | undefined;
  readonly #lines: string[] = [];

  constructor({ words, environment, pidFile }: EngineCommand, onLine: (line: string) => void) {
    const [program = '', ...args] = [...dieWithParent(), ...words];
    this.#child = spawn(program, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      let rest = '';
      stream?.setEncoding('utf8').on('data', (text: string) => {
        const lines = `${rest}${text}`.split('\n');
        rest = (lines.pop() ?? '').slice(-4_096);
        for (const line of lines) this.#heard(line, onLine);
      });
    }
    this.ended = new Promise((resolve) => {
      // Not once: each signal that the system refuses to send is told so, too, and an error that nobody hears ends us.
      this.#child.on('error', (error) =>
        resolve(`it could not be ${this.#child.pid === undefined ? 'started' : 'signalled'}: ${error.message}`),
      );
      this.#child.once('exit', (code, signal) => {
        forget(pidFile);
        const how = () => {
          if (this.#refused !== undefined) return this.#refused;
          return signal === null
            ? `it ended with exit code ${code ?? '?'}${this.#lastWords()}`
            : `it was ended by ${signal}`;
        };
        this.#child.once('close', () => resolve(how()));
        setTimeout(() => resolve(how()), CLOSE_WITHIN_MS).unref(); // a helper of its own may hold the output open
      });
    });
    this.#remember(pidFile);
  }

  hangUp(): void {
    this.#child.kill('SIGHUP');
  }

  /** In order, and with force when that takes too long. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const force = setTimeout(() => this.#child.kill('SIGKILL'), STOP_WITHIN_MS);
    await this.ended;
    clearTimeout(force);
  }

  /** One that nobody would find after a crash of ours may not run: it would keep LAPI's port from the next. */
  #remember(pidFile: string): void {
    if (this.#child.pid === undefined) return;
    try {
      writeFileSync(pidFile, String(this.#child.pid), { mode: 0o600 });
    } catch (error) {
      this.#refused = `its process id could not be written: ${(error as Error).message}: make room in STATE_DIR, or let this user write there`;
      void this.stop();
    }
  }

  /** What it complained of last; else what it said last. */
  #lastWords(): string {
    const last = this.#lines.findLast((line) => /level=fatal|"level":"fatal"|panic:/.test(line)) ?? this.#lines.at(-1);
    if (last === undefined) return '';
    return `: ${/msg="((?:[^"\\]|\\.)*)"/.exec(last)?.[1] ?? last}`;
  }

  #heard(line: string, onLine: (line: string) => void): void {
    this.#lines.push(line.slice(0, 2_000));
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
    onLine(line);
  }
}

/**
 * Where the kernel does not end it with us, one may be left over: ends the process that the file names, if it still is
 * the one that was started so. An id is given away again, and ours is not the only program with CrowdSec in its name.
 */
export function endLeftOver({ pidFile, words }: EngineCommand): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8'));
    forget(pidFile);
    if (!Number.isInteger(pid) || pid <= 1) return undefined;
    const runs = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
    if (runs.length !== words.length || runs.some((word, i) => word !== words[i])) return undefined;
    process.kill(pid, 'SIGTERM');
    return pid;
  } catch {
    return undefined; // no file, or no such process any more
  }
}

function forget(pidFile: string): void {
  try {
    rmSync(pidFile, { force: true });
  } catch {
    // A folder that became read-only: the next start looks whether it still is the process that was started so.
  }
}
