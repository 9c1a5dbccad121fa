import { beforeEach, describe, expect, it, vi } from 'vitest';
import { LapiStream } from '../../bouncer/lapi/stream.ts';
import { systemClock } from '../../bouncer/shared/runtime/clock.ts';
import { decisionOf } from '../support/fake-decision.ts';
import { ALONE, batchOf, FAILURE } from '../support/fake-lapi-client.ts';
import { fakeLog } from '../support/fake-log.ts';
import { advance, client, consumer, heldPull, started, TIMES, useFakeStream } from '../support/fake-stream.ts';

useFakeStream();

describe('the stream', () => {
  it('pulls everything first, and changes from then on, once an interval', async () => {
    await started();
    expect(client.pulls).toEqual(['full']);
    await advance(9_999);
    expect(client.pulls).toEqual(['full']);
    await advance(1);
    expect(client.pulls).toEqual(['full', 'delta']);
    await advance(20_000);
    expect(client.pulls).toEqual(['full', 'delta', 'delta', 'delta']);
    expect(consumer.batches.map(({ kind }) => kind)).toEqual(client.pulls);
  });

  it('pulls everything again when the resync interval is over, and not before', async () => {
    await started({ resyncMs: 25_000 });
    await advance(24_999);
    expect(client.pulls).toEqual(['full', 'delta', 'delta']);
    await advance(1);
    expect(client.pulls.slice(3)).toEqual(['full']);
    await advance(25_000);
    expect(client.pulls.slice(4)).toEqual(['delta', 'delta', 'full']);
  });

  it('pulls everything soon after a delta that brought some: LAPI may have left out others', async () => {
    client.next(batchOf('full'), batchOf('delta'), batchOf('delta', [decisionOf(1, '192.0.2.1')]));
    await started({ resyncMs: 600_000 });
    await advance(20_000);
    expect(client.pulls).toEqual(['full', 'delta', 'delta']);
    await advance(15_000);
    expect(client.pulls.slice(3)).toEqual(['delta', 'full']);
    await advance(30_000);
    expect(client.pulls.slice(5)).toEqual(['delta', 'delta', 'delta']);
  });

  it.each([
    { count: 99, share: 200 },
    { count: 100, share: 10 },
  ])('lets full pulls take a share of the time of 1/$share after a delta of $count', async ({ count, share }) => {
    const full = heldPull();
    await started();
    await advance(2_000);
    full.end({ kind: 'batch', batch: batchOf('full') });
    client.next(
      batchOf(
        'delta',
        Array.from({ length: count }, (_, id) => decisionOf(id, `192.0.2.${id}`)),
      ),
    );
    await advance(10_000 + share * 2_000 - 1);
    expect(client.pulls.slice(1)).not.toContain('full');
    await advance(1);
    expect(client.pulls.at(-1)).toBe('full');
  });

  it('pulls everything after every failure, at growing intervals of at most 30 s', async () => {
    client.next(batchOf('full'), ...Array.from({ length: 9 }, () => FAILURE));
    await started();
    await advance(10_000);
    const at: number[] = [];
    for (let tick = 1, seen = client.pulls.length; at.length < 9; tick++) {
      await advance(500);
      if (client.pulls.length > seen) at.push(tick * 500);
      seen = client.pulls.length;
    }
    const gaps = at.map((time, i) => time - (at[i - 1] ?? 0));
    expect(gaps).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    expect(client.pulls.slice(2)).toEqual(Array.from({ length: 9 }, () => 'full'));
    expect(consumer.failures).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await advance(10_000);
    expect(client.pulls.at(-1)).toBe('delta');
  });

  it('goes on when whoever listens to it throws, and pulls everything then, since that batch is lost', async () => {
    vi.spyOn(consumer, 'onBatch').mockImplementationOnce(() => {
      throw new Error('a broken invariant');
    });
    const logger = fakeLog();
    const stream = await started({}, logger);
    await advance(500);
    expect(client.pulls).toEqual(['full', 'full']);
    expect(JSON.stringify(logger.lines)).toContain('a broken invariant');
    await stream.stop();
  });

  it('leaves no timer, listener or memory of 10,000 turns', async () => {
    const add = vi.spyOn(AbortSignal.prototype, 'addEventListener');
    const remove = vi.spyOn(AbortSignal.prototype, 'removeEventListener');
    await started({ pollMs: 100, resyncMs: 1_000 });
    for (let i = 0; i < 100; i++) await advance(10_000);
    expect(client.pulls.length).toBeGreaterThan(10_000);
    expect(vi.getTimerCount()).toBe(1);
    expect(add.mock.calls.length - remove.mock.calls.length).toBe(1);
  });
});

