import { spawn } from 'node:child_process';
import type { z } from 'zod';
import { cscliMessages, type CscliMessage, failureText } from './cscli-messages.ts';
import { parseJson } from '../parse-json.ts';

/** cscli did not do what was asked. Each kind has another remedy. */
export type CscliFailure =
  | { readonly kind: 'missing'; readonly message: string; readonly hint: string }
  | { readonly kind: 'not_executable'; readonly message: string; readonly hint: string }
  | { readonly kind: 'timeout'; readonly message: string; readonly hint: string }
  /** This process was asked to end, and did not wait for it. */
  | { readonly kind: 'stopped'; readonly message: string; readonly hint: string }
  /** It succeeded, and what it printed cannot be understood. */
  | { readonly kind: 'rubbish'; readonly message: string; readonly hint: string }
  /** It said no. `message` is its own sentence. */
  | {
      readonly kind: 'refused';
      readonly message: string;
      readonly hint: string;
      readonly exitCode: number;
      readonly messages: readonly CscliMessage[];
    };

export interface CscliOutput {
  readonly kind: 'ok';
  readonly stdout: string;
  readonly messages: readonly CscliMessage[];
}

export interface CscliOptions {
  readonly timeoutMs?: number;
  /** Each line as it is printed, on either stream. */
  readonly onLine?: (line: string) => void;
}

export interface CscliCommand {
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Reading its own files takes it 20–60 ms; a loaded small machine needs more. */
const QUICK_MS = 15_000;

/** More than the largest list (the whole Hub with everything installed) many times over. */
const MOST_OUTPUT = 16 * 1024 * 1024;

/** How long a process that was asked to end may take. */
const KILL_AFTER_MS = 2_000;

/** Runs cscli: without a shell, with a time limit, with an environment of its own. */
export class Cscli {
  readonly #command: CscliCommand;
  readonly #stopping = new AbortController();

  constructor(command: CscliCommand) {
    this.#command = command;
  }

  /** Aborted by `stop`. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Ends what runs and starts nothing more: a call may last for minutes, and an answer must not wait for it. */
  stop(): void {
    this.#stopping.abort();
  }

  async run(args: readonly string[], options: CscliOptions = {}): Promise<CscliOutput | CscliFailure> {
    const timeoutMs = options.timeoutMs ?? QUICK_MS;
    const ended = await this.#spawn(args, timeoutMs, options.onLine);
    if (ended.kind !== 'exit') return this.#notRun(ended, args, timeoutMs);
    const messages = cscliMessages(ended.stderr);
    if (ended.code === 0) return { kind: 'ok', stdout: ended.stdout, messages };
    const said = failureText(messages.length > 0 ? messages : cscliMessages(ended.stdout));
    return { kind: 'refused', exitCode: ended.code, message: said, hint: hintFor(said), messages };
  }

  /** Runs it for its JSON. An empty list is `null` on 1.4.6: the schema decides. */
  async json<Schema extends z.ZodType>(
    args: readonly string[],
    schema: Schema,
    options: CscliOptions = {},
  ): Promise<{ readonly kind: 'ok'; readonly value: z.output<Schema> } | CscliFailure> {
    const result = await this.run([...args, '-o', 'json'], options);
    if (result.kind !== 'ok') return result;
    const parsed = schema.safeParse(parseJson(result.stdout));
    if (parsed.success) return { kind: 'ok', value: parsed.data };
    const what = parsed.error.issues[0];
    return {
      kind: 'rubbish',
      message: `"cscli ${verb(args)}" printed something else than expected (${what?.path.join('.') ?? ''}: ${what?.message ?? 'no JSON'})`,
      hint: 'Check that CSCLI runs cscli and nothing else; if it does, report its version (cscli version).',
    };
  }

