import { describe, expect, it } from 'vitest';
import { DecisionStore } from '../../bouncer/decisions/store.ts';
import type { Decision } from '../../bouncer/shared/domain/decision.ts';
import { formatPrefix } from '../../bouncer/shared/net/prefix.ts';
import { decisionOf } from '../support/fake-decision.ts';

/** Decisions on prefixes of which each has a few, of both families, with ids of a database that has seen billions. */
function decisionsOf(count: number, changes: (i: number) => Partial<Decision> = () => ({})): Decision[] {
  return Array.from({ length: count }, (_, i) => {
    const place = (i * 7) % 211;
    const prefix = i % 3 === 0 ? formatPrefix(6, [0x2001_0db8, place], 64)! : formatPrefix(4, [place << 8], 24)!;
    const [id, expiresAt] = [i % 2 === 0 ? i : i + 2 ** 33, 10_000 * (1 + ((i * 37) % 499))];
    return { ...decisionOf(id, '::'), prefix, expiresAt, type: i % 5 === 0 ? 'captcha' : 'ban', ...changes(i) };
  });
}

function expectToHold(store: DecisionStore, decisions: readonly Decision[]): void {
  const inOrder = (list: Iterable<Decision>) => [...list].sort((a, b) => a.id - b.id);
  expect(store.size).toBe(decisions.length);
  expect(inOrder(store.values())).toEqual(inOrder(decisions));
  const banned = new Set(decisions.filter(({ type }) => type === 'ban').map(({ prefix }) => prefix));
  expect(new Set(store.banned.maximal())).toEqual(banned);
  expect(store.nextExpiry ?? Infinity).toBe(Math.min(...decisions.map(({ expiresAt }) => expiresAt)));
  for (const { prefix } of decisions.slice(0, 20)) {
    expect(inOrder(store.covering(prefix))).toEqual(inOrder(decisions.filter((other) => other.prefix === prefix)));
  }
}

describe('hundreds of decisions', () => {
  it('are all there while many come, change, go and run out', () => {
    const store = new DecisionStore('allow');
    const first = decisionsOf(500);
    store.apply([], first);
    expectToHold(store, first);
    const changed = decisionsOf(250, (i) => ({ expiresAt: 10_000 * (1 + ((i * 53) % 307)), origin: 'CAPI' }));
    store.apply([], changed);
    const second = [...changed, ...first.slice(250)];
    expectToHold(store, second);
    const gone = second.filter((_, i) => i % 4 === 1);
    expect(store.apply(gone.map(({ id }) => id), []).removedIds).toHaveLength(125); // prettier-ignore
    const third = second.filter((_, i) => i % 4 !== 1);
    expectToHold(store, third);
    const left = third.filter(({ expiresAt }) => expiresAt > 1_000_000);
    expect(store.expire(1_000_000)).toBe(third.length - left.length);
    expectToHold(store, left);
    expect(store.replaceAll(first.slice(0, 7)).removedIds).toHaveLength(left.filter(({ id }) => !first.slice(0, 7).some((kept) => kept.id === id)).length); // prettier-ignore
    expectToHold(store, first.slice(0, 7));
    store.apply([], first);
    expectToHold(store, first);
    expect(store.expire(Infinity)).toBe(500);
    expectToHold(store, []);
  });
});
