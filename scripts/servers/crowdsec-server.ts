import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CrowdsecBinaries } from './binaries.ts';
import { Child } from './child.ts';
import { accountFile, crowdsecConfig, crowdsecFolders, profiles } from './crowdsec-config.ts';
import type { CrowdsecFolders, Push } from './crowdsec-config.ts';
import { LapiMachine, type BanOptions } from './crowdsec-lapi.ts';
import { preparePlugin } from './crowdsec-plugin.ts';
import { call } from './http.ts';
import { freePort } from './ports.ts';
import { lastLine, run } from './run.ts';
import { keepSecretFile } from './secret-file.ts';
import { whileLocked } from './while-locked.ts';

export interface CrowdsecOptions {
  readonly binaries: CrowdsecBinaries;
  readonly stateDir: string;
  readonly port?: number;
  readonly push?: Push;
  /** Prepares it for the Central API and the Console: it goes there once somebody enrolls it, and not before. */
  readonly canEnroll?: boolean;
  readonly logFile?: string;
}

export interface ImportedDecision extends BanOptions {
  readonly value: string;
}

const MACHINE = 'caddy-crowdsec-sidecar';
const CSCLI_MS = 120_000;

/** A real CrowdSec LAPI with a state of its own: no agent, no Central API, no way to the internet. */
export class CrowdsecServer extends Child {
  readonly url: string;
  readonly folders: CrowdsecFolders;
  readonly machine: LapiMachine;
  /** Why LAPI tells nobody about new alerts, when a push was asked for and cannot be had. */
  readonly pushProblem: string | undefined;
  readonly #binaries: CrowdsecBinaries;
  /** Key files by bouncer, to mint the same keys again after the database is gone. */
  readonly #bouncers = new Map<string, string>();

  private constructor(options: CrowdsecOptions, port: number, pushProblem: string | undefined) {
    const folders = crowdsecFolders(options.stateDir);
    const url = `http://127.0.0.1:${port}`;
    super({
      name: `CrowdSec ${options.binaries.version}`,
      command: options.binaries.path,
      args: ['-c', folders.config, '-no-cs'],
      env: libraryEnvironment(options.binaries),
      cwd: options.stateDir,
      ...(options.logFile === undefined ? {} : { logFile: options.logFile }),
      ready: async () => (await call({ url: `${url}/health` })).status === 200,
    });
    this.url = url;
    this.folders = folders;
    this.machine = new LapiMachine(url, folders.credentials);
    this.pushProblem = pushProblem;
    this.#binaries = options.binaries;
  }

  static async start(options: CrowdsecOptions): Promise<CrowdsecServer> {
    const port = options.port ?? (await freePort());
    const pushProblem = options.push && whyNoPush(options.binaries);
    try {
      return await CrowdsecServer.#startWith(options, port, pushProblem);
    } catch (error) {
      // A plugin that this system refuses must not cost the whole LAPI: the poll finds every decision as well.
      if (!options.push || pushProblem !== undefined) throw error;
      const reason = error instanceof Error ? lastLine(error.message) : String(error);
      return CrowdsecServer.#startWith(options, port, `CrowdSec did not start with its notification plugin: ${reason}`);
    }
  }

