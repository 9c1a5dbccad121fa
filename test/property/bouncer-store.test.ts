import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CountRow } from '../../bouncer/decisions/counts.ts';
import type { Remediation } from '../../bouncer/decisions/remediation.ts';
import { DecisionStore, type StoreChange } from '../../bouncer/decisions/store.ts';
import type { Decision } from '../../bouncer/shared/domain/decision.ts';
import { covers, familyOf, type Prefix } from '../../bouncer/shared/net/prefix.ts';
import { decisionOf } from '../support/fake-decision.ts';
import { anyPrefix, SAMPLES } from '../support/fake-prefixes.ts';

/** Moments are this far apart, so that two readings of one expiry are never taken for two of them. */
const TICK_MS = 10_000;

const anyId = fc.nat(9);
const anyDecision = fc
  .record({
    id: anyId,
    prefix: anyPrefix,
    type: fc.constantFrom('ban', 'ban', 'captcha', 'tarpit'),
    origin: fc.constantFrom('cscli', 'CAPI', 'lists:one', 'lists:two', 'crowdsec'),
    ticks: fc.nat(6),
  })
  .map(({ id, prefix, ticks, ...rest }) => decisionOf(id, prefix, { ...rest, expiresAt: ticks * TICK_MS }));

const anyStep = fc.oneof(
  { weight: 5, arbitrary: fc.record({ deleted: fc.array(anyId, { maxLength: 4 }), added: fc.array(anyDecision, { maxLength: 4 }) }) }, // prettier-ignore
  { weight: 2, arbitrary: fc.record({ all: fc.uniqueArray(anyDecision, { selector: ({ id }) => id, maxLength: 8 }) }) },
  { weight: 2, arbitrary: fc.record({ now: fc.nat(7).map((ticks) => ticks * TICK_MS) }) },
);
type Step = typeof anyStep extends fc.Arbitrary<infer Value> ? Value : never;

const anyHistory = fc.record({
  fallback: fc.constantFrom<Remediation>('ban', 'allow'),
  steps: fc.array(anyStep, { maxLength: 12, size: 'max' }),
});

function forgetExpired(decisions: Map<number, Decision>, now: number): void {
  for (const [id, { expiresAt }] of decisions) if (expiresAt <= now) decisions.delete(id);
}

/** The store as a list; every question is a scan. */
class NaiveStore {
  decisions = new Map<number, Decision>();
  readonly #fallback: Remediation;

  constructor(fallback: Remediation) {
    this.#fallback = fallback;
  }

  take(step: Step): void {
    if ('all' in step) this.decisions = new Map(step.all.map((decision) => [decision.id, decision]));
    else if ('now' in step) forgetExpired(this.decisions, step.now);
    else {
      for (const id of step.deleted) this.decisions.delete(id);
      for (const decision of step.added) this.decisions.set(decision.id, decision);
    }
  }

