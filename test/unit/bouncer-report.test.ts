import { describe, expect, it } from 'vitest';
import { type StateFacts, summarise } from '../../bouncer/report.ts';
import { fakeDesired } from '../support/fake-desired.ts';

const DESIRED = fakeDesired();
const CADDY = { admin: 'http://127.0.0.1:2019', state: 'in_sync', trouble: undefined, isFollowing: true } as const;

/** A bouncer that is well, but for these facts. */
function facts(changes: Partial<StateFacts> = {}): StateFacts {
  return {
    settings: { enabled: true, policy: 'enforce', change: undefined },
    desired: DESIRED,
    isComplete: true,
    hasDouble: false,
    otherFilter: undefined,
    followTrouble: undefined,
    lapi: 'up',
    lapiError: undefined,
    caddies: [CADDY],
    ...changes,
  };
}

const settings = (enabled: boolean, policy: 'enforce' | 'monitor' | 'off') => ({ enabled, policy, change: undefined });

describe('the state in one word', () => {
  it.each<[string, Partial<StateFacts>, boolean]>([
    ['enforcing', {}, true],
    ['monitoring', { settings: settings(true, 'monitor') }, true],
    ['off', { settings: settings(true, 'off') }, true],
    ['off', { settings: settings(false, 'enforce'), isComplete: false }, true],
    ['off', { settings: settings(false, 'enforce'), lapi: 'down' }, true],
    ['starting', { desired: undefined, isComplete: false, lapi: 'unknown' }, false],
    ['starting', { desired: undefined, isComplete: false, lapi: 'down' }, false],
    ['syncing', { isComplete: false }, false],
    ['syncing', { caddies: [{ ...CADDY, state: 'pushing', trouble: 'is behind', isFollowing: false }] }, false],
    // A ban is on its way: Caddy enforces all others meanwhile.
    ['enforcing', { caddies: [{ ...CADDY, state: 'pushing', trouble: 'is behind' }] }, false],
    ['stale', { lapi: 'down' }, true],
    ['stale', { lapi: 'down', isComplete: false }, false],
    ['degraded', { caddies: [CADDY, { ...CADDY, state: 'unreachable', trouble: 'is not there' }] }, false],
    ['degraded', { caddies: [{ ...CADDY, state: 'rejected', trouble: 'refused' }], lapi: 'down' }, false],
    ['degraded', { caddies: [{ ...CADDY, state: 'foreign', trouble: 'is of another' }] }, false],
    [
      'degraded',
      { caddies: [{ ...CADDY, state: 'unreachable', trouble: 'x' }], settings: settings(false, 'off') },
      false,
    ],
  ])('%s with %o', (state, changes, ready) => {
    expect(summarise(facts(changes))).toMatchObject({ state, ready });
  });
});

describe('what is not well, in sentences', () => {
  const reasons = (changes: Partial<StateFacts>) => summarise(facts(changes)).reasons;

  it('is nothing when all is well', () => {
    expect(reasons({})).toEqual([]);
  });

  it('says what is enforced before LAPI has told everything', () => {
    expect(reasons({ isComplete: false, desired: undefined })).toEqual([
      'LAPI has not yet told all decisions, so nothing is changed in Caddy',
    ]);
    expect(reasons({ isComplete: false })).toEqual([
      'LAPI has not yet told all decisions; the last snapshot is enforced meanwhile',
    ]);
    expect(reasons({ isComplete: false, settings: settings(false, 'enforce') })).toEqual([]);
  });

  it('names a double, LAPI’s trouble and each Caddy’s, in that order', () => {
    const caddies = [CADDY, { ...CADDY, state: 'unreachable' as const, trouble: 'Caddy is not there' }];
    const [double, ...rest] = reasons({ hasDouble: true, lapi: 'down', lapiError: 'LAPI is not there', caddies });
    expect(double).toMatch(/BOUNCER_ID/);
    expect(rest).toEqual(['LAPI is not there', 'Caddy is not there']);
  });

  it('names the filter of the one that pulls for all, where it is another', () => {
    const otherFilter = { leader: 'edge-1', leaders: 'CROWDSEC_ORIGINS=cscli', own: '' };
    expect(reasons({ otherFilter })).toEqual([
      'bouncer "edge-1", which pulls for all on this Redis, takes CROWDSEC_ORIGINS=cscli, and this one takes every decision: what the other leaves out is missing here, so give both the same',
    ]);
  });
});
