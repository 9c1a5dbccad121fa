import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { LoginBudget, MOST_LOGINS } from '../../control-api/heartbeat/login-budget.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { linkedRedis } from '../support/linked-redis.ts';
import { Workbench } from '../support/servers.ts';

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

let workbench: Workbench;
let link: RedisLink;

beforeAll(async () => {
  workbench = await Workbench.open();
  const redis = await workbench.redis();
  link = await linkedRedis(redis.url);
}, 60_000);

afterAll(async () => {
  link.stop();
  await workbench.stop();
});

it('keeps nobody from logging in because of logins that a wrong clock noted in the future', async () => {
  const clock = new FakeClock();
  /** As after a restart: all that is known is in Redis. */
  const spend = () => new LoginBudget(link, clock).spend();
  for (let n = 0; n < MOST_LOGINS; n++) expect(await spend()).toBeUndefined();
  expect(await spend()).toEqual({ retryAfterMs: HOUR_MS });
  clock.jumpWall(-60_000);
  expect(await spend()).toEqual({ retryAfterMs: HOUR_MS });
  clock.jumpWall(-YEAR_MS);
  expect(await spend()).toBeUndefined();
});