  get banned(): Prefix[] {
    const asking = [...this.decisions.values()].filter(({ type }) => type === 'ban' || this.#fallback === 'ban');
    return [...new Set(asking.map(({ prefix }) => prefix))].sort();
  }

  covering(prefix: Prefix): number[] {
    return [...this.decisions.values()]
      .filter((decision) => covers(decision.prefix, prefix))
      .map(({ id }) => id)
      .sort();
  }

  get nextExpiry(): number | undefined {
    const all = [...this.decisions.values()].map(({ expiresAt }) => expiresAt);
    return all.length === 0 ? undefined : Math.min(...all);
  }

  get rows(): string[] {
    const counts = new Map<string, number>();
    for (const { origin, type, prefix } of this.decisions.values()) {
      const key = [origin, type, familyOf(prefix)].join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return [...counts].map((entry) => entry.join('=')).sort();
  }
}

function take(store: DecisionStore, step: Step): StoreChange | undefined {
  if ('all' in step) return store.replaceAll(step.all);
  if ('now' in step) return void store.expire(step.now);
  return store.apply(step.deleted, step.added);
}

const rowText = ({ origin, type, family, count }: CountRow) => `${[origin, type, family].join()}=${count}`;
const bannedIn = (store: DecisionStore) =>
  [...new Set(SAMPLES.flatMap((address) => store.banned.coverings(address)))].sort();
const byId = (decisions: Iterable<Decision>) => [...decisions].sort((a, b) => a.id - b.id);

/** Calls `check` after every step of a random history. */
function afterEveryStep(check: (store: DecisionStore, naive: NaiveStore, step: Step, change?: StoreChange) => void) {
  fc.assert(
    fc.property(anyHistory, ({ fallback, steps }) => {
      const store = new DecisionStore(fallback);
      const naive = new NaiveStore(fallback);
      for (const step of steps) {
        const change = take(store, step);
        naive.take(step);
        check(store, naive, step, change);
      }
    }),
    { numRuns: 300 },
  );
}

describe('the store of decisions, after any history', () => {
  it('holds the decisions that a plain list would', () => {
    afterEveryStep((store, naive) => {
      expect(store.size).toBe(naive.decisions.size);
      expect(byId(store.values())).toEqual(byId(naive.decisions.values()));
    });
  });

  it('bans a prefix if and only if a live decision on it asks for that', () => {
    afterEveryStep((store, naive) => {
      expect(bannedIn(store)).toEqual(naive.banned);
      expect(store.banned.size).toBe(naive.banned.length);
    });
  });

  it('finds every decision that covers an address', () => {
    afterEveryStep((store, naive) => {
      for (const address of [SAMPLES[0], SAMPLES[8], SAMPLES[12]].filter((each) => each !== undefined))
        expect(store.covering(address).map(({ id }) => id).sort()).toEqual(naive.covering(address)); // prettier-ignore
    });
  });

  it('is the same as one that was told the final list only', () => {
    fc.assert(
      fc.property(anyHistory, ({ fallback, steps }) => {
        const store = new DecisionStore(fallback);
        for (const step of steps) take(store, step);
        const rebuilt = new DecisionStore(fallback);
        rebuilt.replaceAll([...store.values()].reverse());
        expect([...store.banned.maximal()]).toEqual([...rebuilt.banned.maximal()]);
        expect(store.counts.rows.map(rowText).sort()).toEqual(rebuilt.counts.rows.map(rowText).sort());
        expect(store.nextExpiry).toBe(rebuilt.nextExpiry);
      }),
      { numRuns: 600 },
    );
  });

  it('counts what is there', () => {
    afterEveryStep((store, naive) => {
      expect(store.counts.rows.map(rowText).sort()).toEqual(naive.rows);
      const { local, community, lists } = store.counts.byOrigin;
      expect(local + community + lists).toBe(store.size);
    });
  });

  it('knows when the next decision runs out, and holds none that has', () => {
    afterEveryStep((store, naive, step) => {
      expect(store.nextExpiry).toBe(naive.nextExpiry);
      if ('now' in step) expect([...store.values()].filter(({ expiresAt }) => expiresAt <= step.now)).toEqual([]);
    });
  });

  it('has another generation whenever the banned set is another', () => {
    const seen = new WeakMap<DecisionStore, { generation: number; banned: string }>();
    afterEveryStep((store) => {
      const before = seen.get(store) ?? { generation: 0, banned: '' };
      const now = { generation: store.generation, banned: bannedIn(store).join() };
      if (before.banned !== now.banned) expect(now.generation).toBeGreaterThan(before.generation);
      seen.set(store, now);
    });
  });

  it('keeps its generation when it is told again what it knows', () => {
    afterEveryStep((store) => {
      const { generation } = store;
      const known = [...store.values()];
      store.replaceAll(known);
      store.apply([], known);
      store.apply([999], []);
      const renewed = known.map((decision) => ({ ...decision, expiresAt: decision.expiresAt + 1 }));
      store.replaceAll(renewed);
      expect(store.generation).toBe(generation);
    });
  });

  it('tells whoever watches it each prefix that is banned or no longer', () => {
    fc.assert(
      fc.property(anyHistory, ({ fallback, steps }) => {
        const store = new DecisionStore(fallback);
        const mirror = new Set<Prefix>();
        store.watch((prefix) => {
          if (!mirror.delete(prefix)) mirror.add(prefix);
        });
        for (const step of steps) {
          take(store, step);
          expect([...mirror].sort()).toEqual(bannedIn(store));
        }
      }),
      { numRuns: 600 },
    );
  });

  it('tells changes from which a copy can be kept', () => {
    const copies = new WeakMap<DecisionStore, Map<number, Decision>>();
    afterEveryStep((store, _, step, change) => {
      const copy = copies.get(store) ?? new Map<number, Decision>();
      copies.set(store, copy);
      for (const id of change?.removedIds ?? []) copy.delete(id);
      for (const decision of change?.added ?? []) copy.set(decision.id, decision);
      if ('now' in step) forgetExpired(copy, step.now);
      expect(byId(copy.values())).toEqual(byId(store.values()));
    });
  });
});
