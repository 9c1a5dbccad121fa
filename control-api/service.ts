import type { Logger } from '../bouncer/shared/runtime/logger.ts';
import { ServiceGroup } from '../bouncer/shared/runtime/service.ts';
import { createApp } from './app.ts';
import type { Config } from './config.ts';
import { EngineFollower } from './crowdsec/engine-follower.ts';
import { HeartbeatPoller } from './heartbeat/heartbeat-poller.ts';
import { HistoryRecorder } from './history/history-recorder.ts';
import type { Access } from './http/access.ts';
import { listen, type Listener } from './http/listener.ts';
import { RequestMetrics } from './http/request-metrics.ts';
import { Sessions } from './http/sessions.ts';
import { generatedToken } from './http/token-file.ts';
import { loadPageFiles } from './page/page-files.ts';
import { createParts, type Pace, type Parts } from './parts.ts';
import { VERSION } from './version.ts';

export interface ControlApiService {
  readonly port: number;
  stop(): Promise<void>;
}

/** A start waits this long for Redis: the first request need not hear that it is not connected yet. */
const REDIS_START_MS = 1_000;

/** Composition root: builds the parts, starts them in order, and stops them in the opposite one. */
export async function startControlApi(config: Config, log: Logger, pace: Pace = {}): Promise<ControlApiService> {
  const access = accessOf(config, log);
  const parts = createParts(config, log, pace);
  const stopping = new AbortController();
  const app = createApp({
    ...parts,
    config,
    log,
    access,
    sessions: new Sessions(parts.clock),
    metrics: new RequestMetrics(),
    publicUrls: config.CONTROL_API_PUBLIC_URL,
    version: VERSION,
    page: loadPageFiles(),
    stopping: stopping.signal,
    eventPingMs: pace.eventPingMs,
  });
  let listener: Listener | undefined;
  const services = new ServiceGroup(
    [
      {
        name: 'connections',
        start: async () => {
          parts.redis.start();
          await parts.redis.untilUp(REDIS_START_MS);
        },
        stop: () => parts.close(),
      },
      new EngineFollower(parts.engine, parts.protection, parts.redis),
      heartbeatPoller(config, parts, log),
      parts.decisions.table,
      new HistoryRecorder(parts.redis, parts.protection, parts.clock),
      {
        name: 'HTTP',
        start: async () => {
          const answer = (request: Request, env: unknown) => app.fetch(request, env as object);
          listener = await listen(config.CONTROL_API_LISTEN, answer, pace.requestLimits);
        },
        stop: () => listener?.stop(),
      },
    ],
    log,
  );
  try {
    await services.start();
  } catch (error) {
    await services.stop();
    throw error;
  }
  const port = listener?.port ?? config.CONTROL_API_LISTEN.port;
  const url = `http://${shown(config.CONTROL_API_LISTEN.host)}:${port}`;
  log.info({ url, engine: config.CROWDSEC_ENGINE }, `[CROWDSEC_STARTUP] the control API listens on ${url}`);
  return {
    port,
    stop: () => {
      stopping.abort();
      parts.cscli.stop(); // before HTTP: who waits for it hears how it ended
      return services.stop();
    },
  };
}

function heartbeatPoller(config: Config, { heartbeat, clock }: Parts, log: Logger): HeartbeatPoller {
  return new HeartbeatPoller({ heartbeat, intervalMs: config.HEARTBEAT_INTERVAL, clock, log });
}

function shown(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function accessOf(config: Config, log: Logger): Access {
  if (config.CONTROL_API_TOKEN !== undefined) return { kind: 'configured', token: config.CONTROL_API_TOKEN };
  const { token, path } = generatedToken(config.STATE_DIR);
  log.info({ path }, `[CROWDSEC_STARTUP] changes need the token in ${path}; reading needs none on this machine`);
  return { kind: 'generated', token, tokenPath: path };
}
