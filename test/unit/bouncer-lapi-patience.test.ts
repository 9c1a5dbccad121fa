import { afterEach, describe, expect, it, vi } from 'vitest';
import { LapiClient, type PullResult } from '../../bouncer/lapi/client.ts';
import { explainError, explainStatus } from '../../bouncer/lapi/failure.ts';
import { LapiStream } from '../../bouncer/lapi/stream.ts';
import { systemClock } from '../../bouncer/shared/runtime/clock.ts';
import { Secret } from '../../bouncer/shared/runtime/secret.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { ALONE, batchOf, FAILURE, FakeConsumer, FakeLapiClient } from '../support/fake-lapi-client.ts';
import { FakeLapi, KEY } from '../support/fake-lapi.ts';
import { fakeLog } from '../support/fake-log.ts';

const LAPI = 'http://lapi:8080';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('how long LAPI is waited for', () => {
  it('is less for changes than for everything', async () => {
    const lapi = await FakeLapi.http();
    lapi.answer = () => undefined;
    const endpoint = { url: lapi.url, certificates: {} };
    const limits = { firstByteMs: 600_000, deltaFirstByteMs: 50, pullMs: 600_000 };
    const client = new LapiClient(endpoint, new Secret(KEY), '1.2.3', new FakeClock(), limits);
    const changes = await client.pull('delta', new AbortController().signal);
    expect(changes).toMatchObject({ kind: 'failed', reason: 'timeout' });
    const everything = client.pull('full', AbortSignal.timeout(1_500));
    expect(await everything).not.toMatchObject({ message: expect.stringContaining('Headers Timeout') as string });
    await client.close();
    await lapi.stop();
  });
});

describe('a LAPI that asks for a pause', () => {
  it('with 429 is said to be asked too often, and not to be something else than LAPI', () => {
    const failure = explainStatus(429, '{"message":"slow down"}', LAPI, '7');
    expect(failure).toMatchObject({ reason: 'busy', retryAfterMs: 7_000 });
    expect(failure.message).toContain('HTTP 429): {"message":"slow down"}');
    expect(failure.hint).toContain('CROWDSEC_POLL_INTERVAL');
  });

  it.each([
    ['0', 0],
    ['30', 30_000],
    ['86400', 60_000],
    ['Thu, 01 Jan 2026 00:00:20 GMT', 20_000],
    ['Thu, 01 Jan 2020 00:00:00 GMT', 0],
    ['soon', undefined],
    [undefined, undefined],
  ])('in "Retry-After: %s" waits that long, and at most a minute: %s ms', (header, ms) => {
    vi.useFakeTimers({ now: Date.parse('2026-01-01T00:00:00Z') });
    expect(explainStatus(503, '', LAPI, header).retryAfterMs).toBe(ms);
  });

  it('is not asked before, and at its own pace afterwards', async () => {
    vi.useFakeTimers();
    vi.spyOn(Math, 'random').mockReturnValue(1);
    const client = new FakeLapiClient();
    const times: number[] = [];
    const answers: PullResult[] = [
      { ...FAILURE, retryAfterMs: 20_000 },
      FAILURE,
      { kind: 'batch', batch: batchOf('full') },
    ];
    client.answer = () => {
      times.push(performance.now());
      return Promise.resolve(answers.shift() ?? FAILURE);
    };
    const consumer = new FakeConsumer();
    const stream = new LapiStream(
      client,
      ALONE,
      consumer,
      { pollMs: 10_000, resyncMs: 60_000 },
      systemClock,
      fakeLog().log,
    );
    const startedAt = performance.now();
    stream.start();
    await vi.advanceTimersByTimeAsync(25_000);
    expect(times.map((at) => Math.round(at - startedAt))).toEqual([0, 20_000, 21_000]);
    await stream.stop();
  });
});

describe('a machine that has no more of something', () => {
  it.each(['EMFILE', 'ENFILE', 'ENOBUFS', 'EADDRNOTAVAIL'])('is not taken for a LAPI that is wrong: %s', (code) => {
    const error = Object.assign(new Error(`connect ${code} 127.0.0.1:8080`), { code });
    const failure = explainError(error, LAPI);
    expect(failure.reason).toBe('local');
    expect(failure.message).toContain(code);
    expect(failure.hint).toContain('LimitNOFILE');
  });
});
