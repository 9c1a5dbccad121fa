import { beforeEach, describe, expect, it } from 'vitest';
import { type Change, Oracle } from '../chaos/oracle.ts';
import { Presence } from '../chaos/presence.ts';
import { HEARD, type Need } from '../chaos/step.ts';

const WINDOW_MS = 1_000;
const CLIENT = '127.8.0.1';

let presence: Presence;
let oracle: Oracle;

beforeEach(() => {
  presence = new Presence();
  oracle = new Oracle(WINDOW_MS, presence);
});

const change = (from: number, to = from, needs: readonly Need[] = ['LAPI', 'bouncer', 'Caddy']): Change => ({
  kind: 'a change',
  from,
  to,
  needs,
});
const never = () => change(Infinity);

/** What may be answered to a request that was sent and answered at these times. */
function allowed(sentAt: number, answeredAt = sentAt): string {
  const { mayBeBlocked, mayBeServed } = oracle.judge(CLIENT, sentAt, answeredAt);
  return [mayBeBlocked ? 'blocked' : '', mayBeServed ? 'served' : ''].filter(Boolean).join(' or ');
}

describe('the oracle', () => {
  it('lets a ban take the window, and not a moment longer', () => {
    oracle.begin('block', CLIENT, change(100, 200), never());
    expect(allowed(99)).toBe('served');
    expect(allowed(99, 100)).toBe('blocked or served');
    expect(allowed(1_199)).toBe('blocked or served');
    expect(allowed(1_200)).toBe('blocked');
  });

  it('lets an unban take the window', () => {
    oracle.begin('block', CLIENT, change(0));
    oracle.end('block', CLIENT, change(2_000, 2_100));
    expect(allowed(1_999)).toBe('blocked');
    expect(allowed(1_999, 2_001)).toBe('blocked or served');
    expect(allowed(3_099)).toBe('blocked or served');
    expect(allowed(3_100)).toBe('served');
  });

  it('holds a request that was long under way to what was true at any time of it', () => {
    oracle.begin('block', CLIENT, change(100), change(500));
    expect(allowed(0, 5_000)).toBe('blocked or served');
  });

  it('keeps an address blocked for as long as one ban is left', () => {
    oracle.begin('block', CLIENT, change(0));
    oracle.begin('block', '127.8.0.0/24', change(0));
    oracle.end('block', CLIENT, change(2_000));
    expect(allowed(4_000)).toBe('blocked');
  });

  it('lets an unban lift what is on exactly that value', () => {
    oracle.begin('block', '127.8.0.0/24', change(0));
    oracle.end('block', CLIENT, change(2_000));
    expect(allowed(4_000)).toBe('blocked');
    oracle.end('block', '127.8.0.0/24', change(2_000));
    expect(allowed(4_000)).toBe('served');
  });

  it('ends a ban by whichever comes first, its expiry or an unban', () => {
    oracle.begin('block', CLIENT, change(0), change(2_000));
    oracle.end('block', CLIENT, change(9_000));
    expect(allowed(3_000)).toBe('served');
  });

  it('spares an address of the allowlist whatever is banned', () => {
    oracle.begin('block', '127.0.0.0/8', change(0));
    oracle.begin('spare', CLIENT, change(0));
    expect(allowed(999)).toBe('blocked or served');
    expect(allowed(1_000)).toBe('served');
  });

  it('takes at its word who says that Caddy follows', () => {
    oracle.begin('block', CLIENT, change(0));
    oracle.begin('spare', 'protection is off', { ...change(2_000, 2_500), isConfirmed: true });
    expect(allowed(2_499)).toBe('blocked or served');
    expect(allowed(2_500)).toBe('served');
  });

  it('knows that protection which is on again may still only watch', () => {
    oracle.begin('block', CLIENT, change(0));
    oracle.begin('spare', 'protection is off', change(0));
    oracle.begin('spare', 'policy monitor', change(0));
    oracle.end('spare', 'protection is off', change(2_000));
    expect(allowed(4_000)).toBe('served');
    oracle.end('spare', 'policy monitor', change(4_000));
    expect(allowed(6_000)).toBe('blocked');
  });

  it('expects what was there before to be there while parts are gone', () => {
    oracle.begin('block', CLIENT, change(0));
    presence.gone('LAPI', 2_000);
    presence.gone('bouncer', 2_500);
    expect(allowed(1_000_000)).toBe('blocked');
  });

  it('does not count the time for which a part of the way was gone', () => {
    oracle.begin('block', CLIENT, change(0));
    oracle.end('block', CLIENT, change(2_000));
    presence.gone('LAPI', 2_400);
    presence.back('LAPI', 5_000);
    expect(allowed(5_599)).toBe('blocked or served');
    expect(allowed(5_600)).toBe('served');
  });

  it('counts the time for which a part was gone that the change does not need', () => {
    oracle.begin('block', CLIENT, change(0));
    oracle.end('block', CLIENT, change(2_000, 2_000, ['bouncer', 'Caddy']));
    presence.gone('LAPI', 2_000);
    expect(allowed(3_000)).toBe('served');
  });

  it('knows a moment without rules, which proves nothing once it is over', () => {
    oracle.begin('block', CLIENT, change(0));
    const reload = change(2_000, 2_200, ['bouncer', 'Caddy']);
    oracle.begin('spare', 'no rules in Caddy', reload, reload);
    expect(allowed(1_999)).toBe('blocked');
    expect(allowed(3_199)).toBe('blocked or served');
    expect(allowed(3_200)).toBe('blocked');
  });

  it('says how late an answer is', () => {
    oracle.begin('block', CLIENT, change(0, 100));
    expect(oracle.lag(CLIENT, false, 400)).toEqual({ kind: 'a change', ms: 300 });
    expect(oracle.lag(CLIENT, true, 400)).toBeUndefined();
    oracle.begin('spare', '127.8.0.0/24', change(300), { ...change(310, 320), kind: 'its end' });
    expect(oracle.lag(CLIENT, false, 315)).toBeUndefined();
    expect(oracle.lag(CLIENT, false, 400)).toEqual({ kind: 'its end', ms: 80 });
  });

  it('says it of a moment without rules, too, and of no change that does not explain the answer', () => {
    oracle.begin('block', CLIENT, change(-2_000));
    const repaired = { ...change(100, 200, ['bouncer', 'Caddy']), kind: 'reload' };
    oracle.begin('spare', 'no rules in Caddy', repaired, repaired);
    oracle.begin('block', '127.8.0.0/24', { ...change(300), kind: 'another ban' });
    expect(oracle.lag(CLIENT, false, 700)).toEqual({ kind: 'reload', ms: 500 });
  });
});

