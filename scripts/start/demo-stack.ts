import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { bouncerOptions } from '../../bouncer/config.ts';
import { OPTIONS as controlApiOptions } from '../../control-api/options.ts';
import { findCaddy, findCrowdsec, findRedis, type Binary, type CrowdsecBinaries } from '../servers/binaries.ts';
import { CaddyServer, type CaddyConfig } from '../servers/caddy-server.ts';
import type { Child } from '../servers/child.ts';
import { CrowdsecServer } from '../servers/crowdsec-server.ts';
import { startDemoSite } from '../servers/demo-site.ts';
import { freePort } from '../servers/ports.ts';
import { RedisServer } from '../servers/redis-server.ts';
import { keepSecretFile } from '../servers/secret-file.ts';
import { BouncerProcess, ControlApiProcess } from '../servers/sidecar.ts';
import type { Terminal } from '../terminal.ts';
import { choosePorts, daemonEnvironment, type Ports } from './settings.ts';

export interface DemoStack {
  readonly siteUrl: string;
  readonly crowdsec: CrowdsecServer;
  readonly caddy: CaddyServer;
  readonly redis: RedisServer;
  readonly bouncer: BouncerProcess;
  readonly controlApi: ControlApiProcess;
  readonly controlApiTokenFile: string;
  readonly bouncerLog: string;
  /** Runs cscli on this CrowdSec. */
  readonly cscliScript: string;
}

/** Told about everything that was started, as soon as it was, so that it can be stopped whatever happens next. */
export interface Watcher {
  started(part: { stop(): Promise<void> }): void;
  watch(child: Child): void;
}

interface Programs {
  readonly caddy: Binary;
  readonly crowdsec: CrowdsecBinaries;
  readonly redis: Binary;
}

/** A proof lifts its ban right after it was enforced: that may not wait for an interval made for production. */
const DEMO_DEFAULTS = { PUSH_INTERVAL: '100ms' };

export async function startDemoStack(stateDir: string, terminal: Terminal, watcher: Watcher): Promise<DemoStack> {
  const programs = await terminal.step('programs', findPrograms, ({ caddy, crowdsec, redis }) =>
    [`Caddy ${caddy.version}`, `CrowdSec ${crowdsec.version}`, `Redis ${redis.version}`].join(', '),
  );
  const ports = await rememberPorts(stateDir);
  const context = { stateDir, terminal, watcher, programs, ports, bouncerToken: await secret(stateDir, 'bouncer') };
  const redis = await startRedis(context);
  const crowdsec = await startCrowdsec(context);
  const caddy = await startCaddy(context);
  const addresses = { CROWDSEC_LAPI_URL: crowdsec.url, CADDY_ADMIN: caddy.admin, REDIS_URL: redis.url };
  const bouncer = await startBouncer(context, crowdsec, addresses);
  const controlApi = await startControlApi(context, crowdsec, { ...addresses, BOUNCER_URL: bouncer.url });
  const controlApiTokenFile = join(stateDir, 'control-api', 'control-api-token');
  const cscliScript = join(stateDir, 'cscli');
  await crowdsec.writeCscliScript(cscliScript);
  const siteUrl = `http://127.0.0.1:${ports.site}`;
  const bouncerLog = logFile(context, 'bouncer');
  return { siteUrl, crowdsec, caddy, redis, bouncer, bouncerLog, controlApi, controlApiTokenFile, cscliScript };
}

interface Context {
  readonly stateDir: string;
  readonly terminal: Terminal;
  readonly watcher: Watcher;
  readonly programs: Programs;
  readonly ports: Ports;
  readonly bouncerToken: string;
}

async function findPrograms(doing: (what: string) => void): Promise<Programs> {
  // One after the other: each may read apt's lists, and their progress would mix.
  const redis = await findRedis(doing);
  const crowdsec = await findCrowdsec(doing);
  return { redis, crowdsec, caddy: await findCaddy('any', doing) };
}

function secret(stateDir: string, name: string): Promise<string> {
  return keepSecretFile(join(stateDir, 'secrets', `${name}-token`));
}

/** The addresses of the last start, where they are still free: bookmarks and scripts keep working. */
async function rememberPorts(stateDir: string): Promise<Ports> {
  const file = join(stateDir, 'ports.json');
  const last = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as Partial<Ports>,
    () => ({}),
  );
  const ports = await choosePorts(process.env, last);
  await writeFile(file, `${JSON.stringify(ports, null, 2)}\n`);
  return ports;
}

function logFile(context: Context, name: string): string {
  return join(context.stateDir, 'logs', `${name}.log`);
}

function startRedis(context: Context): Promise<RedisServer> {
  const { stateDir, programs, ports, terminal, watcher } = context;
  const start = () =>
    RedisServer.start({
      binary: programs.redis,
      stateDir: join(stateDir, 'redis'),
      port: ports.redis,
      persistent: true,
      logFile: logFile(context, 'redis'),
    });
  return terminal.step(
    'Redis',
    () => started(start, watcher),
    (redis) => redis.url,
  );
}

async function startCrowdsec(context: Context): Promise<CrowdsecServer> {
  const { stateDir, programs, ports, terminal, watcher, bouncerToken } = context;
  const start = () =>
    CrowdsecServer.start({
      binaries: programs.crowdsec,
      stateDir: join(stateDir, 'crowdsec'),
      port: ports.lapi,
      push: { url: `http://127.0.0.1:${ports.bouncer}/refresh`, token: bouncerToken },
      canEnroll: true,
      logFile: logFile(context, 'crowdsec'),
    });
  const crowdsec = await terminal.step(
    'CrowdSec',
    () => started(start, watcher),
    (lapi) => lapi.url,
  );
  if (crowdsec.pushProblem !== undefined) {
    terminal.warn(`New bans are found by polling only, because LAPI cannot push them: ${crowdsec.pushProblem}`);
  }
  return crowdsec;
}

