import { beforeEach, describe, expect, it } from 'vitest';
import { DecisionStore } from '../../bouncer/decisions/store.ts';
import { DesiredState } from '../../bouncer/enforce/desired.ts';
import type { Address, Prefix } from '../../bouncer/shared/net/prefix.ts';
import type { EffectiveSettings } from '../../bouncer/state/settings-keeper.ts';
import { decisionOf, prefixOf } from '../support/fake-decision.ts';

let settings: EffectiveSettings;
let allowlist: Prefix[];
let store: DecisionStore;
let desired: DesiredState;
let changes: boolean[];

beforeEach(() => {
  settings = { enabled: true, policy: 'enforce', change: undefined };
  allowlist = [];
  store = new DecisionStore('ban');
  desired = new DesiredState(store, {
    settings: () => settings,
    allowlist: () => allowlist,
    action: { kind: 'status', status: 403 },
    logBlocked: 'keep',
  });
  changes = [];
  desired.on('change', (isUrgent) => changes.push(isUrgent));
});

const addresses = () => {
  const bans = desired.current?.ruleset?.bans;
  return bans && [...bans.addresses];
};

describe('what is wanted', () => {
  it('is nothing at all until something is known: an empty set is not "no data"', () => {
    expect(desired.current).toBeUndefined();
    desired.completed();
    expect(desired.current).toMatchObject({ addOnly: false, ruleset: { bans: { ranges: [] } } });
    expect(addresses()).toEqual([]);
  });

  it('may only be added after a restore, and everything after a complete pull', () => {
    store.replaceAll([decisionOf(1, '192.0.2.1')]);
    desired.restored();
    expect(desired.current?.addOnly).toBe(true);
    expect(addresses()).toEqual(['192.0.2.1']);
    const { version = 0 } = desired.current ?? {};
    desired.completed();
    expect(desired.current?.addOnly).toBe(false);
    expect(desired.current?.version).toBeGreaterThan(version);
  });

  it('is that our rules go when protection is off, also before anything else is known', () => {
    settings = { ...settings, enabled: false, change: 'c1' };
    desired.changed();
    expect(desired.current).toMatchObject({ ruleset: undefined, addOnly: false, change: 'c1' });
  });

  it('is nothing that can be told of a single address until LAPI said everything', () => {
    const [restored, banned] = [prefixOf('192.0.2.1') as Address, prefixOf('192.0.2.2') as Address];
    store.replaceAll([decisionOf(1, '192.0.2.1')]);
    desired.restored();
    expect([desired.blocks(restored), desired.blocks(banned)]).toEqual([undefined, undefined]);
    store.replaceAll([decisionOf(2, '192.0.2.2')]);
    desired.completed();
    expect([desired.blocks(restored), desired.blocks(banned)]).toEqual([false, true]);
  });

  it('is that nobody is blocked while protection is off', () => {
    store.replaceAll([decisionOf(1, '192.0.2.1')]);
    desired.completed();
    const [address] = addresses() ?? [];
    expect(address !== undefined && desired.blocks(address)).toBe(true);
    settings = { ...settings, enabled: false };
    desired.changed();
    expect(address !== undefined && desired.blocks(address)).toBe(false);
  });
});

describe('a change', () => {
  beforeEach(() => {
    desired.completed();
    changes = [];
  });

  it('of decisions is told, and nobody waits for it', () => {
    store.apply([], [decisionOf(1, '192.0.2.1')]);
    desired.changed();
    expect(changes).toEqual([false]);
    expect(addresses()).toEqual(['192.0.2.1']);
  });

  it.each([
    ['of the allowlist', () => void (allowlist = [prefixOf('192.0.2.0/24')])],
    ['of the policy', () => void (settings = { ...settings, policy: 'monitor' })],
    ['of the switch', () => void (settings = { ...settings, enabled: false })],
    [
      'of the name of the last change, which somebody waits to see',
      () => void (settings = { ...settings, change: 'c2' }),
    ],
  ])('%s is told as urgent', (_, change) => {
    change();
    desired.changed();
    expect(changes).toEqual([true]);
  });

  it('that is none is not told', () => {
    const { version } = desired.current ?? {};
    desired.changed();
    desired.completed();
    store.apply([99], []);
    desired.changed();
    expect(changes).toEqual([]);
    expect(desired.current?.version).toBe(version);
  });

  it('of a decision that another one on the same prefix hides is not told', () => {
    store.apply([], [decisionOf(1, '192.0.2.1')]);
    desired.changed();
    store.apply([1], [decisionOf(2, '192.0.2.1')]);
    store.apply([], [decisionOf(3, '192.0.2.1', { type: 'captcha' })]);
    const { generation } = store;
    store.apply([3], []);
    expect(store.generation).toBe(generation);
  });

  it('of the allowlist frees an address inside a banned range, and binds it again', () => {
    store.apply([], [decisionOf(1, '192.0.2.0/24')]);
    allowlist = [prefixOf('192.0.2.7')];
    desired.changed();
    expect(addresses()).toEqual([]);
    expect(desired.current?.ruleset?.bans).toEqual({
      addresses: expect.anything() as unknown,
      ranges: ['192.0.2.0/24'],
      exceptions: ['192.0.2.7'],
    });
    expect(desired.allowedBy(prefixOf('192.0.2.7'))).toEqual(['192.0.2.7']);
    allowlist = [];
    desired.changed();
    expect(desired.current?.ruleset?.bans.exceptions).toEqual([]);
  });
});
