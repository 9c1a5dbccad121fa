import { describe, expect, it } from 'vitest';
import type { BouncerStatus, CaddyStatus } from '../../bouncer/shared/domain/status.ts';
import { HEARD, summarize } from '../../control-api/protection/bouncer-summary.ts';
import { isStuck, missingFor } from '../../control-api/protection/confirmation.ts';
import { contradiction } from '../../control-api/protection/contradiction.ts';
import { bouncerStatus, caddyStatus } from './control-api-bouncers.ts';

const NOW = new Set(['now']);

const missing = (caddy: Partial<CaddyStatus>, bouncer: Partial<BouncerStatus> = {}) =>
  missingFor(NOW, [bouncerStatus({ change: 'now', caddies: [caddyStatus(caddy)], ...bouncer })]);

describe('what is missing for a change to be in effect', () => {
  it('is nothing once every Caddy follows it', () => {
    expect(missing({ state: 'in_sync', change: 'now' })).toEqual([]);
  });

  it('is nothing where one Caddy follows it, and another a later change that kept it', () => {
    const one = bouncerStatus({ change: 'now', caddies: [caddyStatus({ change: 'now' })] });
    const two = bouncerStatus({ change: 'later', caddies: [caddyStatus({ change: 'later' })] });
    expect(missingFor(new Set(['now', 'later']), [one, two])).toEqual([]);
    expect(missingFor(NOW, [one, two])).toEqual(['bouncer one has not read the new settings yet']);
  });

  it('is what names no change at all', () => {
    expect(missingFor(NOW, [bouncerStatus({ caddies: [caddyStatus()] })])).toEqual([
      'bouncer one has not read the new settings yet',
    ]);
    expect(missing({})).toEqual(['caddy http://caddy:2019 still has the rules from before']);
  });

  it('is nothing for a Caddy that serves no HTTP', () => {
    expect(missing({ state: 'no_http_app' })).toEqual([]);
  });

  it('is a bouncer, when none is alive', () => {
    expect(missingFor(NOW, [])).toEqual([expect.stringMatching(/^no bouncer is alive/)]);
  });

  it('is the bouncer that has not heard of it', () => {
    const deaf = bouncerStatus({
      id: 'deaf',
      change: 'before',
      caddies: [caddyStatus({ state: 'in_sync', change: 'before' })],
    });
    expect(missingFor(NOW, [deaf])).toEqual(['bouncer deaf has not read the new settings yet']);
  });

  it.each([
    [{ state: 'in_sync', change: 'before' }, 'caddy http://caddy:2019 still has the rules from before'],
    [{ state: 'pushing', change: 'before' }, 'caddy http://caddy:2019 is taking the new rules'],
    [
      { state: 'unreachable', change: 'now', error: 'connection refused', hint: 'start Caddy' },
      'caddy http://caddy:2019 is unreachable: connection refused; start Caddy; the bouncer keeps trying',
    ],
    [
      { state: 'rejected', change: 'now', error: 'unknown module' },
      'caddy http://caddy:2019 refused the rules: unknown module; the bouncer keeps trying',
    ],
  ] as const)('is the Caddy that does not follow: %j', (caddy, sentence) => {
    expect(missing(caddy)).toEqual([sentence]);
  });

  it('is each Caddy of each bouncer that lags', () => {
    const one = bouncerStatus({
      change: 'now',
      caddies: [caddyStatus({ state: 'in_sync', change: 'now' }), caddyStatus({ state: 'unreachable' })],
    });
    const two = bouncerStatus({ id: 'two', change: 'now', caddies: [] });
    expect(missingFor(NOW, [one, two])).toEqual([
      'caddy http://caddy:2019 is unreachable; the bouncer keeps trying',
      'bouncer two knows no Caddy: set its CADDY_ADMIN',
    ]);
  });
});

