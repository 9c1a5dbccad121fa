import { beforeEach, describe, expect, it } from 'vitest';
import { Heard } from '../chaos/heard.ts';
import { type Change, Oracle } from '../chaos/oracle.ts';
import { Presence } from '../chaos/presence.ts';
import { HEARD, type Need } from '../chaos/step.ts';
import { Stillness } from '../chaos/stillness.ts';

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

describe('a bouncer that starts while LAPI is silent', () => {
  let stillness: Stillness;

  /** Ends, and starts anew; meanwhile the client is answered so. */
  function restarts(isBlocked: boolean): void {
    presence.gone('way to LAPI', 900);
    stillness.ended(1_000);
    expect(stillness.isBroken(CLIENT, !isBlocked, 2_400, 2_400)).toBe(false); // a push may still be on its way
    expect(stillness.isBroken(CLIENT, isBlocked, 2_600, 2_600)).toBe(false);
    stillness.starts(3_000);
  }

  beforeEach(() => {
    stillness = new Stillness(oracle, presence);
  });

  it.each([true, false])('changes no answer until LAPI speaks: blocked before %s', (isBlocked) => {
    restarts(isBlocked);
    expect(stillness.isBroken(CLIENT, isBlocked, 3_100, 3_100)).toBe(false);
    expect(stillness.isBroken(CLIENT, !isBlocked, 3_200, 3_200)).toBe(true);
    expect(stillness.isBroken('127.8.0.9', !isBlocked, 3_200, 3_200)).toBe(false); // nobody knows of before
    expect(stillness.checked).toBe(2);
    stillness.over();
    expect(stillness.isBroken(CLIENT, !isBlocked, 3_300, 3_300)).toBe(false);
  });

  it('has no excuse in what LAPI told, nor in what ran out', () => {
    oracle.begin('block', CLIENT, change(2_900), { ...change(3_050, 3_050, ['bouncer']), isExpiry: true });
    restarts(false);
    expect(stillness.isBroken(CLIENT, true, 3_200, 3_200)).toBe(true);
  });

  it('has one in what others did meanwhile, or just before', () => {
    restarts(true);
    const repaired = change(3_100, 3_150, ['bouncer', 'Caddy']);
    oracle.begin('spare', 'no rules in Caddy', repaired, repaired);
    expect(stillness.isBroken(CLIENT, false, 3_090, 3_099)).toBe(true);
    expect(stillness.isBroken(CLIENT, false, 3_090, 3_100)).toBe(false);
    expect(stillness.isBroken(CLIENT, false, 9_000, 9_000)).toBe(false);
  });

  it('is held to nothing when LAPI is there again by then', () => {
    presence.gone('LAPI', 900);
    stillness.ended(1_000);
    stillness.isBroken(CLIENT, true, 2_600, 2_600);
    presence.back('LAPI', 2_900);
    stillness.starts(3_000);
    expect(stillness.isBroken(CLIENT, false, 3_200, 3_200)).toBe(false);
  });

  it('has heard LAPI when both were there together', () => {
    const heard = new Heard(presence, WINDOW_MS);
    const isHeard = (at: number) => !presence.isGone(HEARD, at);
    const goes = (part: 'bouncer' | 'LAPI', at: number, fault: 'kill' | 'pause' = 'kill') => {
      presence.gone(part, at);
      heard.gone({ part, fault }, at);
    };
    const comes = (part: 'bouncer' | 'LAPI', at: number) => {
      presence.back(part, at);
      heard.back(part, at);
    };
    goes('bouncer', 100, 'pause');
    comes('bouncer', 200);
    goes('LAPI', 300);
    expect(isHeard(350)).toBe(true);
    goes('bouncer', 400);
    comes('bouncer', 500);
    expect(isHeard(550)).toBe(false);
    comes('LAPI', 600);
    expect(isHeard(650)).toBe(true);
    goes('LAPI', 700); // before a first pull must have ended
    expect(isHeard(750)).toBe(false);
    comes('LAPI', 800);
    goes('LAPI', 1_800);
    expect(isHeard(1_850)).toBe(true);
    presence.back('LAPI', 2_500); // noticed later than the next step
    heard.back('LAPI', 2_500);
    goes('bouncer', 2_000);
    expect(isHeard(2_100)).toBe(false);
    comes('bouncer', 2_200); // LAPI is really there, and may be noticed later
    expect([2_250, 2_600].map(isHeard)).toEqual([true, true]);
  });
});
