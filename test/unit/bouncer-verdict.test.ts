import { describe, expect, it } from 'vitest';
import { createFilter } from '../../bouncer/decisions/filter.ts';
import { DecisionStore } from '../../bouncer/decisions/store.ts';
import { judge } from '../../bouncer/decisions/verdict.ts';
import { decisionOf, prefixOf } from '../support/fake-decision.ts';

describe('a verdict', () => {
  const captcha = decisionOf(1, '10.0.0.1', { type: 'captcha', expiresAt: 90_000 });
  const shortBan = decisionOf(2, '10.0.0.0/24', { expiresAt: 10_000 });
  const longBan = decisionOf(3, '10.0.0.0/8', { expiresAt: 20_000 });
  const outcomeOf = (...parameters: Parameters<typeof judge>) => judge(...parameters).outcome;

  it('is clear where no decision is', () => {
    expect(judge([], [], 'ban')).toMatchObject({ outcome: 'clear', decidedBy: undefined });
    expect(outcomeOf([], [prefixOf('10.0.0.1')], 'ban')).toBe('clear');
  });

  it('is decided by the strictest, and of those by the one that lasts longest, wherever it stands', () => {
    for (const decisions of [
      [captcha, shortBan, longBan],
      [longBan, shortBan, captcha],
    ])
      // prettier-ignore
      expect(judge(decisions, [], 'ban').decisions.map(({ id }) => id)).toEqual([3, 2, 1]);
  });

  it('is a ban by range although the narrower decision asks for less', () => {
    expect(outcomeOf([captcha, longBan], [], 'allow')).toBe('banned');
  });

  it('of a type that Caddy cannot do is what the fallback says', () => {
    expect(outcomeOf([captcha], [], 'ban')).toBe('banned');
    expect(outcomeOf([captcha], [], 'allow')).toBe('clear');
  });

  it('is never a ban for an allowlisted address', () => {
    expect(outcomeOf([shortBan, longBan], [prefixOf('10.0.0.0/30')], 'ban')).toBe('allowlisted');
  });
});

describe('one delete', () => {
  it('never lifts a ban that another decision still asks for', () => {
    const store = new DecisionStore('ban');
    store.apply(
      [],
      [decisionOf(1, '10.0.0.1'), decisionOf(2, '10.0.0.1'), decisionOf(3, '10.0.0.1', { type: 'captcha' })],
    );
    const isBanned = () => store.banned.contains('10.0.0.1');
    store.apply([1], []);
    expect(isBanned()).toBe(true);
    store.apply([1, 2], []);
    expect(isBanned()).toBe(true);
    store.apply([3], []);
    expect(isBanned()).toBe(false);
  });

  it('and a renewal in the same reply leave the renewal', () => {
    const store = new DecisionStore('ban');
    store.apply([], [decisionOf(1, '10.0.0.1', { expiresAt: 10_000 })]);
    store.apply([1], [decisionOf(1, '10.0.0.1', { expiresAt: 99_000 })]);
    expect(store.nextExpiry).toBe(99_000);
    expect(store.expire(10_000)).toBe(0);
  });
});

describe('an expiry', () => {
  it.each([
    [9_999, 0],
    [10_000, 1],
    [10_001, 1],
  ])('at %i ms drops %i decision that runs out at 10,000 ms', (now, dropped) => {
    const store = new DecisionStore('ban');
    store.apply([], [decisionOf(1, '10.0.0.1', { expiresAt: 10_000 })]);
    expect(store.expire(now)).toBe(dropped);
    expect(store.size).toBe(1 - dropped);
  });

  it('does not lift a ban that was made longer, nor keep one that was made shorter', () => {
    const store = new DecisionStore('ban');
    store.apply(
      [],
      [decisionOf(1, '10.0.0.1', { expiresAt: 50_000 }), decisionOf(2, '10.0.0.2', { expiresAt: 50_000 })],
    );
    store.apply(
      [],
      [decisionOf(1, '10.0.0.1', { expiresAt: 90_000 }), decisionOf(2, '10.0.0.2', { expiresAt: 10_000 })],
    );
    store.expire(50_000);
    expect([...store.values()].map(({ id }) => id)).toEqual([1]);
  });
});

describe('a filter', () => {
  const everything = { scopes: [], origins: [], scenariosContaining: [], scenariosNotContaining: [] };
  const passes = (filter: Partial<typeof everything> | object, changes = {}, value = '10.0.0.1') =>
    createFilter({ ...everything, ...filter })([decisionOf(1, value, changes)]).length === 1;

  it('that names nothing lets everything pass', () => {
    expect(passes({})).toBe(true);
    expect(passes({}, { origin: '', scenario: '' })).toBe(true);
  });

  it('of scopes goes by what the value is, whatever LAPI calls it', () => {
    expect(passes({ scopes: ['IP'] })).toBe(true);
    expect(passes({ scopes: ['IP'] }, {}, '10.0.0.0/8')).toBe(false);
    expect(passes({ scopes: ['range'] }, {}, '10.0.0.0/8')).toBe(true);
    expect(passes({ scopes: ['range'] }, {}, '10.0.0.1/32')).toBe(false);
  });

  it('of origins ignores case, and "lists" means each of them', () => {
    expect(passes({ origins: ['capi'] }, { origin: 'CAPI' })).toBe(true);
    expect(passes({ origins: ['lists'] }, { origin: 'lists:firehol' })).toBe(true);
    expect(passes({ origins: ['lists:firehol'] }, { origin: 'lists:other' })).toBe(false);
    expect(passes({ origins: ['cscli'] }, { origin: 'cscli-import' })).toBe(false);
  });

  it('of scenarios goes by a part of the name; an unwanted part outweighs a wanted one', () => {
    const scenario = 'crowdsecurity/SSH-bf';
    expect(passes({ scenariosContaining: ['ssh'] }, { scenario })).toBe(true);
    expect(passes({ scenariosContaining: ['http'] }, { scenario })).toBe(false);
    expect(passes({ scenariosNotContaining: ['http', 'SSH'] }, { scenario })).toBe(false);
    expect(passes({ scenariosContaining: ['ssh'], scenariosNotContaining: ['bf'] }, { scenario })).toBe(false);
  });
});