describe('what was wanted since', () => {
  const known = { isFresh: false };
  const nothing = () => Promise.resolve(undefined);
  const taken = () => Promise.resolve('taken off again');

  it('is not against a change that says the same, or nothing of it', async () => {
    expect(await contradiction({ enabled: false }, { ...known, enabled: false, policy: 'monitor' }, nothing)).toBe(
      undefined,
    );
    expect(await contradiction({}, { ...known, enabled: false, policy: 'monitor' }, nothing)).toBe(undefined);
  });

  it('is named where it is against one', async () => {
    expect(await contradiction({ enabled: true }, { ...known, enabled: false }, nothing)).toMatch(/switched off now/);
    expect(await contradiction({ enabled: false }, { ...known, enabled: true }, nothing)).toMatch(/switched on now/);
    expect(await contradiction({ policy: 'enforce' }, { ...known, policy: 'monitor' }, nothing)).toMatch(/monitor now/);
    expect(await contradiction({}, known, taken)).toBe('taken off again');
  });

  it('is not what a wipe took, which the bouncers give back', async () => {
    const wiped = { isFresh: true };
    expect(await contradiction({ enabled: false }, wiped, taken)).toBe(undefined);
    expect(await contradiction({}, wiped, taken)).toBe(undefined);
  });
});

describe('several bouncers as one', () => {
  it('are as well as the worst of them', () => {
    const states = (...all: BouncerStatus['state'][]) =>
      summarize(
        all.map((state) => bouncerStatus({ state })),
        HEARD,
      ).state;
    expect(states('enforcing', 'degraded', 'stale')).toBe('degraded');
    expect(states('enforcing', 'off')).toBe('enforcing');
    expect(states('enforcing', 'monitoring')).toBe('monitoring');
  });

  it('are offline when there is none, since the last was heard', () => {
    expect(summarize([], { since: '2026-01-01T00:00:00.000Z', because: undefined })).toMatchObject({
      state: 'offline',
      offline_since: '2026-01-01T00:00:00.000Z',
      decisions: { total: 0 },
    });
  });

  it('are not called offline when it is Redis that keeps them from speaking', () => {
    expect(summarize([], { since: '2026-01-01T00:00:00.000Z', because: 'Redis takes no writes' })).toMatchObject({
      state: 'unknown',
      reasons: ['Redis takes no writes'],
      offline_since: '2026-01-01T00:00:00.000Z',
    });
  });

  it('say who pulls from LAPI, and who follows; one of an older version says nothing', () => {
    const leader = bouncerStatus({ id: 'one', stream: { role: 'leader', leader: 'one' } });
    const follower = bouncerStatus({ id: 'two', stream: { role: 'follower', leader: 'one' } });
    expect(summarize([leader, follower, bouncerStatus({ id: 'old' })], HEARD)).toMatchObject({
      ids: ['one', 'two', 'old'],
      stream: [
        { id: 'one', role: 'leader', leader: 'one' },
        { id: 'two', role: 'follower', leader: 'one' },
      ],
    });
  });
});

describe('waiting longer', () => {
  const stuck = (...caddies: Partial<CaddyStatus>[]) =>
    isStuck(NOW, [bouncerStatus({ change: 'now', caddies: caddies.map((caddy) => caddyStatus(caddy)) })]);
  const follows = { state: 'in_sync', change: 'now' } as const;

  it('is of no use once only a dead or a refusing Caddy is missing', () => {
    expect(stuck(follows, { state: 'unreachable' })).toBe(true);
    expect(stuck({ state: 'rejected' }, { state: 'unreachable' })).toBe(true);
  });

  it('is of no use where the rules must stay until LAPI answers, which is told', () => {
    const heldBack = { state: 'in_sync', error: 'LAPI has not told all decisions' } as const;
    expect(stuck(follows, heldBack)).toBe(true);
    expect(missing(heldBack)).toEqual([
      'caddy http://caddy:2019 still has the rules from before: LAPI has not told all decisions',
    ]);
  });

  it('is of use while a Caddy is taking the rules, or a bouncer has not read the change', () => {
    expect(stuck({ state: 'unreachable' }, { state: 'pushing' })).toBe(false);
    expect(stuck({ state: 'unreachable' }, { state: 'in_sync', change: 'before' })).toBe(false);
    expect(isStuck(NOW, [bouncerStatus({ change: 'before', caddies: [caddyStatus({ state: 'unreachable' })] })])).toBe(
      false,
    );
    expect(isStuck(NOW, [])).toBe(false);
  });
});
