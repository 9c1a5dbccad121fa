import { describe, expect, it } from 'vitest';
import type { BouncerStatus } from '../../bouncer/shared/domain/status.ts';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import type { Diagnosed } from '../../control-api/diagnostics/check.ts';
import { bouncerCheck } from '../../control-api/diagnostics/checks/servers.ts';
import { bouncerStatus } from './control-api-bouncers.ts';

/** @param refusal what Redis says to a write. */
function check(bouncers: readonly BouncerStatus[] | undefined, refusal?: string) {
  const set = () => (refusal === undefined ? Promise.resolve('OK') : Promise.reject(new Error(refusal)));
  const redis = { commands: { set } } as unknown as RedisLink;
  return bouncerCheck.run({ redis, bouncers: () => Promise.resolve(bouncers) } as unknown as Diagnosed);
}

describe('the check of the bouncer', () => {
  it('says of several who pulls from LAPI', async () => {
    const one = bouncerStatus({ id: 'one', stream: { role: 'leader', leader: 'one' } });
    const two = bouncerStatus({ id: 'two', stream: { role: 'follower', leader: 'one' } });
    expect(await check([one, two])).toMatchObject({
      status: 'ok',
      message: 'one is enforcing, two is enforcing; one pulls from LAPI for all',
    });
    expect(await check([one])).toMatchObject({ message: 'one is enforcing' });
  });

  it('fails where none is alive, and leaves it open where Redis takes no writes', async () => {
    expect(await check([])).toMatchObject({ status: 'failed', word: 'offline' });
    expect(await check([], 'OOM command not allowed')).toMatchObject({ status: 'skipped', word: 'unknown' });
    expect(await check(undefined)).toMatchObject({ status: 'skipped' });
  });
});