  static async #startWith(options: CrowdsecOptions, port: number, pushProblem: string | undefined) {
    const server = new CrowdsecServer(options, port, pushProblem);
    await server.#prepare(options, port);
    await server.start();
    return server;
  }

  ban(value: string, options?: BanOptions): Promise<number> {
    return this.machine.ban(value, options);
  }

  unban(value: string): Promise<number> {
    return this.machine.unban(value);
  }

  deleteAll(): Promise<number> {
    return this.machine.deleteAll();
  }

  /** Many at once, as one alert, the way `cscli decisions import` does it (its origin is `cscli-import`). */
  async import(decisions: readonly ImportedDecision[]): Promise<void> {
    const file = join(this.folders.root, 'import.json');
    const rows = decisions.map(({ value, duration = '4h', type = 'ban', reason = 'imported', scope }) => ({
      value,
      duration,
      type,
      reason,
      scope: scope ?? (value.includes('/') ? 'range' : 'ip'),
    }));
    await writeFile(file, JSON.stringify(rows));
    await this.cscli('decisions', 'import', '-i', file);
    await rm(file);
  }

  /** Mints a bouncer's key into a file that only this user can read; the key in the file is kept when LAPI knows it. */
  async addBouncer(name: string, keyFile = join(this.folders.root, `${name}.key`)): Promise<string> {
    this.#bouncers.set(name, keyFile);
    const isKept = existsSync(keyFile);
    const key = await keepSecretFile(keyFile);
    const isKnown = (await this.#bouncerNames()).includes(name);
    if (isKept && isKnown) return keyFile;
    if (isKnown) await this.cscli('bouncers', 'delete', name);
    await this.cscli('bouncers', 'add', name, '-k', key);
    return keyFile;
  }

  /** The database lost, as with a volume: every decision, machine and bouncer. Accounts are made again unless told not to. */
  async wipeDatabase({ keepAccounts = true } = {}): Promise<void> {
    await this.stop();
    for (const suffix of ['', '-wal', '-shm'])
      await rm(join(this.folders.data, `crowdsec.db${suffix}`), { force: true });
    if (keepAccounts) {
      await this.#addMachine();
      for (const [name, keyFile] of this.#bouncers) await this.addBouncer(name, keyFile);
    }
    await this.start();
  }

  /** What the control API needs to run cscli on this CrowdSec, and to log in as its machine. */
  get controlEnvironment(): Record<string, string> {
    return {
      ...libraryEnvironment(this.#binaries),
      CSCLI: this.#binaries.cscli,
      CROWDSEC_CONFIG_DIR: this.folders.etc,
      CROWDSEC_DATA_DIR: this.folders.data,
      CROWDSEC_MACHINE_CREDENTIALS: this.folders.credentials,
    };
  }

  /** A script that runs cscli on this CrowdSec, for people: nobody wants to type its two long paths. */
  async writeCscliScript(path: string): Promise<void> {
    const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
    const libraries = Object.entries(libraryEnvironment(this.#binaries)).map(
      ([name, value]) => `${name}=${quoted(value)}`,
    );
    const command = [...libraries, quoted(this.#binaries.cscli), '-c', quoted(this.folders.config), '"$@"'].join(' ');
    await writeFile(path, `#!/bin/sh\nexec env ${command}\n`, { mode: 0o755 });
  }

  /** Runs cscli on this CrowdSec; answers with what it wrote to stdout. */
  cscli(...args: string[]): Promise<string> {
    return whileLocked(async () => {
      const result = await this.#tryCscli(...args);
      if (result.code !== 0) throw new Error(`cscli ${args[0] ?? ''} ${args[1] ?? ''}: ${lastLine(result.stderr)}`);
      return result.stdout;
    });
  }

  #tryCscli(...args: string[]) {
    const env = libraryEnvironment(this.#binaries);
    return run(this.#binaries.cscli, ['-c', this.folders.config, ...args], { env, timeoutMs: CSCLI_MS });
  }

  async #bouncerNames(): Promise<string[]> {
    const rows = JSON.parse(await this.cscli('bouncers', 'list', '-o', 'json')) as { name: string }[] | null;
    return (rows ?? []).map((row) => row.name);
  }

  async #prepare(options: CrowdsecOptions, port: number): Promise<void> {
    const { folders } = this;
    const push = this.pushProblem === undefined ? options.push : undefined;
    // The plugin runs as nobody, so the way to it must be open; what is secret has its own mode.
    for (const folder of [folders.root, folders.etc, folders.data, folders.plugins, folders.notifications]) {
      await mkdir(folder, { recursive: true, mode: 0o755 });
    }
    await copyPackageFiles(this.#binaries, folders);
    const asRoot = process.getuid?.() === 0;
    const { canEnroll = false } = options;
    const config = { folders, listen: `127.0.0.1:${port}`, push: push !== undefined, asRoot, canEnroll };
    await writeFile(folders.config, crowdsecConfig(config));
    // Like Debian's package: without the file CrowdSec does not start, with an empty one it is not registered.
    if (canEnroll && !existsSync(accountFile(folders))) await writeFile(accountFile(folders), '', { mode: 0o600 });
    await writeFile(join(folders.etc, 'profiles.yaml'), profiles(push !== undefined));
    await preparePlugin(folders, this.#binaries, push);
    await this.#addMachine();
  }

  /** One account for whoever drives this CrowdSec from here, the control API included. */
  async #addMachine(): Promise<void> {
    const { credentials, data } = this.folders;
    if (existsSync(credentials) && existsSync(join(data, 'crowdsec.db'))) {
      await this.#correctUrl();
      return;
    }
    await this.cscli('machines', 'add', MACHINE, '--auto', '--force', '-f', credentials, '--url', this.url);
    await chmod(credentials, 0o600);
  }

  /** The port may have changed since the account was made. */
  async #correctUrl(): Promise<void> {
    const { credentials } = this.folders;
    const text = await readFile(credentials, 'utf8');
    await writeFile(credentials, text.replace(/^url:.*$/m, `url: ${this.url}`), { mode: 0o600 });
  }
}

function whyNoPush(binaries: CrowdsecBinaries): string | undefined {
  return binaries.httpPlugin === undefined ? 'this CrowdSec has no http notification plugin' : undefined;
}

function libraryEnvironment({ libraryPath }: CrowdsecBinaries): Record<string, string> {
  return libraryPath === undefined ? {} : { LD_LIBRARY_PATH: libraryPath };
}

/** Patterns, simulation and the hub with its index, so that cscli works without the internet. */
async function copyPackageFiles({ etcDir, hubDir }: CrowdsecBinaries, folders: CrowdsecFolders): Promise<void> {
  const patterns = join(folders.etc, 'patterns');
  if (etcDir !== undefined && !existsSync(patterns)) {
    await cp(join(etcDir, 'patterns'), patterns, { recursive: true }).catch(() => undefined);
  }
  const simulation = join(folders.etc, 'simulation.yaml');
  if (!existsSync(simulation)) await writeFile(simulation, 'simulation: false\n');
  if (existsSync(folders.hub)) return;
  if (hubDir === undefined) await mkdir(folders.hub, { recursive: true });
  else await cp(hubDir, folders.hub, { recursive: true });
}
