import { describe, expect, it, vi } from 'vitest';
import type { Decision } from '../../bouncer/shared/domain/decision.ts';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import type { StreamEntry } from '../../bouncer/shared/redis/batch-stream.ts';
import { type Clock, systemClock } from '../../bouncer/shared/runtime/clock.ts';
import { Banning } from '../../control-api/decisions/banning.ts';
import { DecisionTable } from '../../control-api/decisions/decision-table.ts';
import { EffectWatch } from '../../control-api/decisions/effect.ts';
import type { Ban, LapiDecisions } from '../../control-api/decisions/lapi-decisions.ts';
import { NOWHERE } from '../../control-api/decisions/places.ts';
import type { EventWriter } from '../../control-api/events/event-writer.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { decisionOf, prefixOf } from '../support/fake-decision.ts';
import { fakeLog } from '../support/fake-log.ts';
import { bouncerStatus } from './control-api-bouncers.ts';

const DONE = { kind: 'ok' as const, value: { confirmed: true, missing: [] as string[] } };

function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

/** A table, and what the bouncer has written to Redis for it. */
async function followed(clock: Clock) {
  const stream: StreamEntry[] = [];
  const table = new DecisionTable({
    source: {
      isUp: true,
      snapshot: () => Promise.resolve({ takenAt: 0, position: '0-0', token: 1, decisions: [] }),
      holds: () => Promise.resolve(true),
      after: (position) => Promise.resolve(stream.slice(Number(position.split('-')[0]))),
    },
    places: () => Promise.resolve({ find: () => NOWHERE }),
    clock,
    log: fakeLog().log,
  });
  await table.catchUp();
  const publish = (added: readonly Decision[]) => {
    stream.push({ kind: 'batch', id: `${stream.length + 1}-0`, batch: { added, removedIds: [] } });
  };
  return { table, publish };
}

describe('two bans at once', () => {
  it('are both confirmed with their ids, although the pull for the first brought the second too', async () => {
    const { table, publish } = await followed(systemClock);
    const made: Decision[] = [];
    const bothPosted = gate();
    const firstAnswered = gate();
    const add = ({ values }: Ban) => {
      for (const value of values) made.push(decisionOf(made.length + 1, value, { expiresAt: Infinity }));
      if (made.length === 2) bothPosted.open();
      return Promise.resolve({ added: values, failed: [] });
    };
    const refresh = vi.fn(() => firstAnswered.opened.then(() => DONE));
    refresh.mockImplementationOnce(async () => {
      await bothPosted.opened;
      publish(made);
      return DONE;
    });
    const resync = vi.fn(() => Promise.resolve(DONE));
    const redis = { isUp: true, commands: { publish: () => Promise.resolve(0) } } as unknown as RedisLink;
    const protection = { bouncers: () => Promise.resolve([bouncerStatus()]) };
    const effect = new EffectWatch({ bouncer: { refresh, resync }, protection, table, redis, clock: systemClock });
    const events = { write: () => undefined } as unknown as EventWriter;
    const lapi = { add } as unknown as LapiDecisions;
    const banning = new Banning({ lapi, table, effect, events, clock: systemClock });
    const ban = (value: string) =>
      banning.ban({ values: [prefixOf(value)], durationMs: 60_000, type: 'ban', reason: 'by hand' });

    const first = ban('192.0.2.1');
    const second = ban('192.0.2.2');
    expect(await first).toMatchObject({ confirmed: true, ids: [1], missing: [] });
    expect([1, 2].map((id) => table.unconfirmedArrivalOf(id))).toEqual([undefined, expect.any(Number)]);
    firstAnswered.open();
    expect(await second).toMatchObject({ confirmed: true, ids: [2], missing: [] });
    expect(resync).not.toHaveBeenCalled();
    expect([1, 2].map((id) => table.unconfirmedArrivalOf(id))).toEqual([undefined, undefined]);
  });
});

describe('an arrival', () => {
  const world = async () => {
    const clock = new FakeClock();
    const { table, publish } = await followed(clock);
    const arrive = async (id: number) => {
      clock.advance(1_000);
      publish([decisionOf(id, `192.0.2.${id}`)]);
      await table.catchUp();
      clock.advance(1_000);
      return clock.wall() - 1_000;
    };
    return { clock, table, arrive };
  };

  it('is in force when it came before the bouncer was asked, or with the very change; the time stays known', async () => {
    const { clock, table, arrive } = await world();
    const before = await arrive(1);
    const askedAt = clock.wall();
    const own = await arrive(2);
    const meanwhile = await arrive(3);
    table.confirmed(askedAt, [2]);
    expect([1, 2, 3].map((id) => table.unconfirmedArrivalOf(id))).toEqual([undefined, undefined, meanwhile]);
    expect([1, 2, 3].map((id) => table.arrivalOf(id))).toEqual([before, own, meanwhile]);
  });

  it('is not in force by a confirmation from before it, whose answer came late', async () => {
    const { clock, table, arrive } = await world();
    const early = clock.wall();
    await arrive(1);
    table.confirmed(clock.wall(), []);
    const late = await arrive(2);
    table.confirmed(early, []);
    expect([1, 2].map((id) => table.unconfirmedArrivalOf(id))).toEqual([undefined, late]);
  });

  it('that changed once more is a new one', async () => {
    const { clock, table, arrive } = await world();
    await arrive(1);
    table.confirmed(clock.wall(), [1]);
    const again = await arrive(1);
    expect(table.unconfirmedArrivalOf(1)).toBe(again);
  });

  it('is not in force because the time of day was set back', async () => {
    const { clock, table, arrive } = await world();
    await arrive(1);
    table.confirmed(clock.wall(), []);
    clock.jumpWall(-3_600_000);
    const next = await arrive(2);
    expect(table.unconfirmedArrivalOf(2)).toBe(next);
  });
});
