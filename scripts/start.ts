/** `npm start`: the whole stack on loopback, from nothing, until Ctrl-C. */
import { rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { reasonOf } from '../bouncer/shared/runtime/reason.ts';
import { startDemoStack, type DemoStack, type Watcher } from './start/demo-stack.ts';
import { prove, TEST_ADDRESS } from './start/proof.ts';
import { claimState } from './start/run-lock.ts';
import { PORT_SETTINGS } from './start/settings.ts';
import type { Child } from './servers/child.ts';
import { projectRoot } from './servers/project-root.ts';
import { API_PREFIX } from './servers/sidecar.ts';
import { formatMs, Terminal } from './terminal.ts';

/** A terminal sends Ctrl-C to npm and to us, and npm passes its own on: several within this time are one. */
const SAME_SIGNAL_MS = 1_500;
const LAST_LINES = 15;
const PARENT_CHECK_MS = 1_000;

export async function main(): Promise<void> {
  const terminal = new Terminal();
  const session = new Session(terminal);
  session.listenForSignals();
  terminal.title('CrowdSec for the Caddy you already run');
  try {
    const stateDir = process.env['START_STATE_DIR'] ?? join(projectRoot, '.state');
    const lock = await claimState(stateDir);
    session.started({ stop: () => rm(lock, { force: true }) });
    const stack = await startDemoStack(stateDir, terminal, session);
    await showProof(terminal, stack);
    showAddresses(terminal, stack, stateDir);
  } catch (error) {
    await session.failed(error);
  }
}

async function showProof(terminal: Terminal, stack: DemoStack): Promise<void> {
  const { bannedMs, liftedMs } = await prove(stack);
  terminal.line();
  terminal.done('ban', `${TEST_ADDRESS} banned in CrowdSec → 403 from Caddy after ${formatMs(bannedMs)}`);
  terminal.done('unban', `${TEST_ADDRESS} lifted in CrowdSec → 200 from Caddy after ${formatMs(liftedMs)}`);
}

function showAddresses(terminal: Terminal, stack: DemoStack, stateDir: string): void {
  const shown = (path: string) => (path.startsWith(projectRoot) ? relative(process.cwd(), path) || '.' : path);
  terminal.title('Running, on this machine only');
  terminal.row('page', stack.controlApi.url);
  terminal.row('demo site', stack.siteUrl);
  terminal.row('control API', `${stack.controlApi.url}${API_PREFIX}/status`);
  terminal.row('bouncer', `${stack.bouncer.url}/readyz`);
  terminal.row('CrowdSec', stack.crowdsec.url);
  terminal.row('Caddy admin', stack.caddy.admin);
  terminal.row('Redis', stack.redis.url);
  terminal.row('token', shown(stack.controlApiTokenFile));
  terminal.row('state, logs', `${shown(stateDir)}, ${shown(join(stateDir, 'logs'))}`);
  terminal.title('Try it');
  terminal.line(`  curl --interface 127.8.8.8 ${stack.siteUrl}`);
  terminal.line(`  ${shown(stack.cscliScript)} decisions add --ip 127.8.8.8 --duration 1m`);
  terminal.line(`  ${shown(join(projectRoot, 'scripts', 'diagnose-crowdsec.sh'))}`);
  terminal.line();
  terminal.note(`Ports can be pinned: ${Object.values(PORT_SETTINGS).join(', ')}`);
  terminal.line('Ctrl-C stops everything.');
}

/** What was started in this run: watched while it runs, stopped in reverse order, and nothing else. */
class Session implements Watcher {
  readonly #terminal: Terminal;
  readonly #parts: { stop(): Promise<void> }[] = [];
  #stopping: Promise<void> | undefined;
  #signalledAt = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  started(part: { stop(): Promise<void> }): void {
    if (this.#stopping) void part.stop();
    else this.#parts.push(part);
  }

  watch(child: Child): void {
    child.onDeath((how) => {
      if (this.#stopping) return;
      this.#terminal.line();
      this.#terminal.fail(
        `${child.spec.name} ended by itself (${how}). It wrote last:\n${child.logs(LAST_LINES)}\n` +
          `Its log: ${child.spec.logFile ?? 'none'}\n` +
          'The rest goes on. Ctrl-C and `npm start` bring it back; the state is kept.',
      );
    });
  }

  listenForSignals(): void {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => this.#onSignal());
    // An npm that is killed cannot pass its signal on; its end is one as well.
    if (process.env['npm_lifecycle_event'] === undefined) return;
    const npm = process.ppid;
    setInterval(() => process.ppid !== npm && !this.#stopping && this.#onSignal(), PARENT_CHECK_MS).unref();
  }

  /** Says what went wrong, stops what was started, and ends with the exit code of a failure. */
  async failed(error: unknown): Promise<void> {
    if (this.#stopping) return this.#stopping;
    this.#terminal.line();
    this.#terminal.fail(reasonOf(error));
    await this.#stopAll();
    process.exit(1);
  }

  #onSignal(): void {
    if (this.#stopping) {
      if (performance.now() - this.#signalledAt < SAME_SIGNAL_MS) return;
      this.#terminal.warn('stopping at once');
      process.exit(130); // what still runs is ended on exit
    }
    this.#signalledAt = performance.now();
    this.#terminal.line('\n');
    this.#stopping = this.#stopAll().then(() => {
      this.#terminal.done('stopped', 'everything that this run started; the state is kept');
      process.exit(0);
    });
  }

  async #stopAll(): Promise<void> {
    for (const part of this.#parts.splice(0).reverse()) {
      await part.stop().catch((error: unknown) => this.#terminal.warn(String(error)));
    }
  }
}
