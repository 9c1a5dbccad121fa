import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { writeStatus } from '../../bouncer/shared/redis/status-store.ts';
import type { CaddyServer } from '../../scripts/servers/caddy-server.ts';
import type { CrowdsecServer } from '../../scripts/servers/crowdsec-server.ts';
import type { RedisServer } from '../../scripts/servers/redis-server.ts';
import type { Internet } from '../support/internet/internet.ts';
import { linkedRedis } from '../support/linked-redis.ts';
import { Workbench } from '../support/servers.ts';
import { bouncerStatus, caddyStatus } from '../unit/control-api-bouncers.ts';
import { settingsFor, startInternet, withCentralApi } from './control-api-crowdsec.ts';

/** Everything that diagnostics look at, real but for the internet and the bouncer, and well. */
export interface Diagnosed {
  readonly workbench: Workbench;
  readonly redis: RedisServer;
  readonly crowdsec: CrowdsecServer;
  readonly caddy: CaddyServer;
  readonly internet: Internet;
  readonly link: RedisLink;
  readonly settings: Record<string, string>;
  /** A bouncer says that it is well, now. */
  readonly speak: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export async function startDiagnosed(): Promise<Diagnosed> {
  const workbench = await Workbench.open();
  const [redis, crowdsec, caddy] = await Promise.all([
    workbench.redis(),
    workbench.crowdsec(),
    workbench.caddy('2.6.2', { kind: 'caddyfile', sites: '' }),
  ]);
  const internet = await startInternet(workbench, crowdsec);
  await withCentralApi(crowdsec);
  const link = await linkedRedis(redis.url);
  const settings = {
    ...settingsFor(crowdsec),
    REDIS_URL: redis.url,
    CADDY_ADMIN: caddy.admin,
    HTTPS_PROXY: internet.proxyUrl,
    CROWDSEC_BOUNCER_KEY_FILE: await crowdsec.addBouncer('diagnosed'),
  };
  const speak = async () => {
    const now = new Date().toISOString();
    const lapi = { url: crowdsec.url, state: 'up' as const, last_pull_at: now, rejected: {} };
    const caddies = [caddyStatus({ admin: caddy.admin, version: '2.6.2', entries: 7 })];
    await writeStatus(link, bouncerStatus({ lapi, updated_at: now, caddies }));
  };
  const stop = async () => {
    link.stop();
    await workbench.stop();
  };
  return { workbench, redis, crowdsec, caddy, internet, link, settings, speak, stop };
}
