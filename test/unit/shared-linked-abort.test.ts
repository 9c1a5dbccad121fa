import { getEventListeners } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { LapiClient } from '../../bouncer/lapi/client.ts';
import { linkedAbort } from '../../bouncer/shared/runtime/linked-abort.ts';
import { systemClock } from '../../bouncer/shared/runtime/clock.ts';
import { Secret } from '../../bouncer/shared/runtime/secret.ts';
import { FakeLapi, KEY } from '../support/fake-lapi.ts';

let lapi: FakeLapi | undefined;

afterEach(() => lapi?.stop());

it('is aborted with the first of its sources, and for its reason', () => {
  const [stop, limit] = [new AbortController(), new AbortController()];
  const { signal } = linkedAbort(stop.signal, limit.signal);
  expect(signal.aborted).toBe(false);
  limit.abort(new Error('too late'));
  stop.abort(new Error('stopped'));
  expect(signal.reason).toEqual(new Error('too late'));
});

it('is aborted from the start when a source is', () => {
  const { signal } = linkedAbort(new AbortController().signal, AbortSignal.abort('long ago'));
  expect(signal.reason).toBe('long ago');
});

it('leaves nothing at its sources once it is released', () => {
  const stop = new AbortController();
  const link = linkedAbort(stop.signal);
  expect(getEventListeners(stop.signal, 'abort')).toHaveLength(1);
  link.release();
  expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  stop.abort();
  expect(link.signal.aborted).toBe(false);
});

it('lets hundreds of pulls from LAPI leave nothing at the signal that stops the daemon', async () => {
  lapi = await FakeLapi.http();
  const client = new LapiClient({ url: lapi.url, certificates: {} }, new Secret(KEY), '0', systemClock);
  const stop = new AbortController();
  for (let i = 0; i < 300; i++) expect(await client.pull('delta', stop.signal)).toMatchObject({ kind: 'batch' });
  await client.close();
  expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  expect(dependantsOf(stop.signal)).toBe(0);
});

/** Node's own list of what `AbortSignal.any` made from a signal, which only grows. */
function dependantsOf(signal: AbortSignal): number {
  const held = Object.getOwnPropertySymbols(signal).find(({ description }) => description === 'kDependantSignals');
  const list = held === undefined ? undefined : (signal as unknown as Record<symbol, Set<unknown> | undefined>)[held];
  return list?.size ?? 0;
}
