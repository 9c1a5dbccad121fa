/** Which wish is a new one: a push that is not made leaves somebody in, and one too many costs Caddy a reload. */
import { beforeEach, describe, expect, it } from 'vitest';
import { DecisionStore } from '../../bouncer/decisions/store.ts';
import { type Desired, DesiredState, fixed } from '../../bouncer/enforce/desired.ts';
import type { Address, Prefix } from '../../bouncer/shared/net/prefix.ts';
import type { EffectiveSettings } from '../../bouncer/state/settings-keeper.ts';
import { decisionOf, prefixOf } from '../support/fake-decision.ts';

let settings: EffectiveSettings;
let allowlist: Prefix[];
let store: DecisionStore;

beforeEach(() => {
  settings = { enabled: true, policy: 'enforce', change: 'c0' };
  allowlist = [];
  store = new DecisionStore('ban');
});

const stateOf = () =>
  new DesiredState(store, {
    settings: () => settings,
    allowlist: () => allowlist,
    action: { kind: 'status', status: 418 },
    logBlocked: 'skip',
  });

function wishOf(desired: DesiredState): Desired {
  if (desired.current === undefined) throw new Error('nothing is wanted yet');
  return desired.current;
}

const addressesOf = ({ ruleset }: Desired) => [...(ruleset?.bans.addresses ?? [])];

describe('a wish', () => {
  it('is carried out as it is set up, and under the name of its settings', () => {
    store.replaceAll([decisionOf(1, '192.0.2.1')]);
    const desired = stateOf();
    desired.completed();
    expect(wishOf(desired)).toMatchObject({
      change: 'c0',
      addOnly: false,
      ruleset: { policy: 'enforce', action: { kind: 'status', status: 418 }, logBlocked: 'skip' },
    });
    expect(addressesOf(wishOf(desired))).toEqual(['192.0.2.1']);
  });

  it('is new with each change, and only settings and the allowlist are beyond a lane', () => {
    const desired = stateOf();
    desired.completed();
    const seen = [wishOf(desired)];
    const changes = [
      () => void store.apply([], [decisionOf(1, '192.0.2.1')]),
      () => void (allowlist = [prefixOf('192.0.2.0/24')]),
      () => void (settings = { ...settings, policy: 'monitor' }),
      () => void store.apply([1], []),
    ];
    for (const change of changes) {
      change();
      desired.changed();
      seen.push(wishOf(desired));
    }
    expect(seen.map(({ version }) => version - seen[0]!.version)).toEqual([0, 1, 2, 3, 4]);
    expect(seen.map(({ wishVersion }) => wishVersion - seen[0]!.wishVersion)).toEqual([0, 0, 1, 2, 2]);
  });

  it('is the same one for whoever asks twice', () => {
    const desired = stateOf();
    desired.completed();
    store.apply([], [decisionOf(1, '192.0.2.1')]);
    desired.changed();
    const before = wishOf(desired);
    desired.changed();
    expect(wishOf(desired)).toMatchObject({ version: before.version, wishVersion: before.wishVersion });
    const { bans } = desired;
    settings = { ...settings, policy: 'monitor' };
    desired.changed();
    expect(desired.bans).toBe(bans);
  });

  it('restored from an old set is one that somebody has to act on', () => {
    const desired = stateOf();
    let told = 0;
    desired.on('change', () => told++);
    expect(desired.isComplete).toBe(false);
    desired.restored();
    expect(told).toBe(1);
    expect(desired.isComplete).toBe(false);
    desired.completed();
    expect(told).toBe(2);
    expect(desired.isComplete).toBe(true);
  });

  it('is fixed when a push begins, whatever is decided until it ends', () => {
    store.replaceAll([decisionOf(1, '192.0.2.1')]);
    const desired = stateOf();
    desired.completed();
    const live = wishOf(desired);
    const pushed = fixed(live);
    store.apply([], [decisionOf(2, '192.0.2.2')]);
    desired.changed();
    expect(addressesOf(pushed)).toEqual(['192.0.2.1']);
    expect(addressesOf(live)).toEqual(['192.0.2.1', '192.0.2.2']);
    settings = { ...settings, enabled: false };
    expect(fixed(wishOf(desired))).toEqual(wishOf(desired));
  });
});

describe('the sizes of the set', () => {
  it('are those of the rules as they were last made', () => {
    store.replaceAll([decisionOf(1, '192.0.2.1'), decisionOf(2, '10.0.0.0/8'), decisionOf(3, '10.1.0.0/16')]);
    allowlist = [prefixOf('10.0.0.1')];
    const desired = stateOf();
    desired.completed();
    expect(desired.lastCounts).toEqual({ addresses: 1, ranges: 1, exceptions: 1 });
    store.apply([], [decisionOf(4, '192.0.2.2')]);
    desired.changed();
    expect(desired.lastCounts.addresses).toBe(1);
    expect(desired.bans.addresses).toHaveLength(2);
    expect(desired.lastCounts.addresses).toBe(2);
  });
});

describe('one address', () => {
  const blocked = (desired: DesiredState, text: string) => desired.blocks(prefixOf(text) as Address);

  it('is blocked when it is banned and not allowed, also by a range', () => {
    store.replaceAll([decisionOf(1, '192.0.2.0/24'), decisionOf(2, '198.51.100.1')]);
    allowlist = [prefixOf('192.0.2.128/25'), prefixOf('203.0.113.0/24')];
    const desired = stateOf();
    desired.completed();
    expect(['192.0.2.1', '198.51.100.1'].map((text) => blocked(desired, text))).toEqual([true, true]);
    expect(['192.0.2.129', '198.51.100.2', '203.0.113.1'].map((text) => blocked(desired, text))).toEqual([
      false,
      false,
      false,
    ]);
  });
});
