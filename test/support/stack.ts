/**
 * The whole product against real servers, everything on free ports in a temporary folder. A test reads like this:
 *
 *     const stack = await startStack({ caddy: 'newest' });
 *     await stack.ban('203.0.113.9');
 *     await stack.untilBlocked('203.0.113.9');
 *     await stack.stop();
 *
 * Each server can be stopped, killed, restarted or wiped: `stack.crowdsec.restart()`, `stack.redis.wipe()`.
 */
import { reasonOf } from '../../bouncer/shared/runtime/reason.ts';
import type { CaddyConfig, CaddyServer } from '../../scripts/servers/caddy-server.ts';
import type { BanOptions } from '../../scripts/servers/crowdsec-lapi.ts';
import type { CrowdsecServer } from '../../scripts/servers/crowdsec-server.ts';
import type { HttpAnswer } from '../../scripts/servers/http.ts';
import { freePort } from '../../scripts/servers/ports.ts';
import type { RedisServer } from '../../scripts/servers/redis-server.ts';
import { keepSecretFile } from '../../scripts/servers/secret-file.ts';
import { BouncerProcess, ControlApiProcess, type Until } from '../../scripts/servers/sidecar.ts';
import { requireBuild } from './built.ts';
import { Workbench, type CaddyVersion } from './servers.ts';
import { openSite, plainProxy, requestAs, type RequestOptions, type Site } from './site.ts';
import { startUpstream } from './upstream.ts';
import { waitFor } from './wait-for.ts';

type Environment = Readonly<Record<string, string>>;

export interface StackOptions {
  readonly caddy: CaddyVersion;
  /** The user's configuration; a plain reverse proxy to the upstream by default. */
  readonly config?: (site: Site) => CaddyConfig;
  /** Settings of the bouncer, over the short intervals of a test; `false`: made, and not started. */
  readonly bouncer?: Environment | false;
  /** Settings of the control API; it is not started unless asked for. */
  readonly controlApi?: Environment | true;
  /** Lets LAPI tell the bouncer about new alerts, as a real setup would. Off: tests see the poll alone. */
  readonly push?: boolean;
  /** A folder for bans without a reload, that the bouncer and Caddy share. */
  readonly lane?: string;
  /** Decisions that are there before the bouncer starts. */
  readonly banned?: readonly string[];
  readonly persistentRedis?: boolean;
  /** Other addresses than the servers' own, as when a proxy stands between: gets and gives settings. */
  readonly reroute?: (to: 'bouncer' | 'controlApi', addresses: Environment) => Promise<Environment>;
  /** How far the bouncer must be when `startStack` returns; `enforcing` by default. */
  readonly until?: Until;
}

/** Short, so that a test does not wait for intervals that are made for production. */
const QUICK = { CROWDSEC_POLL_INTERVAL: '1s', PUSH_INTERVAL: '100ms', LOG_LEVEL: 'debug' };

export async function startStack(options: StackOptions): Promise<Stack> {
  requireBuild();
  const workbench = await Workbench.open();
  try {
    const servers = await startServers(workbench, options);
    const bouncer = await startBouncer(servers, options);
    const controlApi = options.controlApi === undefined ? undefined : await startControlApi(servers, bouncer, options);
    return new Stack(servers, bouncer, controlApi);
  } catch (error) {
    await workbench.stop();
    throw error;
  }
}

interface Servers {
  readonly workbench: Workbench;
  readonly site: Site;
  readonly redis: RedisServer;
  readonly crowdsec: CrowdsecServer;
  readonly caddy: CaddyServer;
  readonly bouncerPort: number;
  readonly bouncerToken: string;
}

export class Stack {
  readonly workbench: Workbench;
  readonly site: Site;
  readonly redis: RedisServer;
  readonly crowdsec: CrowdsecServer;
  readonly caddy: CaddyServer;
  readonly bouncer: BouncerProcess;
  readonly #controlApi: ControlApiProcess | undefined;

  constructor(servers: Servers, bouncer: BouncerProcess, controlApi: ControlApiProcess | undefined) {
    this.workbench = servers.workbench;
    this.site = servers.site;
    this.redis = servers.redis;
    this.crowdsec = servers.crowdsec;
    this.caddy = servers.caddy;
    this.bouncer = bouncer;
    this.#controlApi = controlApi;
  }