async function startCaddy(context: Context): Promise<CaddyServer> {
  const { stateDir, programs, ports, terminal, watcher } = context;
  const demo = await startDemoSite(await freePort());
  watcher.started(demo);
  const config = demoConfig(ports.site, demo.url, logFile(context, 'access'));
  await mkdir(join(stateDir, 'logs'), { recursive: true });
  const start = () =>
    CaddyServer.start({
      binary: programs.caddy,
      stateDir: join(stateDir, 'caddy'),
      config,
      logFile: logFile(context, 'caddy'),
    });
  return terminal.step(
    'Caddy',
    () => started(start, watcher),
    () => `http://127.0.0.1:${ports.site}`,
  );
}

/** An ordinary site of an ordinary user: nothing in it knows of CrowdSec. */
export function demoConfig(port: number, upstream: string, accessLog: string): CaddyConfig {
  const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some((entry) => entry.address === '::1'));
  const sites = `http://:${port} {
	bind 127.0.0.1${hasIpv6 ? ' ::1' : ''}
	log {
		output file "${accessLog}"
		format json
	}
	reverse_proxy ${upstream}
}`;
  return { kind: 'caddyfile', sites };
}

type Environment = Readonly<Record<string, string>>;

async function startBouncer(context: Context, crowdsec: CrowdsecServer, addresses: Environment) {
  const { stateDir, ports, terminal, watcher, bouncerToken } = context;
  const ours = {
    ...addresses,
    CROWDSEC_BOUNCER_KEY_FILE: await crowdsec.addBouncer('npm-start', join(stateDir, 'secrets', 'bouncer-key')),
    BOUNCER_TOKEN_FILE: join(stateDir, 'secrets', 'bouncer-token'),
    STATE_DIR: join(stateDir, 'bouncer'),
    LANE_DIR: join(stateDir, 'lane'),
    CADDY_PROBE_URL: `http://127.0.0.1:${ports.site}`,
  };
  const env = { ...DEMO_DEFAULTS, ...daemonEnvironment(bouncerOptions, process.env, ours) };
  const bouncer = new BouncerProcess({
    port: ports.bouncer,
    token: bouncerToken,
    env,
    logFile: logFile(context, 'bouncer'),
  });
  const start = () => bouncer.start().then(() => bouncer);
  let lane = '';
  return terminal.step(
    'bouncer',
    async () => {
      const running = await started(start, watcher);
      lane = await joinLane(running);
      return running;
    },
    () => `${bouncer.url}  enforcing, ${lane}`,
  );
}

const LANE_LIMIT_MS = 5_000;

/** Waits until single bans need no reload; a lane that cannot be had costs speed only, and the status says why. */
async function joinLane(bouncer: BouncerProcess): Promise<string> {
  const limit = performance.now() + LANE_LIMIT_MS;
  for (;;) {
    const { caddies } = JSON.parse((await bouncer.get('/readyz')).body) as {
      caddies: { lane?: { state: string; reason?: string } }[];
    };
    const lane = caddies[0]?.lane;
    if (lane?.state === 'proven') return 'single bans without a reload';
    if (performance.now() > limit) return `every ban a reload (${lane?.reason ?? 'the lane is not in use'})`;
    await sleep(20);
  }
}

async function startControlApi(context: Context, crowdsec: CrowdsecServer, addresses: Environment) {
  const { stateDir, ports, terminal, watcher } = context;
  const token = await keepSecretFile(join(stateDir, 'control-api', 'control-api-token'));
  const ours = {
    ...addresses,
    ...crowdsec.controlEnvironment,
    BOUNCER_TOKEN_FILE: join(stateDir, 'secrets', 'bouncer-token'),
    STATE_DIR: join(stateDir, 'control-api'),
  };
  const env = { ...reloading(process.env), ...daemonEnvironment(controlApiOptions, process.env, ours) };
  await writeSettings(context, env);
  const controlApi = new ControlApiProcess({
    port: ports.controlApi,
    token,
    env,
    logFile: logFile(context, 'control-api'),
  });
  const start = () => controlApi.start().then(() => controlApi);
  return terminal.step(
    'control API',
    () => started(start, watcher),
    () => controlApi.url,
  );
}

/** A change of the Hub counts at once: this CrowdSec is ours, and can be told to read it. */
function reloading(environment: Readonly<Record<string, string | undefined>>): Environment {
  return environment['CROWDSEC_ENGINE'] === 'managed' ? {} : { CROWDSEC_PID: 'auto' };
}

/** For `scripts/diagnose-crowdsec.sh`, which is a process of its own and does not know where this stack is. */
async function writeSettings({ stateDir, ports }: Context, env: Environment): Promise<void> {
  const isSetting = (name: string) => name.replace(/_FILE$/, '') in controlApiOptions;
  const settings = {
    ...Object.fromEntries(Object.entries(env).filter(([name]) => isSetting(name))),
    CONTROL_API_LISTEN: `127.0.0.1:${ports.controlApi}`,
    CSCLI: `"${join(stateDir, 'cscli')}"`, // with the libraries that it needs
  };
  await writeFile(join(stateDir, 'control-api', 'settings.yaml'), stringify(settings), { mode: 0o600 });
}

async function started<T extends Child>(start: () => Promise<T>, watcher: Watcher): Promise<T> {
  const child = await start();
  watcher.started(child);
  watcher.watch(child);
  return child;
}
