import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Binary } from './binaries.ts';
import { Child } from './child.ts';
import { call, type HttpAnswer } from './http.ts';
import { freePort } from './ports.ts';
import { lastLine, run } from './run.ts';

/** The user's configuration; where the admin API listens is added to it. */
export type CaddyConfig =
  | { readonly kind: 'caddyfile'; readonly globals?: string; readonly sites: string }
  | { readonly kind: 'json'; readonly value: Readonly<Record<string, unknown>> };

export interface CaddyOptions {
  readonly binary: Binary;
  readonly stateDir: string;
  readonly config: CaddyConfig;
  /** A unix socket in the state folder by default; a number is a TCP port, 0 a free one. */
  readonly adminPort?: number;
  readonly logFile?: string;
}

/** Room for Caddy's own suffixes below the 108 bytes of a unix socket's path. */
const MAX_SOCKET_PATH = 100;

export class CaddyServer extends Child {
  readonly binary: Binary;
  /** As CADDY_ADMIN takes it: `http://127.0.0.1:2019` or `unix//run/caddy/admin.sock`. */
  readonly admin: string;
  readonly stateDir: string;
  readonly #env: Record<string, string>;

  private constructor(options: CaddyOptions, admin: string) {
    const env = caddyEnvironment(options.stateDir);
    super({
      name: `Caddy ${options.binary.version}`,
      command: options.binary.path,
      args: ['run', '--config', configPath(options.stateDir), ...adapterArguments(options.config)],
      env,
      cwd: options.stateDir,
      ...(options.logFile === undefined ? {} : { logFile: options.logFile }),
      ready: async () => (await callAdmin(admin, 'GET', '/config/')).status === 200,
    });
    this.binary = options.binary;
    this.admin = admin;
    this.stateDir = options.stateDir;
    this.#env = env;
  }

  static async start(options: CaddyOptions): Promise<CaddyServer> {
    await mkdir(options.stateDir, { recursive: true, mode: 0o755 });
    const admin = await chooseAdmin(options);
    await writeConfig(options.stateDir, options.config, admin);
    const server = new CaddyServer(options, admin);
    await server.start();
    return server;
  }

  override async start(): Promise<void> {
    const socket = socketOf(this.admin);
    if (socket !== undefined) await rm(socket, { force: true });
    await super.start();
  }

  /** One call to the admin API. */
  adminCall(method: string, path: string, body?: unknown): Promise<HttpAnswer> {
    return callAdmin(this.admin, method, path, body);
  }

  /** The running configuration, or the part at `path`. */
  async config(path = ''): Promise<unknown> {
    const answer = await this.adminCall('GET', `/config/${path}`);
    if (answer.status !== 200) throw new Error(`GET /config/${path}: ${answer.status} ${answer.body}`);
    return JSON.parse(answer.body) as unknown;
  }

  /** What a user does: writes the file and runs `caddy reload`. The same file again needs `--force` to count. */
  async reload(config?: CaddyConfig): Promise<void> {
    if (config) await writeConfig(this.stateDir, config, this.admin);
    const kind = config ?? { kind: this.spec.args.includes('--adapter') ? 'caddyfile' : 'json' };
    const address = socketOf(this.admin) === undefined ? this.admin.replace('http://', '') : this.admin;
    await this.#caddy('reload', ...configArguments(this.stateDir, kind), '--address', address, '--force');
  }

  /** The JSON of a Caddyfile, from `caddy adapt`. */
  async adapt(caddyfile: string): Promise<unknown> {
    const path = join(this.stateDir, 'adapt.caddyfile');
    await writeFile(path, caddyfile);
    return JSON.parse(await this.#caddy('adapt', '--config', path, '--adapter', 'caddyfile')) as unknown;
  }

  async #caddy(...args: string[]): Promise<string> {
    const result = await run(this.binary.path, args, { env: this.#env });
    if (result.code !== 0) throw new Error(`caddy ${args.join(' ')}: ${lastLine(result.stderr)}`);
    return result.stdout;
  }
}

async function chooseAdmin({ adminPort, stateDir }: CaddyOptions): Promise<string> {
  const socket = join(stateDir, 'admin.sock');
  if (adminPort === undefined && socket.length <= MAX_SOCKET_PATH) return `unix/${socket}`;
  return `http://127.0.0.1:${adminPort === undefined || adminPort === 0 ? await freePort() : adminPort}`;
}

export function socketOf(admin: string): string | undefined {
  return admin.startsWith('unix/') ? admin.slice('unix/'.length) : undefined;
}

async function callAdmin(admin: string, method: string, path: string, body?: unknown): Promise<HttpAnswer> {
  const socketPath = socketOf(admin);
  return call({
    url: socketPath === undefined ? `${admin}${path}` : `http://caddy${path}`,
    method,
    // Caddy checks Host; on a unix socket only an empty one passes on every version.
    headers: {
      ...(socketPath === undefined ? {} : { host: '' }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(socketPath === undefined ? {} : { socketPath }),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** Certificates and the autosaved configuration stay inside the state folder. */
function caddyEnvironment(stateDir: string): Record<string, string> {
  return { XDG_DATA_HOME: join(stateDir, 'data'), XDG_CONFIG_HOME: join(stateDir, 'config'), HOME: stateDir };
}

function configPath(stateDir: string): string {
  return join(stateDir, 'caddy.conf');
}

function adapterArguments(config: Pick<CaddyConfig, 'kind'>): string[] {
  return config.kind === 'caddyfile' ? ['--adapter', 'caddyfile'] : [];
}

function configArguments(stateDir: string, config: Pick<CaddyConfig, 'kind'>): string[] {
  return ['--config', configPath(stateDir), ...adapterArguments(config)];
}

async function writeConfig(stateDir: string, config: CaddyConfig, admin: string): Promise<void> {
  await writeFile(configPath(stateDir), renderConfig(config, admin));
}

export function renderConfig(config: CaddyConfig, admin: string): string {
  const listen = admin.replace('http://', '');
  if (config.kind === 'json') return JSON.stringify({ ...config.value, admin: { listen } });
  const globals = (config.globals ?? '').trim().replace(/^/gm, '\t');
  return `{\n\tadmin ${listen}\n${globals === '\t' ? '' : `${globals}\n`}}\n\n${config.sites}\n`;
}
