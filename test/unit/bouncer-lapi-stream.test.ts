import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PullResult } from '../../bouncer/lapi/client.ts';
import type { PullRight, PullTerms } from '../../bouncer/lapi/pull-right.ts';
import { LapiStream, type StreamTimes } from '../../bouncer/lapi/stream.ts';
import { systemClock } from '../../bouncer/shared/runtime/clock.ts';
import { decisionOf } from '../support/fake-decision.ts';
import { ALONE, batchOf, FAILURE, FakeConsumer, FakeLapiClient } from '../support/fake-lapi-client.ts';
import { fakeLog } from '../support/fake-log.ts';

const TIMES: StreamTimes = { pollMs: 10_000, resyncMs: 600_000 };

let client: FakeLapiClient;
let consumer: FakeConsumer;
let streams: LapiStream[];

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(1); // backoff without jitter: each wait at its longest
  client = new FakeLapiClient();
  consumer = new FakeConsumer();
  streams = [];
});

afterEach(async () => {
  for (const stream of streams) await stream.stop();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const advance = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

async function started(times: Partial<StreamTimes> = {}, logger = fakeLog(), right = ALONE): Promise<LapiStream> {
  const stream = new LapiStream(client, right, consumer, { ...TIMES, ...times }, systemClock, logger.log);
  streams.push(stream);
  stream.start();
  await advance(0);
  return stream;
}

/** A pull that ends when the test says so. */
function heldPull(): { readonly begun: Promise<unknown>; end: (result: PullResult) => void } {
  const begun = new EventTarget();
  const held = {
    begun: new Promise((resolve) => begun.addEventListener('pull', resolve)),
    end: (_: PullResult): void => undefined,
  };
  client.answer = (_, signal) => {
    client.answer = undefined;
    begun.dispatchEvent(new Event('pull'));
    return new Promise((resolve) => {
      held.end = resolve;
      signal.addEventListener('abort', () => resolve({ ...FAILURE, reason: 'stopped' }));
    });
  };
  return held;
}

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

describe('a full reply that lacks most of what is known', () => {
  const ten = Array.from({ length: 10 }, (_, i) => decisionOf(i, `10.0.0.${i}`));
  const ids = () => consumer.batches.map(({ decisions }) => decisions.map(({ id }) => id).sort((a, b) => a - b));

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
    expect(consumer.batches[0]?.decisions).toEqual([longer]);
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

describe('in a fleet', () => {
  const FIRST: PullTerms = { lease: '1 a', isShared: false };
  let terms: PullTerms | undefined;
  let pulled: number;
  const right: PullRight = { terms: () => Promise.resolve(terms), pulled: () => pulled++ };

  beforeEach(() => {
    terms = FIRST;
    pulled = 0;
  });

  it('nothing is pulled while another may, and a refresh does not wait for it', async () => {
    terms = undefined;
    const stream = await started({}, fakeLog(), right);
    await Promise.all([stream.refresh(), advance(0)]);
    await advance(3_600_000);
    expect(client.pulls).toEqual([]);
  });

  it('whoever gets the right pulls everything when it is told so', async () => {
    terms = undefined;
    const stream = await started({}, fakeLog(), right);
    terms = FIRST;
    await Promise.all([stream.resync(), advance(0)]);
    expect(client.pulls).toEqual(['full']);
  });

  it('everything is pulled at each poll while somebody else may be pulling with the same key', async () => {
    await started({}, fakeLog(), right);
    terms = { ...FIRST, isShared: true };
    await advance(20_000);
    terms = FIRST;
    await advance(10_000);
    expect(client.pulls).toEqual(['full', 'full', 'full', 'delta']);
  });

  it('and a refresh in between still asks for changes, which come quickly where they come', async () => {
    const stream = await started({}, fakeLog(), right);
    terms = { ...FIRST, isShared: true };
    await Promise.all([stream.refresh(), advance(0)]);
    expect(client.pulls).toEqual(['full', 'delta']);
  });

  it('everything that is expensive is pulled less often', async () => {
    terms = { ...FIRST, isShared: true };
    client.answer = async (kind) => {
      if (kind === 'full') await new Promise((resolve) => setTimeout(resolve, 4_000));
      return { kind: 'batch', batch: batchOf(kind) };
    };
    await started({}, fakeLog(), right);
    await advance(60_000);
    expect(client.pulls).toEqual(['full', 'delta', 'delta', 'delta', 'full', 'delta']);
  });

  it.each([
    ['by another process', undefined],
    ['and had again', { ...FIRST, lease: '2 a' }],
  ])('a reply that comes when the lease was lost %s is not used, and everything is pulled next', async (_, later) => {
    const held = heldPull();
    const stream = await started({}, fakeLog(), right);
    await held.begun;
    terms = later;
    held.end({ kind: 'batch', batch: batchOf('full', [decisionOf(1, '192.0.2.1')]) });
    await advance(0);
    expect(pulled).toBeGreaterThan(0);
    terms = FIRST;
    await Promise.all([stream.refresh(), advance(0)]);
    expect(client.pulls.slice(0, 2)).toEqual(['full', 'full']);
    expect(consumer.batches.flatMap(({ decisions }) => decisions)).toEqual([]);
  });

  it('a reply is used when Redis went meanwhile, and nobody can say who else pulls', async () => {
    const held = heldPull();
    await started({}, fakeLog(), right);
    await held.begun;
    terms = { lease: undefined, isShared: true };
    held.end({ kind: 'batch', batch: batchOf('full') });
    await advance(0);
    expect(consumer.batches).toHaveLength(1);
  });
});
