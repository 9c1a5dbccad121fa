import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecisionStore } from '../../bouncer/decisions/store.ts';
import { judge } from '../../bouncer/decisions/verdict.ts';
import { buildBanSet } from '../../bouncer/enforce/ruleset.ts';
import { IpSet } from '../../bouncer/ipset/ip-set.ts';
import type { Decision } from '../../bouncer/shared/domain/decision.ts';
import type { BanSet } from '../../bouncer/shared/domain/ruleset.ts';
import { type Address, comparePrefixes, covers, isAddress, type Prefix } from '../../bouncer/shared/net/prefix.ts';
import { decisionOf } from '../support/fake-decision.ts';
import { anyPrefix, SAMPLES } from '../support/fake-prefixes.ts';

const world = fc.record({
  decisions: fc.array(fc.record({ prefix: anyPrefix, type: fc.constantFrom('ban', 'ban', 'captcha', 'tarpit') }), {
    maxLength: 12,
  }),
  /** Of these some are lifted again, by their number. */
  lifted: fc.array(fc.nat(11), { maxLength: 4 }),
  allowlist: fc.array(anyPrefix, { maxLength: 5 }),
  fallback: fc.constantFrom('ban' as const, 'allow' as const),
});

type World = typeof world extends fc.Arbitrary<infer Value> ? Value : never;

function build({ decisions, lifted, allowlist, fallback }: World) {
  const store = new DecisionStore(fallback);
  const told = decisions.map(({ prefix, type }, id) => decisionOf(id, prefix, { type }));
  store.apply([], told);
  store.apply(lifted, []);
  const live = told.filter(({ id }) => !lifted.includes(id));
  const allowed = IpSet.from(allowlist);
  return { store, live, allowed, bans: buildBanSet(store.banned, allowed) };
}

/** Invariant of `BanSet`, word for word. */
function isBanned({ addresses, ranges, exceptions }: BanSet, address: Address): boolean {
  const isIn = (prefixes: readonly Prefix[]) => prefixes.some((prefix) => covers(prefix, address));
  return [...addresses].includes(address) || (isIn(ranges) && !isIn(exceptions));
}

/** Too simple to be wrong. */
function oracle({ allowlist, fallback }: World, decisions: readonly Decision[], address: Address): boolean {
  const asks = ({ type }: Decision) => type === 'ban' || fallback === 'ban';
  return (
    decisions.some((decision) => asks(decision) && covers(decision.prefix, address)) &&
    !allowlist.some((prefix) => covers(prefix, address))
  );
}

function expectLeastWords({ addresses: sequence, ranges, exceptions }: BanSet): void {
  const addresses = [...sequence];
  expect(addresses.map((_, i) => sequence.at(i))).toEqual(addresses);
  expect([sequence.length, sequence.at(-1), sequence.at(addresses.length)]).toEqual([
    addresses.length,
    undefined,
    undefined,
  ]);
  for (const list of [addresses, ranges, exceptions]) {
    expect(list).toEqual([...list].sort(comparePrefixes));
    for (const prefix of list) expect(list.filter((other) => covers(other, prefix))).toEqual([prefix]);
  }
  expect(addresses.every(isAddress) && !ranges.some(isAddress)).toBe(true);
  const isInRange = (prefix: Prefix) => ranges.some((range) => covers(range, prefix));
  expect(addresses.filter(isInRange)).toEqual([]);
  expect(exceptions.filter((prefix) => !isInRange(prefix))).toEqual([]);
}

describe('the enforced set', () => {
  it('bans exactly what the decisions ask for and the allowlist does not spare; people are told the same', () => {
    fc.assert(
      fc.property(world, (given) => {
        const { store, allowed, bans, live } = build(given);
        for (const address of SAMPLES) {
          const wanted = oracle(given, live, address);
          expect(isBanned(bans, address), address).toBe(wanted);
          const verdict = judge(store.covering(address), allowed.coverings(address), given.fallback);
          expect(verdict.outcome === 'banned', address).toBe(wanted);
        }
        expectLeastWords(bans);
      }),
      { numRuns: 600 },
    );
  });

  it('does not depend on the order in which anything was told, nor on what was lifted meanwhile', () => {
    fc.assert(
      fc.property(world, (given) => {
        const { live, bans } = build(given);
        const store = new DecisionStore(given.fallback);
        store.replaceAll(live.toReversed());
        const again = buildBanSet(store.banned, IpSet.from(given.allowlist.toReversed()));
        expect(JSON.stringify(again)).toBe(JSON.stringify(bans));
      }),
      { numRuns: 150 },
    );
  });
});
