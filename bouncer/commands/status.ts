import type { BouncerConfig } from '../config.ts';
import type { ConfigInput } from '../load-config.ts';
import { type BouncerStatus, bouncerStatusSchema } from '../shared/domain/status.ts';
import { RedisLink } from '../shared/redis/client.ts';
import { readStatuses } from '../shared/redis/status-store.ts';
import { createLogger } from '../shared/runtime/logger.ts';
import { askDaemon } from './daemon-client.ts';
import { EXIT_FAILED, print, printError, withConfig } from './output.ts';

/** What the daemon here says of itself, or what all bouncers last wrote to Redis. */
export function status(input: ConfigInput, asJson: boolean): Promise<number> {
  return withConfig(input, async (config) => {
    const reply = await askDaemon(config, '/readyz');
    const own = reply.kind === 'reply' ? bouncerStatusSchema.safeParse(reply.body) : undefined;
    const found = own?.success === true ? [own.data] : await fromRedis(config);
    if (found.length === 0) {
      printError(reply.kind === 'gone' ? reply.message : 'what answers there is no bouncer');
      return EXIT_FAILED;
    }
    if (asJson) print(JSON.stringify(found.length === 1 ? found[0] : found, undefined, 2));
    else for (const each of found) print(describe(each));
    return found.every(({ ready }) => ready) ? 0 : EXIT_FAILED;
  });
}

async function fromRedis(config: BouncerConfig): Promise<BouncerStatus[]> {
  if (config.REDIS_URL === undefined) return [];
  const redis = new RedisLink(config.REDIS_URL.reveal(), createLogger('bouncer', 'silent'));
  try {
    const isUp = new Promise<boolean>((resolve) => {
      redis.once('up', () => resolve(true));
      setTimeout(() => resolve(false), 2_000).unref();
    });
    redis.start();
    return (await isUp) ? await readStatuses(redis) : [];
  } finally {
    redis.stop();
  }
}

function describe(status: BouncerStatus): string {
  const { decisions, enforced, lapi } = status;
  const lines = [
    `${status.id}: ${status.state}${status.ready ? '' : ' (not ready)'}`,
    `  protection ${status.settings.enabled ? 'on' : 'off'}, policy ${status.settings.policy}`,
    `  ${decisions.total} decisions: ${decisions.local} local, ${decisions.community} community, ${decisions.lists} from lists`,
    `  ${enforced.addresses} addresses and ${enforced.ranges} ranges enforced, ${enforced.exceptions} exceptions`,
    `  LAPI at ${lapi.url}: ${lapi.state}${lapi.last_pull_at === undefined ? '' : `, last pull ${lapi.last_pull_at}`}`,
    ...(status.stream === undefined ? [] : [`  ${streamLine(status.stream)}`]),
    ...status.caddies.map(
      (caddy) => `  Caddy at ${caddy.admin}: ${caddy.state}, ${caddy.entries} entries on ${caddy.servers} servers`,
    ),
    ...status.reasons.map((reason) => `  ! ${reason}`),
    ...status.caddies.flatMap(({ warnings, refused }) => [
      ...warnings.map((warning) => `  ! ${warning}`),
      ...refused.map(({ where, reason, hint }) => `  ! ${where}: ${reason}; ${hint}`),
    ]),
  ];
  return lines.join('\n');
}

function streamLine({ role, leader = 'nobody', reason = '' }: NonNullable<BouncerStatus['stream']>): string {
  switch (role) {
    case 'leader':
      return 'leader: pulls from LAPI for all bouncers on this Redis';
    case 'follower':
      return `follower: takes its decisions from Redis; ${leader} pulls from LAPI`;
    case 'alone':
      return `alone: pulls from LAPI for itself; ${reason}`;
  }
}
