import { beforeEach, describe, expect, it } from 'vitest';
import type { PullRight, PullTerms } from '../../bouncer/lapi/pull-right.ts';
import { decisionOf } from '../support/fake-decision.ts';
import { batchOf } from '../support/fake-lapi-client.ts';
import { fakeLog } from '../support/fake-log.ts';
import { advance, client, consumer, heldPull, started, useFakeStream } from '../support/fake-stream.ts';

useFakeStream();

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
    expect(consumer.batches.flatMap(({ decisions }) => [...decisions])).toEqual([]);
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
