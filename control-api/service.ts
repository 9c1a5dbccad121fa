import { RedisLink } from '../bouncer/shared/redis/client.ts';
import { systemClock } from '../bouncer/shared/runtime/clock.ts';
import type { Logger } from '../bouncer/shared/runtime/logger.ts';
import { createApp } from './app.ts';
import type { Config } from './config.ts';
import { ExternalEngine } from './crowdsec/external-engine.ts';
import { LapiTransport } from './crowdsec/lapi-transport.ts';
import type { Access } from './http/access.ts';
import { listen } from './http/listener.ts';
import { RequestMetrics } from './http/request-metrics.ts';
import { Sessions } from './http/sessions.ts';
import { generatedToken } from './http/token-file.ts';
import { Protection } from './protection/protection.ts';
import { VERSION } from './version.ts';

export interface ControlApiService {
  readonly port: number;
  stop(): Promise<void>;
}

/** Composition root: builds the parts, starts them in order, and stops them in the opposite one. */
export async function startControlApi(config: Config, log: Logger): Promise<ControlApiService> {
  const clock = systemClock;
  const access = accessOf(config, log);
  const redis = new RedisLink(config.REDIS_URL.reveal(), log);
  const transport = new LapiTransport({
    url: config.CROWDSEC_LAPI_URL,
    caFile: config.CROWDSEC_CA_FILE,
    certFile: config.CROWDSEC_CERT_FILE,
    keyFile: config.CROWDSEC_KEY_FILE,
  });
  const engine = new ExternalEngine(transport, clock, () => Promise.resolve(undefined));
  let isStopping = false;
  const app = createApp({
    log,
    clock,
    access,
    redis,
    engine,
    sessions: new Sessions(clock),
    metrics: new RequestMetrics(),
    protection: new Protection(redis, clock),
    publicUrls: config.CONTROL_API_PUBLIC_URL,
    version: VERSION,
    isStopping: () => isStopping,
  });
  const listener = await listen(config.CONTROL_API_LISTEN, (request, env) => app.fetch(request, env as object));
  redis.start();
  log.info(
    { host: config.CONTROL_API_LISTEN.host, port: listener.port, engine: config.CROWDSEC_ENGINE },
    `[CROWDSEC_STARTUP] the control API listens on http://${shown(config.CONTROL_API_LISTEN.host)}:${listener.port}`,
  );
  return {
    port: listener.port,
    stop: async () => {
      isStopping = true;
      await listener.stop();
      await engine.stop();
      await transport.close();
      redis.stop();
    },
  };
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
