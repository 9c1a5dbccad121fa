import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { FleetFollower } from '../../bouncer/fleet/fleet-follower.ts';
import type { FleetLease, Standing } from '../../bouncer/fleet/fleet-lease.ts';
import type { Decision } from '../../bouncer/shared/domain/decision.ts';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { encodeBatch, snapshotChunks } from '../../bouncer/shared/redis/snapshot-codec.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { decisionOf } from '../support/fake-decision.ts';
import { fakeLog } from '../support/fake-log.ts';

const ban = (id: number) => decisionOf(id, `192.0.2.${id}`);
const idsOf = (decisions: Iterable<Decision>) => Array.from(decisions, ({ id }) => id);
const number = (id: string) => Number(id.split('-')[0]);

describe('a bouncer that follows', () => {
  it('takes a snapshot later that it read while nobody knew who pulls, and nothing after it before', async () => {
    const clock = new FakeClock();
    const following: Standing = { kind: 'follower', lease: { by: 'leader', run: 'run', token: 1 } };
    let standing: Standing = following;
    const snapshot = gzipSync([...snapshotChunks([ban(1)], { position: '1-0', token: 1 }, clock)].join(''));
    const entries: [string, string[]][] = [['1-0', ['snapshot', '']]];
    let onAsked: () => unknown = () => undefined;
    const commands = {
      getBuffer: () => Promise.resolve(snapshot),
      xrange: (_: string, from: string, to: string) => {
        onAsked();
        const isIn = (id: string) =>
          from.startsWith('(') ? number(id) > number(from.slice(1)) : number(id) >= number(from);
        return Promise.resolve(entries.filter(([id]) => isIn(id) && (to === '+' || number(id) <= number(to))));
      },
    };
    const taken: string[] = [];
    const intake = {
      isComplete: true,
      onFollowedSet: (decisions: Iterable<Decision>) => void taken.push(`set ${idsOf(decisions).join()}`),
      onFollowedBatch: () => void taken.push('batch'),
    };
    const lease = {
      on: () => undefined,
      get standing() {
        return standing;
      },
    } as unknown as FleetLease;
    const redis = { isUp: true, commands };
    const follower = new FleetFollower({
      lease,
      redis: redis as unknown as RedisLink,
      intake,
      clock,
      log: fakeLog().log,
    });
    // The lease is as old as it may be, without a word of change; then it is heard of again.
    onAsked = () => (standing = { kind: 'alone', reason: 'Redis does not answer' });
    expect(await follower.catchUp()).toMatch(/has not told all decisions yet/);
    onAsked = () => undefined;
    standing = following;
    entries.push(['2-0', ['batch', encodeBatch({ added: [ban(2)], removedIds: [] }, clock)]]);
    expect(await follower.catchUp()).toBeUndefined();
    expect(taken).toEqual(['set 1,2']);
    redis.isUp = false;
    expect(await follower.catchUp()).toMatch(/^Redis is gone/); // what was told since is not held
  });
});
