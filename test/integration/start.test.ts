import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { LapiMachine } from '../../scripts/servers/crowdsec-lapi.ts';
import { call } from '../../scripts/servers/http.ts';
import { projectRoot } from '../../scripts/servers/project-root.ts';
import { run as runProgram } from '../../scripts/servers/run.ts';
import { requireBuild } from '../support/built.ts';
import { descendantsOf, isRunning } from '../support/processes.ts';
import { Workbench } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';

/** `npm start` as a person runs it: in a process group of its own, as a shell makes one for each command. */
class NpmStart {
  readonly #process: ChildProcess;
  readonly ended: Promise<number | null>;
  output = '';

  constructor(env: Record<string, string>) {
    const options = { cwd: projectRoot, detached: true, env: { ...process.env, ...env } };
    this.#process = spawn('npm', ['start'], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString('utf8')));
    }
    // Not 'exit': its last words may come after that.
    this.ended = once(this.#process, 'close').then(([code]) => code as number | null);
  }

  get pid(): number {
    return this.#process.pid ?? -1;
  }

  async says(pattern: RegExp, withinMs = 90_000): Promise<string> {
    const found = () => {
      const match = pattern.exec(this.output);
      if (!match) throw new Error(this.output);
      return match[1] ?? match[0];
    };
    const ended = this.ended.then((code) => {
      if (!pattern.test(this.output)) throw new Error(`npm start ended (${code ?? 'by a signal'}):\n${this.output}`);
      return found();
    });
    return Promise.race([waitFor(found, { what: `npm start to say ${String(pattern)}`, withinMs }), ended]);
  }

  /** Ctrl-C goes to every process of the terminal's foreground group. */
  signal(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal);
  }
}

let bench: Workbench;
const runs: NpmStart[] = [];
beforeAll(async () => {
  requireBuild();
  bench = await Workbench.open();
});
afterEach(async () => {
  for (const run of runs.splice(0)) {
    if (isRunning(run.pid)) run.signal('SIGTERM');
    await run.ended;
  }
});
afterAll(() => bench.stop());

function npmStart(env: Record<string, string>): NpmStart {
  const run = new NpmStart(env);
  runs.push(run);
  return run;
}

const PARTS = [/redis-server/, /bin\/crowdsec /, /caddy run/, /bouncer\/main\.js run/, /control-api\/main\.js serve/];

/** Each start is seven processes: on a busy machine of two cores that takes its time. */
describe('npm start', { timeout: 180_000 }, () => {
  it('proves itself, stops everything it started on Ctrl-C, and keeps the state for the next start', async () => {
    const stateDir = bench.path('state');
    const first = npmStart({ START_STATE_DIR: stateDir });
    await first.says(/127\.9\.9\.9 banned in CrowdSec → 403 from Caddy after [\d.]+ m?s/);
    await first.says(/127\.9\.9\.9 lifted in CrowdSec → 200 from Caddy after [\d.]+ m?s/);
    const site = await first.says(/demo site +(http:\S+)/);
    await first.says(/Ctrl-C stops everything/);

    const started = await descendantsOf(first.pid);
    for (const part of PARTS) expect(started.filter(({ command }) => part.test(command))).toHaveLength(1);

    const diagnosed = await runProgram(join(projectRoot, 'scripts', 'diagnose-crowdsec.sh'), [], {
      env: { START_STATE_DIR: stateDir },
      timeoutMs: 120_000,
    });
    for (const title of ['Caddy', 'Redis', 'LAPI', 'Bouncer', 'config.yaml', 'Machine account', 'Rules in Caddy']) {
      expect(diagnosed.stdout).toMatch(new RegExp(`^✓ ${title} `, 'm'));
    }

    const lapi = await first.says(/CrowdSec +(http:\S+)/);
    const credentials = join(stateDir, 'crowdsec', 'etc', 'local_api_credentials.yaml');
    await new LapiMachine(lapi, credentials).ban('127.8.8.8', { duration: '1h' });

    first.signal('SIGINT');
    expect(await first.ended).toBe(0);
    expect(first.output).toContain('stopped');
    expect(started.filter(({ pid }) => isRunning(pid))).toEqual([]);

    const second = npmStart({ START_STATE_DIR: stateDir });
    await second.says(/Ctrl-C stops everything/);
    expect(await second.says(/demo site +(http:\S+)/)).toBe(site);
    expect((await call({ url: site, localAddress: '127.8.8.8' })).status).toBe(403);
    expect((await call({ url: site })).status).toBe(200);
    second.signal('SIGTERM');
    expect(await second.ended).toBe(0);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)('leaves nothing behind when npm alone gets %s', async (signal) => {
    const run = npmStart({ START_STATE_DIR: bench.path('state') });
    await run.says(/Ctrl-C stops everything/);
    const started = await descendantsOf(run.pid);
    process.kill(run.pid, signal);
    const left = () => started.filter(({ pid }) => isRunning(pid)).map(({ command }) => command);
    // One after the other, and each may take its time on a slow machine.
    await waitFor(() => left().length === 0, { what: `the end of ${left().join(', ')}`, withinMs: 60_000 });
  });

  it('keeps every secret from other users, and out of what it prints', async () => {
    const stateDir = bench.path('state');
    const run = npmStart({ START_STATE_DIR: stateDir });
    await run.says(/Ctrl-C stops everything/);
    const secrets = ['secrets/bouncer-key', 'secrets/bouncer-token', 'control-api/control-api-token'];
    for (const path of secrets.map((name) => join(stateDir, name))) {
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      const secret = (await readFile(path, 'utf8')).trim();
      expect(run.output).not.toContain(secret);
      const commands = (await descendantsOf(run.pid)).map(({ command }) => command);
      expect(commands.join('\n')).not.toContain(secret);
    }
  });

  it('says what to do when one of its servers dies, and goes on', async () => {
    const run = npmStart({ START_STATE_DIR: bench.path('state') });
    await run.says(/Ctrl-C stops everything/);
    const site = await run.says(/demo site +(http:\S+)/);
    const redis = (await descendantsOf(run.pid)).find(({ command }) => command.includes('redis-server'));
    process.kill(redis?.pid ?? NaN, 'SIGKILL');
    await run.says(/Redis ended by itself \(SIGKILL\)[^]*redis\.log[^]*npm start/);
    expect((await call({ url: site })).status).toBe(200);
  });

  it('refuses a taken port by the name of its setting, and leaves nothing running', async () => {
    const occupant = createServer().listen(0, '127.0.0.1');
    await once(occupant, 'listening');
    const { port } = occupant.address() as AddressInfo;
    const run = npmStart({ START_STATE_DIR: bench.path('state'), START_SITE_PORT: String(port) });
    expect(await run.ended).not.toBe(0);
    expect(run.output).toContain(`START_SITE_PORT=${port}: the port is taken`);
    occupant.close();
  });

  it('refuses a second run on the same state', async () => {
    const stateDir = bench.path('state');
    const first = npmStart({ START_STATE_DIR: stateDir });
    await first.says(/Ctrl-C stops everything/);
    const second = npmStart({ START_STATE_DIR: stateDir });
    expect(await second.ended).not.toBe(0);
    expect(second.output).toMatch(/running already with this state \(pid \d+/);
    expect(isRunning(first.pid)).toBe(true);
  });
});