  #notRun(ended: Exclude<Ended, { kind: 'exit' }>, args: readonly string[], timeoutMs: number): CscliFailure {
    const program = this.#command.words[0] ?? '';
    switch (ended.kind) {
      case 'late':
        return {
          kind: 'timeout',
          message: `"cscli ${verb(args)}" was stopped after ${timeoutMs / 1_000} s`,
          hint: 'Something it waits for does not answer: check the network, the proxy and the load of this machine.',
        };
      case 'stopped':
        return {
          kind: 'stopped',
          message: `"cscli ${verb(args)}" was ended, because the control API stops`,
          hint: 'Ask again once the control API is back: what was done already is not done twice.',
        };
      case 'too_much':
        return {
          kind: 'rubbish',
          message: `"cscli ${verb(args)}" printed more than ${MOST_OUTPUT / 1024 / 1024} MB`,
          hint: 'Check that CSCLI runs cscli and nothing else.',
        };
      case 'error': {
        const isMissing = ended.error.code === 'ENOENT';
        return {
          kind: isMissing ? 'missing' : 'not_executable',
          message: isMissing
            ? `${program} was not found`
            : `${program} cannot be run (${ended.error.code ?? ended.error.message})`,
          hint: isMissing
            ? 'Install CrowdSec, or set CSCLI to the command line that runs cscli, such as "docker exec crowdsec cscli".'
            : `Let this user run it (chmod +x ${program}), or correct CSCLI.`,
        };
      }
    }
  }

  #spawn(args: readonly string[], timeoutMs: number, onLine: ((line: string) => void) | undefined): Promise<Ended> {
    const [program = '', ...first] = this.#command.words;
    const { stopping } = this;
    if (stopping.aborted) return Promise.resolve({ kind: 'stopped' });
    return new Promise((resolve) => {
      const child = spawn(program, [...first, ...args], {
        env: this.#command.environment,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const stdout = new Collected(onLine);
      const stderr = new Collected(onLine);
      let why: EndedByUs | undefined;
      const end = (reason: EndedByUs) => {
        why ??= reason;
        child.kill('SIGTERM');
        setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS).unref();
        child.stdout.destroy(); // a grandchild may hold the pipe open for ever
        child.stderr.destroy();
      };
      const limit = setTimeout(() => end('late'), timeoutMs);
      const onStop = () => end('stopped');
      stopping.addEventListener('abort', onStop, { once: true });
      const over = () => {
        clearTimeout(limit);
        stopping.removeEventListener('abort', onStop);
      };
      child.stdout.on('data', (chunk: Buffer) => stdout.add(chunk) || end('too_much'));
      child.stderr.on('data', (chunk: Buffer) => stderr.add(chunk) || end('too_much'));
      child.once('error', (error: NodeJS.ErrnoException) => {
        over();
        resolve({ kind: 'error', error });
      });
      child.once('close', (code) => {
        over();
        resolve(
          why === undefined
            ? { kind: 'exit', code: code ?? -1, stdout: stdout.text(), stderr: stderr.text() }
            : { kind: why },
        );
      });
    });
  }
}

type EndedByUs = 'late' | 'too_much' | 'stopped';

type Ended =
  | { readonly kind: 'exit'; readonly code: number; readonly stdout: string; readonly stderr: string }
  | { readonly kind: 'error'; readonly error: NodeJS.ErrnoException }
  | { readonly kind: EndedByUs };

/** One stream's bytes, up to the limit, told line by line. */
class Collected {
  readonly #chunks: Buffer[] = [];
  readonly #onLine: ((line: string) => void) | undefined;
  #size = 0;
  #rest = '';

  constructor(onLine: ((line: string) => void) | undefined) {
    this.#onLine = onLine;
  }

  /** @returns false once it is too much. */
  add(chunk: Buffer): boolean {
    this.#size += chunk.length;
    if (this.#size > MOST_OUTPUT) return false;
    this.#chunks.push(chunk);
    if (this.#onLine !== undefined) {
      const lines = `${this.#rest}${chunk.toString('utf8')}`.split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.#onLine(line);
    }
    return true;
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}

/** The command's name without what was given to it: an argument may be a secret. */
function verb(args: readonly string[]): string {
  return args.slice(0, 2).join(' ');
}

/** The next step for what cscli says most often when it refuses. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /connect: connection refused|i\/o timeout/i,
    'CrowdSec’s LAPI does not answer: wait a minute after its start, then check that it runs.',
  ],
  [/incorrect Username or Password/i, 'The machine’s password is not LAPI’s: run "cscli machines add --auto --force".'],
  [/no such host|lookup .* on /i, 'The name cannot be resolved: check DNS, or set HTTPS_PROXY.'],
  [/permission denied/i, 'Run the control API as a user that may read CrowdSec’s configuration and database.'],
  [/no such file/i, 'Check CROWDSEC_CONFIG_DIR and the "-c" of CSCLI.'],
  [/unable to (find|retrieve)|can't find/i, 'Check the name; "hub update" brings newer items.'],
];

function hintFor(message: string): string {
  return HINTS.find(([pattern]) => pattern.test(message))?.[1] ?? 'Run the same command by hand to see all it says.';
}
