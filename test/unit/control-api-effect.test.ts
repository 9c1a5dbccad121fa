import { describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../bouncer/shared/runtime/clock.ts';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { EffectWatch } from '../../control-api/decisions/effect.ts';
import { bouncerStatus } from './control-api-bouncers.ts';

const DONE = { kind: 'ok' as const, value: { confirmed: true, missing: [] as string[] } };

/** A bouncer whose delta lost the change, if `isLost`, and whose full pull brings it, unless it is `isFiltered`. */
function world({ isLost = true, isFiltered = false, isRedisUp = true } = {}) {
  let isShown = !isLost;
  const parts = {
    bouncer: {
      refresh: vi.fn(() => Promise.resolve(DONE)),
      resync: vi.fn(() => {
        isShown = !isFiltered;
        return Promise.resolve(DONE);
      }),
    },
    protection: { bouncers: () => Promise.resolve([bouncerStatus()]) },
    table: { catchUp: () => Promise.resolve(), confirmed: vi.fn() },
    redis: { isUp: isRedisUp, commands: { publish: () => Promise.resolve(0) } } as unknown as RedisLink,
    clock: systemClock,
  };
  return { ...parts, settle: () => new EffectWatch(parts).settle(() => isShown) };
}

describe('a change', () => {
  it('that came in with the next pull is confirmed without another', async () => {
    const { settle, bouncer, table } = world({ isLost: false });
    expect(await settle()).toEqual({ confirmed: true, missing: [] });
    expect(bouncer.resync).not.toHaveBeenCalled();
    expect(table.confirmed).toHaveBeenCalledOnce();
  });

  it('that a delta lost is fetched with a pull of everything', async () => {
    const { settle, bouncer, table } = world();
    expect(await settle()).toEqual({ confirmed: true, missing: [] });
    expect(bouncer.resync).toHaveBeenCalledOnce();
    expect(table.confirmed).toHaveBeenCalledOnce();
  });

  it('that never comes in is not called confirmed, whatever Caddy holds', async () => {
    const { settle, table } = world({ isFiltered: true });
    expect(await settle()).toEqual({ confirmed: false, missing: [expect.stringContaining('CROWDSEC_ORIGINS')] });
    expect(table.confirmed).not.toHaveBeenCalled();
  });

  it('that cannot be seen without Redis is confirmed by the word of the bouncer', async () => {
    const { settle, bouncer } = world({ isRedisUp: false });
    expect(await settle()).toEqual({ confirmed: true, missing: [] });
    expect(bouncer.resync).not.toHaveBeenCalled();
  });
});