  get controlApi(): ControlApiProcess {
    if (!this.#controlApi) throw new Error('this stack has no control API: start it with `controlApi: true`');
    return this.#controlApi;
  }

  /** Adds a decision to LAPI; answers with the id of its alert. */
  ban(value: string, options?: BanOptions): Promise<number> {
    return this.crowdsec.ban(value, options);
  }

  /** Deletes every decision on exactly this value; answers with how many there were. */
  unban(value: string): Promise<number> {
    return this.crowdsec.unban(value);
  }

  /** One request to the site as if this address had sent it. */
  requestFrom(address: string, options?: RequestOptions): Promise<HttpAnswer> {
    return requestAs(address, this.site, options);
  }

  untilBlocked(address: string, withinMs?: number): Promise<void> {
    return this.#untilAnswered(address, 403, 'blocked', withinMs);
  }

  untilServed(address: string, withinMs?: number): Promise<void> {
    return this.#untilAnswered(address, 200, 'served', withinMs);
  }

  stop(): Promise<void> {
    return this.workbench.stop();
  }

  async #untilAnswered(address: string, status: number, how: string, withinMs?: number): Promise<void> {
    const answered = async () => {
      const answer = await this.requestFrom(address);
      if (answer.status !== status) throw new Error(`${answer.status} ${answer.body.slice(0, 200)}`);
    };
    const limit = withinMs === undefined ? {} : { withinMs };
    await waitFor(() => answered().then(() => true), { what: `${address} to be ${how}`, ...limit }).catch(
      (error: unknown) => {
        const reason = reasonOf(error);
        throw new Error(`${reason}\nthe bouncer wrote last:\n${this.bouncer.logs(15)}`, { cause: error });
      },
    );
  }
}

async function startServers(workbench: Workbench, options: StackOptions): Promise<Servers> {
  const bouncerPort = await freePort();
  const bouncerToken = await keepSecretFile(workbench.path('bouncer-token'));
  const push = { url: `http://127.0.0.1:${bouncerPort}/refresh`, token: bouncerToken };
  const site = await openSite(options.caddy, workbench.also(await startUpstream()));
  const [redis, crowdsec, caddy] = await Promise.all([
    workbench.redis({ persistent: options.persistentRedis ?? false }),
    workbench.crowdsec(options.push === true ? { push } : {}),
    workbench.caddy(options.caddy, (options.config ?? plainProxy)(site)),
  ]);
  if (options.banned) await crowdsec.import(options.banned.map((value) => ({ value })));
  return { workbench, site, redis, crowdsec, caddy, bouncerPort, bouncerToken };
}

async function startBouncer(servers: Servers, options: StackOptions): Promise<BouncerProcess> {
  const { workbench, crowdsec } = servers;
  const env = {
    ...QUICK,
    ...(await addressesFor('bouncer', servers, options)),
    CROWDSEC_BOUNCER_KEY_FILE: await crowdsec.addBouncer('stack'),
    STATE_DIR: workbench.path('bouncer-state'),
    ...(options.lane === undefined ? {} : laneSettings(options.lane, servers.site)),
    ...(options.bouncer === false ? {} : options.bouncer),
  };
  const bouncer = new BouncerProcess({ port: servers.bouncerPort, token: servers.bouncerToken, env });
  workbench.also(bouncer);
  if (options.bouncer !== false) await bouncer.start(options.until);
  return bouncer;
}

async function startControlApi(
  servers: Servers,
  bouncer: BouncerProcess,
  options: StackOptions,
): Promise<ControlApiProcess> {
  const { workbench, crowdsec } = servers;
  const token = await keepSecretFile(workbench.path('control-api-token'));
  const env = {
    ...(await addressesFor('controlApi', servers, options)),
    LOG_LEVEL: 'debug',
    BOUNCER_URL: bouncer.url,
    CONTROL_API_TOKEN: token,
    ...crowdsec.controlEnvironment,
    STATE_DIR: workbench.path('control-api-state'),
    ...(options.controlApi === true ? {} : options.controlApi),
  };
  const controlApi = workbench.also(new ControlApiProcess({ port: await freePort(), token, env }));
  await controlApi.start();
  return controlApi;
}

function laneSettings(folder: string, site: Site): Environment {
  return { LANE_DIR: folder, CADDY_PROBE_URL: `http://127.0.0.1:${site.port}` };
}

async function addressesFor(
  process: 'bouncer' | 'controlApi',
  servers: Servers,
  { reroute }: StackOptions,
): Promise<Environment> {
  const own = addresses(servers);
  return { ...own, ...(await reroute?.(process, own)) };
}

function addresses({ crowdsec, caddy, redis, bouncerToken }: Servers): Environment {
  return {
    CROWDSEC_LAPI_URL: crowdsec.url,
    CADDY_ADMIN: caddy.admin,
    REDIS_URL: redis.url,
    BOUNCER_TOKEN: bouncerToken,
  };
}
