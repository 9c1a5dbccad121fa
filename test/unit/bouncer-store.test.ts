import { describe, expect, it } from 'vitest';
import { createFilter, type DecisionFilter } from '../../bouncer/decisions/filter.ts';
import { DecisionStore } from '../../bouncer/decisions/store.ts';
import { originKind } from '../../bouncer/shared/domain/decision.ts';
import { decisionOf } from '../support/fake-decision.ts';

const HOUR = 3_600_000;
const known = decisionOf(1, '203.0.113.9', { expiresAt: HOUR });

function storeOf(...decisions: readonly ReturnType<typeof decisionOf>[]): DecisionStore {
  const store = new DecisionStore('ban');
  store.apply([], decisions);
  return store;
}

describe('a decision that is told again', () => {
  const told = (changes: Parameters<typeof decisionOf>[2], value = '203.0.113.9') => {
    const store = storeOf(known);
    const again = decisionOf(1, value, { expiresAt: HOUR, ...changes });
    const { added } = store.apply([], [again]);
    expect([...store.values()]).toEqual([added.length > 0 ? again : known]);
    expect(store.nextExpiry).toBe([...store.values()][0]?.expiresAt);
    return added.length > 0;
  };

  it('is no change, also where its end is read two seconds off', () => {
    expect(told({})).toBe(false);
    expect(told({ expiresAt: HOUR + 2_000 })).toBe(false);
    expect(told({ expiresAt: HOUR - 2_000 })).toBe(false);
  });

  it.each([
    ['its end', { expiresAt: HOUR + 2_001 }],
    ['its end, which is sooner', { expiresAt: HOUR - 2_001 }],
    ['its type', { type: 'captcha' }],
    ['its origin', { origin: 'CAPI' }],
    ['its reason', { scenario: 'crowdsecurity/ssh-bf' }],
  ])('is a change of %s', (_, changes) => expect(told(changes)).toBe(true));

  it('is a change of its address', () => expect(told({}, '203.0.113.10')).toBe(true));
});

describe('a change of the store', () => {
  it('names only the decisions that were there to be removed', () => {
    const store = storeOf(known);
    expect(store.apply([1, 2, 1], []).removedIds).toEqual([1]);
    expect(store.replaceAll([]).removedIds).toEqual([]);
  });

  it('renews a decision that is deleted and made again in one reply', () => {
    const store = storeOf(known);
    expect(store.apply([1], [known])).toEqual({ added: [known], removedIds: [1] });
    expect(store.size).toBe(1);
  });

  it('of the end of a ban alone lifts nothing in between, and so tells nobody', () => {
    const store = storeOf(known);
    const told: string[] = [];
    store.watch((prefix) => told.push(prefix));
    const { generation } = store;
    const longer = decisionOf(1, '203.0.113.9', { expiresAt: 2 * HOUR });
    store.apply([], [longer]);
    store.replaceAll([known]);
    expect([told, store.generation, store.nextExpiry]).toEqual([[], generation, HOUR]);
    store.apply([], [{ ...known, type: 'captcha' }]);
    expect(store.generation).toBeGreaterThan(generation);
    expect(new Set(told)).toEqual(new Set(['203.0.113.9']));
  });

  it('lifts what a full pull no longer has, and keeps the others of the same prefix', () => {
    const three = [1, 2, 3].map((id) => decisionOf(id, '203.0.113.9', { expiresAt: id * HOUR }));
    const store = storeOf(...three);
    expect(store.replaceAll([three[2]!, three[1]!]).removedIds).toEqual([1]);
    expect(store.covering(known.prefix)).toEqual([three[1], three[2]]);
    expect(store.replaceAll([decisionOf(4, '203.0.113.9'), three[2]!]).removedIds).toEqual([2]);
    expect(store.covering(known.prefix).map(({ id }) => id)).toEqual([3, 4]);
    expect(store.replaceAll([]).removedIds).toEqual([4, 3]);
    expect([store.size, store.banned.size, store.nextExpiry]).toEqual([0, 0, undefined]);
  });

  it('is counted against what a full pull would bring, each decision once', () => {
    const second = decisionOf(2, '203.0.113.10');
    const store = storeOf(known, second);
    const missing = (...ids: readonly number[]) => store.countMissing(ids.map((id) => ({ ...known, id })));
    expect([missing(), missing(1), missing(1, 1), missing(2, 1, 3)]).toEqual([2, 1, 1, 0]);
    expect(new DecisionStore('ban').countMissing([known])).toBe(0);
  });
});

describe('a filter of decisions', () => {
  const NOTHING: DecisionFilter = { scopes: [], origins: [], scenariosContaining: [], scenariosNotContaining: [] };
  const range = decisionOf(2, '198.51.100.0/24', { origin: 'lists:firehol', scenario: 'ssh-bf' });
  const all = [known, range];
  const left = (wish: Partial<DecisionFilter>) => [...createFilter({ ...NOTHING, ...wish })(all)].map(({ id }) => id);

  it('that wants everything does not copy it', () => {
    expect(createFilter(NOTHING)(all)).toBe(all);
  });

  it('that wants everything does not look at it either, since it may be a million', () => {
    const unread = Object.assign([...all], { [Symbol.iterator]: () => expect.fail('it was looked at') });
    expect(createFilter(NOTHING)(unread)).toBe(unread);
    expect(() => createFilter({ ...NOTHING, origins: ['cscli'] })(unread)).toThrow('it was looked at');
  });

  it('wants a decision that has any of its words, and none of those that it must not have', () => {
    const words = (scenariosContaining: string[], scenariosNotContaining: string[] = []) =>
      left({ scenariosContaining, scenariosNotContaining });
    expect(words(['SSH', 'manual'])).toEqual([1, 2]);
    expect(words(['ssh', 'http'])).toEqual([2]);
    expect(words([], ['ssh', 'http'])).toEqual([1]);
    expect(words(['ssh'], ['bf'])).toEqual([]);
  });

  it('goes by scope and origin without case; `lists` is every list', () => {
    expect(left({ scopes: ['IP'] })).toEqual([1]);
    expect(left({ scopes: ['range'] })).toEqual([2]);
    expect(left({ origins: ['Lists'] })).toEqual([2]);
    expect(left({ origins: ['lists:other'] })).toEqual([]);
    expect(left({ origins: ['CSCLI', 'lists:FIREHOL'] })).toEqual([1, 2]);
  });
});

describe('where a decision comes from', () => {
  it.each([
    ['CAPI', 'community'],
    ['capi', 'community'],
    ['lists', 'lists'],
    ['Lists:firehol', 'lists'],
    ['listserv', 'local'],
    ['cscli-import', 'local'],
    ['crowdsec', 'local'],
    ['', 'local'],
  ])('is told by its origin: %j is %s', (origin, kind) => expect(originKind(origin)).toBe(kind));
});
