import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { dieWithParent } from '../../bouncer/shared/runtime/die-with-parent.ts';
import { reasonOf } from '../../bouncer/shared/runtime/reason.ts';
import { LogTail } from './log-tail.ts';

export interface ChildSpec {
  /** As people know it: `Caddy`, `Redis`, `the bouncer`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to PATH, HOME and the locale: a child sees nothing else of this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly logFile?: string;
  /** Asked again and again until it says true; a rejection means "not yet". */
  readonly ready: () => Promise<boolean>;
  readonly readyWithinMs?: number;
  /** How long SIGTERM may take before SIGKILL. */
  readonly stopWithinMs?: number;
}

interface Running {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly exited: Promise<string>;
}

const READY_MS = 20_000;
const STOP_MS = 10_000;
const POLL_MS = 20;
const SHOWN_LINES = 25;

/** What is running now: when this process ends in any way that lets it act, nothing of it stays behind. */
const alive = new Set<number>();
process.once('exit', () => {
  for (const pid of alive) killGroup(pid);
});

/** A real server as a child: started until ready, stopped in order, restarted with the same command. */
export class Child {
  readonly spec: ChildSpec;
  readonly #logs: LogTail;
  readonly #onDeath: ((how: string) => void)[] = [];
  #running: Running | undefined;
  #stopping = false;

  constructor(spec: ChildSpec) {
    this.spec = spec;
    this.#logs = new LogTail(spec.logFile);
  }

  get pid(): number | undefined {
    return this.#running?.pid;
  }

  /** The last lines it wrote, on either stream. */
  logs(lines = 200): string {
    return this.#logs.last(lines);
  }

  /** Tells when it ends although nobody here asked it to. */
  onDeath(listener: (how: string) => void): void {
    this.#onDeath.push(listener);
  }

  async start(): Promise<void> {
    if (this.#running) throw new Error(`${this.spec.name} is running already (pid ${this.#running.pid})`);
    this.#stopping = false;
    const running = this.#spawn();
    await this.#untilReady(running);
  }

  /** SIGTERM, and SIGKILL when that takes too long. Stopping what is not running succeeds. */
  async stop(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    this.#stopping = true;
    running.process.kill('SIGTERM');
    const limit = new AbortController();
    const late = sleep(this.spec.stopWithinMs ?? STOP_MS, 'late', { signal: limit.signal }).catch(() => 'aborted');
    if ((await Promise.race([running.exited, late])) === 'late') killGroup(running.pid);
    limit.abort();
    await running.exited;
  }

  /** Sends a signal; SIGKILL returns when the process is gone. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    const running = this.#running;
    if (!running) throw new Error(`${this.spec.name} is not running, so it cannot be sent ${signal}`);
    this.#stopping ||= signal === 'SIGKILL';
    if (signal !== 'SIGKILL') return void running.process.kill(signal);
    killGroup(running.pid);
    await running.exited;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  #spawn(): Running {
    const [command, ...args] = [...dieWithParent(), this.spec.command, ...this.spec.args];
    // A process group of its own: Ctrl-C on the terminal reaches only us, and we stop the children in order.
    const child = spawn(command ?? this.spec.command, args, {
      cwd: this.spec.cwd,
      env: { ...basicEnvironment(), ...this.spec.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const pid = child.pid;
    const exited = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(`could not be started: ${error.message}`));
      child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code ?? '?'}`));
    });
    this.#logs.follow(child.stdout);
    this.#logs.follow(child.stderr);
    const running = { process: child, pid: pid ?? -1, exited };
    this.#running = running;
    if (pid !== undefined) alive.add(pid);
    void exited.then((how) => this.#ended(running, how));
    return running;
  }

  #ended(running: Running, how: string): void {
    if (running.pid > 0) {
      killGroup(running.pid); // helpers of its own, such as CrowdSec's plugins
      alive.delete(running.pid);
    }
    this.#running = undefined;
    if (!this.#stopping) for (const listener of this.#onDeath) listener(how);
  }

  async #untilReady(running: Running): Promise<void> {
    const limit = this.spec.readyWithinMs ?? READY_MS;
    const until = performance.now() + limit;
    let lastError = '';
    let ended: string | undefined;
    void running.exited.then((how) => (ended = how));
    while (performance.now() < until) {
      const ready = await this.spec.ready().catch((error: unknown) => {
        lastError = reasonOf(error);
        return false;
      });
      if (ended !== undefined) {
        await sleep(POLL_MS); // its last words may still be on their way
        throw this.#failure(`ended while starting (${ended})`);
      }
      if (ready) return;
      await sleep(POLL_MS);
    }
    const failure = this.#failure(`was not ready within ${limit} ms${lastError === '' ? '' : ` (${lastError})`}`);
    await this.stop();
    throw failure;
  }

  #failure(what: string): Error {
    const lines = this.logs(SHOWN_LINES).replace(/^/gm, '  │ ');
    const file = this.spec.logFile === undefined ? '' : `\n  its whole log: ${this.spec.logFile}`;
    return new Error(`${this.spec.name} ${what}. It wrote last:\n${lines}${file}`);
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group is gone already, which is what was wanted.
  }
}

function basicEnvironment(): Record<string, string> {
  const kept = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'USER', 'LOGNAME'];
  return Object.fromEntries(kept.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}