describe('a full reply that lacks much of what is known', () => {
  const ten = Array.from({ length: 10 }, (_, i) => decisionOf(i, `10.0.0.${i}`));
  const ids = () =>
    consumer.batches.map(({ decisions }) => Array.from(decisions, ({ id }) => id).sort((a, b) => a - b));

  beforeEach(() => (consumer.known = ten.map(({ id }) => id)));

  it.each([
    [5, 1],
    [4, 2],
    [0, 2],
  ])('(%i of 10 left) takes %i pulls', async (left, pulls) => {
    client.next(batchOf('full', ten.slice(0, left)));
    await started();
    await advance(1_000);
    expect(client.pulls).toEqual(Array.from({ length: pulls }, () => 'full'));
  });

  it.each([
    [99, 1],
    [100, 2],
  ])(
    '(%i of 10,000 gone, which no delta spoke of) takes %i pulls, as a page of LAPI’s may have failed',
    async (gone, pulls) => {
      consumer.known = Array.from({ length: 10_000 }, (_, id) => id);
      vi.spyOn(consumer, 'wouldDrop').mockImplementation(() => ({ dropped: gone, known: 10_000 }));
      await started();
      await advance(1_000);
      expect(client.pulls).toEqual(Array.from({ length: pulls }, () => 'full'));
    },
  );

  it('is followed by a third soon, where the second lacks what the first has: no delta tells what was lifted between', async () => {
    client.next(batchOf('full', ten.slice(0, 3)), batchOf('full', ten.slice(1, 3)));
    await started({ pollMs: 60_000 });
    await advance(1_000);
    expect(ids()).toEqual([[0, 1, 2]]);
    consumer.known = [];
    await advance(14_999);
    expect(client.pulls).toHaveLength(2);
    await advance(1);
    expect(client.pulls).toEqual(['full', 'full', 'full']);
  });

  it('is not followed by a third where both agree', async () => {
    client.next(batchOf('full', ten.slice(0, 3)), batchOf('full', ten.slice(0, 3)));
    await started({ pollMs: 60_000 });
    await advance(60_000);
    expect(client.pulls).toEqual(['full', 'full']);
  });

  it('drops only what both replies lack', async () => {
    client.next(batchOf('full', ten.slice(0, 3)), batchOf('full', ten.slice(2, 5)));
    await started();
    expect(consumer.batches).toEqual([]);
    await advance(1_000);
    expect(ids()).toEqual([[0, 1, 2, 3, 4]]);
  });

  it('drops everything when the second says so too: no bans is a state like any other', async () => {
    client.next(batchOf('full'), batchOf('full'));
    await started();
    await advance(1_000);
    expect(ids()).toEqual([[]]);
  });

  it('takes the newer word on a decision that both list', async () => {
    const longer = { ...ten[0], expiresAt: 9e9 } as (typeof ten)[number];
    client.next(batchOf('full', ten.slice(0, 1)), batchOf('full', [longer]));
    await started();
    await advance(1_000);
    expect([...(consumer.batches[0]?.decisions ?? [])]).toEqual([longer]);
  });

  it('drops nothing when the second pull fails, and asks twice again', async () => {
    client.next(batchOf('full'), FAILURE, batchOf('full'), batchOf('full', ten));
    await started();
    await advance(1_000);
    expect([consumer.batches, consumer.failures]).toEqual([[], [1]]);
    await advance(1_500);
    expect(client.pulls).toEqual(['full', 'full', 'full', 'full']);
    expect(ids()).toEqual([ten.map(({ id }) => id)]);
  });

  it('drops nothing when the stop comes between the two', async () => {
    client.next(batchOf('full'));
    const stream = await started();
    await advance(500);
    await stream.stop();
    expect([consumer.batches, consumer.failures]).toEqual([[], []]);
  });
});

describe('a stop', () => {
  it('ends a pull under way, and nothing of it is told', async () => {
    const held = heldPull();
    const stream = await started();
    await held.begun;
    await stream.stop();
    expect([consumer.batches, consumer.failures]).toEqual([[], []]);
    expect(client.isClosed).toBe(true);
  });

  it('between two pulls is the end of them; it may come twice, and before a start', async () => {
    const stream = await started();
    await Promise.all([stream.stop(), stream.stop()]);
    await advance(3_600_000);
    expect(client.pulls).toEqual(['full']);
    await new LapiStream(client, ALONE, consumer, TIMES, systemClock, fakeLog().log).stop();
  });
});
