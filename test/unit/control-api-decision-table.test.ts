import { expect, it } from 'vitest';
import type { StreamEntry } from '../../bouncer/shared/redis/batch-stream.ts';
import { DecisionTable } from '../../control-api/decisions/decision-table.ts';
import { NOWHERE } from '../../control-api/decisions/places.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { decisionOf } from '../support/fake-decision.ts';
import { fakeLog } from '../support/fake-log.ts';

/** A table over what a bouncer has written, which can be cut off. */
function followed() {
  const clock = new FakeClock();
  const stream: StreamEntry[] = [];
  const redis = { isGone: false };
  const answer = <Value>(value: Value) =>
    redis.isGone ? Promise.reject(new Error('Redis does not answer')) : Promise.resolve(value);
  const table = new DecisionTable({
    source: {
      isUp: true,
      snapshot: () => answer({ takenAt: 0, position: '0-0', token: 1, decisions: [] }),
      holds: () => answer(true),
      after: (position) => answer(stream.slice(Number(position.split('-')[0]))),
    },
    places: () => Promise.resolve({ find: () => NOWHERE }),
    clock,
    log: fakeLog().log,
  });
  const ban = (id: number) => {
    const batch = { added: [decisionOf(id, `192.0.2.${id}`, { expiresAt: Infinity })], removedIds: [] };
    stream.push({ kind: 'batch', id: `${stream.length + 1}-0`, batch });
  };
  return { clock, table, ban, redis };
}

it('a table is stale when nothing was read for a while, although the time of day was set back', async () => {
  const { clock, table, redis } = followed();
  await table.catchUp();
  redis.isGone = true;
  clock.advance(10_000);
  clock.jumpWall(-3_600_000);
  await table.catchUp();
  expect(table.state).toMatchObject({ kind: 'stale', reason: expect.stringContaining('does not answer') as string });
});

it('a table goes on being live when the time of day is set forward', async () => {
  const { clock, table } = followed();
  await table.catchUp();
  clock.jumpWall(3_600_000);
  expect(table.state.kind).toBe('live');
});

it('an arrival is forgotten after some minutes, although the time of day was set back', async () => {
  const { clock, table, ban } = followed();
  await table.catchUp();
  ban(1);
  await table.catchUp();
  expect(table.arrivalOf(1)).toBe(clock.wall());
  clock.jumpWall(-3_600_000);
  ban(2);
  await table.catchUp();
  expect([table.arrivalOf(1), table.arrivalOf(2)]).toEqual([undefined, clock.wall()]);
  clock.advance(299_999);
  await table.catchUp();
  expect(table.arrivalOf(2)).toBeDefined();
  clock.advance(2);
  await table.catchUp();
  expect(table.arrivalOf(2)).toBeUndefined();
});
