import { beforeEach, describe, expect, it } from 'vitest';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { LoginBudget, MOST_LOGINS } from '../../control-api/heartbeat/login-budget.ts';
import { FakeClock } from '../support/fake-clock.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What is remembered here must do while Redis is gone. */
const gone = {
  get commands(): never {
    throw new Error('Redis is not available');
  },
} as unknown as RedisLink;

let clock: FakeClock;
let budget: LoginBudget;

beforeEach(async () => {
  clock = new FakeClock();
  budget = new LoginBudget(gone, clock);
  for (let n = 0; n < MOST_LOGINS; n++) expect(await budget.spend()).toBeUndefined();
});

describe('logins at the Central API, without Redis', () => {
  it('are refused when they were too many within the hour, with the time to wait', async () => {
    clock.advance(HOUR_MS / 4);
    expect(await budget.spend()).toEqual({ retryAfterMs: (3 * HOUR_MS) / 4 });
    clock.advance((3 * HOUR_MS) / 4);
    expect(await budget.spend()).toBeUndefined();
  });

  it.each([-365 * DAY_MS, 365 * DAY_MS])('do not notice a clock that is set by %s ms', async (jump) => {
    clock.jumpWall(jump);
    expect(await budget.spend()).toEqual({ retryAfterMs: HOUR_MS });
    clock.advance(HOUR_MS);
    expect(await budget.spend()).toBeUndefined();
  });
});
