import { expect, it } from 'vitest';
import { DecisionStore } from '../../bouncer/decisions/store.ts';
import type { Decision } from '../../bouncer/shared/domain/decision.ts';
import { formatPrefix, type Prefix } from '../../bouncer/shared/net/prefix.ts';
import { randomWords } from '../bench/measure/blocklist.ts';

const SCENARIOS = ['crowdsecurity/ssh-bf', 'crowdsecurity/http-probing', 'manual'];
const ORIGINS = ['crowdsec', 'CAPI', 'lists:one'];

const next = randomWords(0x51ab3d07);
const oneOf = <Value>(values: readonly Value[]): Value => values[next() % values.length]!;

/** So few that many decisions share one, of both families and all lengths. */
const PREFIXES: readonly Prefix[] = Array.from({ length: 700 }, () => {
  const words = [next(), next() % 3, 0, next() % 5];
  return next() % 4 === 0
    ? formatPrefix(6, words, oneOf([48, 64, 128]))!
    : formatPrefix(4, words, oneOf([16, 24, 32]))!;
});

/** Ids of LAPI's first database and of one that has counted past 32 bits. */
const idAt = (number: number) => (number % 3 === 0 ? number + 2 ** 33 : number);

function anyDecision(ids: number): Decision {
  return {
    id: idAt(next() % ids),
    origin: oneOf(ORIGINS),
    scenario: oneOf(SCENARIOS),
    type: oneOf(['ban', 'ban', 'captcha']),
    prefix: oneOf(PREFIXES),
    expiresAt: (1 + (next() % 5_000)) * 10_000,
  };
}

const byId = (decisions: Iterable<Decision>) => [...decisions].sort((a, b) => a.id - b.id);
const unique = (decisions: readonly Decision[]) => [...new Map(decisions.map((each) => [each.id, each])).values()];

function expectToHold(store: DecisionStore, known: ReadonlyMap<number, Decision>): void {
  const all = [...known.values()];
  expect(store.size).toBe(known.size);
  expect(byId(store.values())).toEqual(byId(all));
  const soonest = all.reduce((least, { expiresAt }) => Math.min(least, expiresAt), Infinity);
  expect(store.nextExpiry ?? Infinity).toBe(soonest);
  expect(store.banned.size).toBe(new Set(all.filter(({ type }) => type === 'ban').map(({ prefix }) => prefix)).size);
  expect(store.counts.rows.reduce((sum, { count }) => sum + count, 0)).toBe(known.size);
  const asked = oneOf(PREFIXES);
  const onIt = all.filter(({ prefix }) => prefix === asked);
  expect(byId(store.covering(asked).filter(({ prefix }) => prefix === asked))).toEqual(byId(onIt));
}

it('holds thousands of decisions as a map would, while they come, change, go, and run out', () => {
  const store = new DecisionStore('allow');
  let known = new Map<number, Decision>();
  let now = 0;
  for (let step = 0; step < 120; step++) {
    const kind = next() % 8;
    if (kind === 0) {
      const all = unique(Array.from({ length: next() % 3_000 }, () => anyDecision(4_000)));
      store.replaceAll(all);
      known = new Map(all.map((decision) => [decision.id, decision]));
    } else if (kind === 1) {
      now = (next() % 2_000) * 10_000;
      const ended = [...known.values()].filter(({ expiresAt }) => expiresAt <= now);
      expect(store.expire(now)).toBe(ended.length);
      for (const { id } of ended) known.delete(id);
    } else {
      const deleted = Array.from({ length: next() % 400 }, () => idAt(next() % 4_000));
      const added = unique(Array.from({ length: next() % 400 }, () => anyDecision(4_000)));
      const gone = [...new Set(deleted)].filter((id) => known.delete(id));
      expect([...store.apply(deleted, added).removedIds].sort()).toEqual(gone.sort());
      for (const decision of added) known.set(decision.id, decision);
    }
    expectToHold(store, known);
  }
});

it('is as right after most of a large set has gone, and when it is large again', () => {
  const store = new DecisionStore('allow');
  const count = 90_000;
  const many = Array.from({ length: count }, (_, i): Decision => ({ ...anyDecision(1), id: idAt(i) }));
  const few = many.filter((_, i) => i % 9_000 === 5);
  for (const all of [many, few, many, few]) {
    const { removedIds } = store.replaceAll(all);
    expect(removedIds).toHaveLength(all === few ? count - few.length : 0);
    expectToHold(store, new Map(all.map((decision) => [decision.id, decision])));
  }
  store.apply(
    few.map(({ id }) => id),
    many.slice(0, 3),
  );
  expectToHold(store, new Map(many.slice(0, 3).map((decision) => [decision.id, decision])));
});
