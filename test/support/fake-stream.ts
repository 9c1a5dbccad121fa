import { afterEach, beforeEach, expect, vi } from 'vitest';
import type { PullResult } from '../../bouncer/lapi/client.ts';
import { LapiStream, type StreamTimes } from '../../bouncer/lapi/stream.ts';
import { systemClock } from '../../bouncer/shared/runtime/clock.ts';
import { ALONE, FAILURE, FakeConsumer, FakeLapiClient } from './fake-lapi-client.ts';
import { fakeLog } from './fake-log.ts';

export const TIMES: StreamTimes = { pollMs: 10_000, resyncMs: 600_000 };

export let client: FakeLapiClient;
export let consumer: FakeConsumer;
let streams: LapiStream[];

/** Around each test: a clock that stands still, a LAPI and a consumer of the test's own, and nothing left behind. */
export function useFakeStream(): void {
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
}

export const advance = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

export async function started(
  times: Partial<StreamTimes> = {},
  logger = fakeLog(),
  right = ALONE,
): Promise<LapiStream> {
  const stream = new LapiStream(client, right, consumer, { ...TIMES, ...times }, systemClock, logger.log);
  streams.push(stream);
  stream.start();
  await advance(0);
  return stream;
}

/** A pull that ends when the test says so. */
export function heldPull(): { readonly begun: Promise<unknown>; end: (result: PullResult) => void } {
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
