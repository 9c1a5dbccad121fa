import { describe, expect, it, vi } from 'vitest';
import { LapiStream } from '../../bouncer/lapi/stream.ts';
import { systemClock } from '../../bouncer/shared/runtime/clock.ts';
import { ALONE, batchOf, FAILURE } from '../support/fake-lapi-client.ts';
import { fakeLog } from '../support/fake-log.ts';
import { advance, client, consumer, heldPull, started, TIMES, useFakeStream } from '../support/fake-stream.ts';

useFakeStream();

describe('a refresh', () => {
  it('pulls at once, ends when the pull has ended, and looks again after 250 ms and 5 s', async () => {
    const stream = await started();
    const refreshed = vi.fn();
    void stream.refresh().then(refreshed);
    await advance(0);
    expect(refreshed).toHaveBeenCalledOnce();
    expect(client.pulls).toEqual(['full', 'delta']);
    await advance(249);
    expect(client.pulls).toHaveLength(2);
    await advance(2);
    expect(client.pulls).toHaveLength(3);
    await advance(4_748);
    expect(client.pulls).toHaveLength(3);
    await advance(2);
    expect(client.pulls).toHaveLength(4);
    await advance(9_990);
    expect(client.pulls).toHaveLength(4);
  });

  it('that brings nothing is followed by a pull of everything soon: a poll may have looked while LAPI stored it', async () => {
    const stream = await started({ pollMs: 60_000 });
    await Promise.all([stream.refresh(), advance(0)]);
    await advance(14_999);
    expect(client.pulls).toEqual(['full', 'delta', 'delta', 'delta']);
    await advance(1);
    expect(client.pulls.slice(4)).toEqual(['full']);
    await advance(119_999);
    expect(client.pulls.slice(5)).toEqual(['delta']);
  });

  it.each(['refresh', 'resync'] as const)(
    '(%s) that came while everything was pulled is settled by another full pull soon: that one may have looked before',
    async (ask) => {
      const held = heldPull();
      const stream = await started({ pollMs: 60_000 });
      void stream[ask]();
      await advance(100);
      held.end({ kind: 'batch', batch: batchOf('full') });
      await advance(14_899);
      expect(client.pulls.filter((kind) => kind === 'full')).toHaveLength(ask === 'refresh' ? 1 : 2);
      await advance(1);
      expect(client.pulls.at(-1)).toBe('full');
      const settled = client.pulls.length;
      await advance(100_000);
      expect(client.pulls.slice(settled)).not.toContain('full');
    },
  );

  it('whose own pull brings everything is settled by another full pull soon', async () => {
    client.next(FAILURE);
    const stream = await started({ pollMs: 60_000 });
    await Promise.all([stream.refresh(), advance(0)]);
    expect(client.pulls).toEqual(['full', 'full']);
    await advance(15_000);
    expect(client.pulls.slice(2)).toEqual(['delta', 'delta', 'full']);
  });

  it('ends with the next pull where what its own brought could not be taken', async () => {
    const stream = await started();
    vi.spyOn(consumer, 'onBatch').mockImplementationOnce(() => {
      throw new Error('a broken invariant');
    });
    const refreshed = vi.fn();
    void stream.refresh().then(refreshed);
    await advance(499);
    expect(refreshed).not.toHaveBeenCalled();
    await advance(1);
    expect(refreshed).toHaveBeenCalledOnce();
    expect(client.pulls).toEqual(['full', 'delta', 'full']);
  });

  it('ends with the next pull where its own was not ours any more', async () => {
    let lease = 'one';
    const right = { terms: () => Promise.resolve({ lease, isShared: false }), pulled: () => undefined };
    const stream = await started({}, fakeLog(), right);
    const held = heldPull();
    const refreshed = vi.fn();
    void stream.refresh().then(refreshed);
    await advance(100);
    lease = 'another';
    held.end({ kind: 'batch', batch: batchOf('delta') });
    await advance(0);
    expect(refreshed).not.toHaveBeenCalled();
    await advance(500);
    expect(refreshed).toHaveBeenCalledOnce();
    expect(client.pulls).toEqual(['full', 'delta', 'full']);
  });

  it('asked for many times at once is one pull', async () => {
    const stream = await started();
    await Promise.all([...Array.from({ length: 50 }, () => stream.refresh()), advance(0)]);
    expect(client.pulls).toEqual(['full', 'delta']);
  });

  it('asked for while a pull is under way waits for the next one, which can see more', async () => {
    const held = heldPull();
    const stream = await started();
    const refreshed = vi.fn();
    void stream.refresh().then(refreshed);
    await advance(100);
    expect(client.pulls).toEqual(['full']);
    held.end({ kind: 'batch', batch: batchOf('full') });
    await advance(0);
    expect(refreshed).toHaveBeenCalledOnce();
    expect(client.pulls).toEqual(['full', 'delta']);
  });

  it('looks again even when its first pull took longer than the 250 ms', async () => {
    const stream = await started();
    const held = heldPull();
    void stream.refresh();
    await advance(400);
    held.end({ kind: 'batch', batch: batchOf('delta') });
    await advance(0);
    expect(client.pulls).toEqual(['full', 'delta', 'delta']);
  });

  it('pulls at once also while a failure is waited out', async () => {
    client.next(FAILURE, FAILURE, FAILURE, FAILURE);
    const stream = await started();
    await advance(3_500);
    expect(client.pulls).toHaveLength(4);
    await Promise.all([stream.refresh(), advance(0)]);
    expect(client.pulls).toHaveLength(5);
    expect(client.pulls.at(-1)).toBe('full');
  });

  it('ends although its pull fails', async () => {
    const stream = await started();
    client.next(FAILURE);
    await Promise.all([stream.refresh(), advance(0)]);
    expect(consumer.failures).toEqual([1]);
  });

  it('ends when the stream stops in the middle of its pull', async () => {
    const stream = await started();
    heldPull();
    const refreshed = stream.refresh();
    await advance(0);
    await stream.stop();
    await expect(refreshed).resolves.toBeUndefined();
  });

  it('ends at once after the stop, and when there was no start', async () => {
    const stream = await started();
    await stream.stop();
    await expect(stream.refresh()).resolves.toBeUndefined();
    await expect(stream.resync()).resolves.toBeUndefined();
    const idle = new LapiStream(client, ALONE, consumer, TIMES, systemClock, fakeLog().log);
    const refreshed = idle.refresh();
    await idle.stop();
    await expect(refreshed).resolves.toBeUndefined();
  });

  it('of everything pulls everything', async () => {
    const stream = await started();
    await Promise.all([stream.resync(), advance(0)]);
    expect(client.pulls).toEqual(['full', 'full']);
  });

  it('of everything, asked for while everything is being pulled, is not taken for that pull', async () => {
    const held = heldPull();
    const stream = await started();
    void stream.resync();
    await advance(0);
    held.end({ kind: 'batch', batch: batchOf('full') });
    await advance(0);
    expect(client.pulls).toEqual(['full', 'full']);
  });
});