describe('of what the bouncer heard shortly before it ended, the oracle', () => {
  const isTold = ({ needs }: Change) => needs.includes('LAPI');
  const told = () => change(5_000, 5_000, ['LAPI', HEARD]);

  it('doubts a young ban until LAPI has told it again, and no older one', () => {
    oracle.begin('block', CLIENT, change(3_000), never());
    presence.gone(HEARD, 4_500);
    oracle.doubt(3_000, isTold, told());
    expect(allowed(6_000)).toBe('blocked');
    oracle.doubt(2_999, isTold, told());
    expect(allowed(6_000)).toBe('blocked or served');
    presence.back(HEARD, 8_000);
    expect(allowed(8_999)).toBe('blocked or served');
    expect(allowed(9_000)).toBe('blocked');
  });

  it('doubts a young unban, and nothing that LAPI did not tell', () => {
    oracle.begin('block', CLIENT, change(0), never());
    oracle.end('block', CLIENT, change(3_000));
    oracle.begin('block', '127.8.0.2', change(3_000, 3_000, ['Redis']), never());
    presence.gone(HEARD, 4_500);
    oracle.doubt(2_000, isTold, told());
    expect(allowed(6_000)).toBe('blocked or served');
    expect(oracle.judge('127.8.0.2', 6_000, 6_000)).toEqual({ mayBeBlocked: true, mayBeServed: false });
  });

  it('has no doubts about doubts, which would be more at each reload', () => {
    oracle.begin('block', CLIENT, change(3_000));
    for (let i = 0; i < 50; i++) oracle.doubt(0, isTold, told());
    expect(oracle.history(CLIENT, 0)).toHaveLength(51);
  });

  it('knows whether rules may be missing', () => {
    const repaired = change(1_000, 1_200, ['bouncer']);
    oracle.begin('spare', 'no rules in Caddy', repaired, repaired);
    expect([2_199, 2_200].map((at) => oracle.isUnsure('no rules in Caddy', at))).toEqual([true, false]);
  });
});

describe('who was there', () => {
  it('is counted for all of them together, over outages that overlap', () => {
    presence.gone('LAPI', 100);
    presence.gone('Caddy', 150);
    presence.back('LAPI', 200);
    presence.back('Caddy', 300);
    presence.gone('Caddy', 400);
    expect(presence.together(['LAPI', 'Caddy'], 0, 500)).toBe(200);
    expect(presence.together(['LAPI'], 0, 500)).toBe(400);
    expect(presence.together(['Redis'], 0, 500)).toBe(500);
    expect(presence.together(['Caddy'], 160, 290)).toBe(0);
    expect(presence.together(['Caddy'], 500, 160)).toBe(0);
  });

  it('is missed from when the first of several went, whoever was missing meanwhile', () => {
    const lapi = ['LAPI', 'way to LAPI'] as const;
    presence.gone('LAPI', 100);
    presence.back('LAPI', 200);
    expect(presence.missedFor(lapi, 250)).toBe(0);
    presence.gone('LAPI', 300);
    presence.gone('way to LAPI', 380);
    presence.back('LAPI', 400);
    expect(presence.missedFor(lapi, 450)).toBe(150);
  });

  it('can be told only of a part that was gone', () => {
    expect(() => presence.back('Redis', 1)).toThrow('Redis comes back and was never gone');
  });
});
