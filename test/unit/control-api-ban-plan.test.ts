import { describe, expect, it } from 'vitest';
import { type Guard, callerGuards, objection } from '../../control-api/decisions/ban-guards.ts';
import { counted, planBan, planSentence } from '../../control-api/decisions/ban-plan.ts';
import { DecisionRows } from '../../control-api/decisions/decision-rows.ts';
import { decisionOf, prefixOf } from '../support/fake-decision.ts';
import { somePlaces } from './control-api-decisions-fakes.ts';

const HOUR = 3_600_000;

function rowsOf(...decisions: readonly ReturnType<typeof decisionOf>[]): DecisionRows {
  const rows = new DecisionRows();
  for (const decision of decisions) rows.put(decision, 0);
  rows.locate(somePlaces, Number.POSITIVE_INFINITY);
  return rows;
}

interface Facts {
  readonly guards?: readonly Guard[];
  readonly force?: boolean;
  readonly allowlist?: readonly string[];
  readonly rows?: DecisionRows;
}

const plan = (values: readonly string[], { guards = [], force = false, allowlist = [], rows = rowsOf() }: Facts = {}) =>
  planBan(values, { guards, force, allowlist: allowlist.map(prefixOf), rows });

describe('the plan of a ban', () => {
  it('takes each prefix once, in canonical spelling and in the order given', () => {
    const { accepted, refused } = plan([' 203.0.113.9 ', '2001:DB9::1', '203.0.113.9/32', '198.51.100.7/24']);
    expect([accepted, refused]).toEqual([['203.0.113.9', '2001:db9::1', '198.51.100.0/24'], []]);
  });

  it('says of each refusal which value it was, where it stood, and why', () => {
    const { accepted, refused } = plan(['203.0.113.9', 'nobody', '10.1.2.3', '1.0.0.0/7', '203.0.113.9\n1.1.1.1']);
    expect(accepted).toEqual(['203.0.113.9']);
    expect(refused).toEqual([
      { value: 'nobody', index: 1, code: 'not_an_address', reason: 'this is not an IP address or range' },
      { value: '10.1.2.3', index: 2, code: 'private_range', reason: 'it is a private range (10.0.0.0/8)' },
      {
        value: '1.0.0.0/7',
        index: 3,
        code: 'too_wide',
        reason: 'a range wider than /8 is a good part of the internet',
      },
      {
        value: '203.0.113.9\n1.1.1.1',
        index: 4,
        code: 'not_an_address',
        reason: 'this is not an IP address or range',
      },
    ]);
  });

  it('bans with force what a guard speaks against, but never what is no address', () => {
    const { accepted, refused } = plan(['10.1.2.3', 'nobody', '203.0.113.9\t'], { force: true });
    expect(accepted).toEqual(['10.1.2.3']);
    expect(refused.map(({ value }) => value)).toEqual(['nobody', '203.0.113.9\t']);
  });

  it('counts every address once, whatever overlaps', () => {
    expect(plan(['203.0.113.9']).addresses).toBe(1n);
    expect(plan(['203.0.113.9', '203.0.113.0/24', '203.0.113.128/25']).addresses).toBe(256n);
    expect(plan(['203.0.113.0/25', '203.0.113.128/25', '198.51.100.1']).addresses).toBe(257n);
    expect(plan(['2001:db8::/32']).addresses).toBe(2n ** 96n);
    expect(plan([]).addresses).toBe(0n);
  });

  it('tells how much of it the allowlist keeps open, on either side', () => {
    const partly = plan(['203.0.113.0/24'], { allowlist: ['203.0.113.9', '203.0.113.16/30', '192.0.2.1'] });
    expect(partly.allowlistedAddresses).toBe(5n);
    expect(partly.allowlisted).toEqual([
      { value: '203.0.113.0/24', by: '203.0.113.9' },
      { value: '203.0.113.0/24', by: '203.0.113.16/30' },
    ]);
    const whole = plan(['203.0.113.9', '198.51.100.7'], { allowlist: ['203.0.113.0/24'] });
    expect(whole.allowlistedAddresses).toBe(1n);
    expect(whole.allowlisted).toEqual([{ value: '203.0.113.9', by: '203.0.113.0/24' }]);
  });

  it('names the ban that covers it already: the one that lasts longest', () => {
    const rows = rowsOf(
      decisionOf(1, '203.0.113.0/24', { expiresAt: HOUR }),
      decisionOf(2, '203.0.113.9', { expiresAt: 3 * HOUR }),
      decisionOf(3, '203.0.0.0/16', { expiresAt: 2 * HOUR }),
      decisionOf(4, '203.0.113.0/28', { expiresAt: 9 * HOUR, type: 'captcha' }),
      decisionOf(5, '198.51.100.0/24', { type: 'captcha' }),
    );
    const { alreadyBanned } = plan(['203.0.113.9', '198.51.100.7', '203.0.112.0/20'], { rows });
    expect(alreadyBanned.map(({ value, by }) => [value, by.id])).toEqual([
      ['203.0.113.9', 2],
      ['203.0.112.0/20', 3],
    ]);
  });
});

describe('its sentence', () => {
  it('tells what it comes to', () => {
    expect(planSentence(plan(['203.0.113.9']))).toBe('covers 1 address');
    const rows = rowsOf(decisionOf(1, '203.0.113.0/24'));
    const facts = { allowlist: ['203.0.113.9'], rows };
    expect(planSentence(plan(['203.0.113.0/24', 'x'], facts))).toBe(
      'covers 256 addresses, 1 allowlisted, 1 already banned, 1 refused',
    );
    expect(planSentence(plan([]))).toBe('covers 0 addresses');
  });

  it('writes numbers that people can read', () => {
    expect(counted(16_777_216, 'address', 'addresses')).toBe('16,777,216 addresses');
    expect(counted(10n ** 12n - 1n, 'a', 'b')).toBe('999,999,999,999 b');
    expect(counted(2n ** 96n, 'address', 'addresses')).toBe('about 2^96 addresses');
    expect(counted(10n ** 12n, 'a', 'b')).toBe('about 2^39 b');
  });
});

describe('an objection', () => {
  const to = (text: string, guards: readonly Guard[] = []) => objection(prefixOf(text), guards)?.reason;

  it.each([
    ['0.1.2.3', 'it is the range "this network" (0.0.0.0/8)'],
    ['127.0.0.1', 'it is loopback: this machine itself (127.0.0.0/8)'],
    ['::1', 'it is loopback: this machine itself (::1)'],
    ['::', 'it is the unspecified address (::)'],
    ['10.255.255.255', 'it is a private range (10.0.0.0/8)'],
    ['172.16.0.0/16', 'it is a private range, and that of Docker (172.16.0.0/12)'],
    ['192.168.1.1', 'it is a private range (192.168.0.0/16)'],
    ['100.64.0.1', 'it is the range of carriers’ own networks, and of VPNs (100.64.0.0/10)'],
    ['169.254.1.1', 'it is the link-local range (169.254.0.0/16)'],
    ['fe80::1', 'it is the link-local range (fe80::/10)'],
    ['fd00::1', 'it is a private range (fc00::/7)'],
    ['224.0.0.1', 'it is multicast, which sends no requests (224.0.0.0/4)'],
    ['ff02::1', 'it is multicast, which sends no requests (ff00::/8)'],
    ['255.255.255.255', 'it is a reserved range (240.0.0.0/4)'],
    ['192.0.0.0/8', 'it contains a private range (192.168.0.0/16)'],
    ['1.0.0.0/7', 'a range wider than /8 is a good part of the internet'],
    ['2001::/18', 'a range wider than /19 is a good part of the internet'],
    ['::/128', 'it is the unspecified address (::)'],
  ])('is raised against %s: %s', (text, reason) => expect(to(text)).toBe(reason));

  it.each(['9.9.9.9', '11.0.0.0/8', '172.32.0.1', '100.128.0.1', '2001:db8::/32', '2600::/19', '223.255.255.255'])(
    'is not raised against %s',
    (text) => expect(to(text)).toBeUndefined(),
  );

  it('is raised against an address that a guard names, the own one before all others', () => {
    const guard = (text: string, code: Guard['code'], what: string): Guard => ({ prefix: prefixOf(text), code, what });
    const guards = [
      guard('203.0.113.1', 'infrastructure', 'an address of Redis'),
      guard('10.1.2.3', 'own_address', 'your own address'),
    ];
    expect(objection(prefixOf('203.0.113.1'), guards)).toEqual({
      code: 'infrastructure',
      reason: 'it is an address of Redis (203.0.113.1)',
    });
    expect(objection(prefixOf('203.0.113.0/24'), guards)?.reason).toBe('it contains an address of Redis (203.0.113.1)');
    expect(objection(prefixOf('10.1.0.0/16'), guards)?.code).toBe('own_address');
    expect(objection(prefixOf('203.0.113.2'), guards)).toBeUndefined();
    const [redis, own] = [guard('203.0.113.1', 'infrastructure', 'Redis'), guard('203.0.113.9', 'own_address', 'you')];
    expect(objection(prefixOf('203.0.113.0/24'), [redis, own])?.code).toBe('own_address');
  });
});

describe('whoever asks', () => {
  const told = (peer: string | undefined, forwarded?: string) =>
    callerGuards(peer, forwarded).map(({ prefix, code }) => `${code} ${prefix}`);

  it('is guarded as the peer of the connection', () => {
    expect(callerGuards('::ffff:203.0.113.9', undefined)).toEqual([
      { prefix: '203.0.113.9', code: 'own_address', what: 'your own address' },
    ]);
    expect(told(undefined)).toEqual([]);
  });

  it('is guarded by every address that proxies have written, and so is the nearest proxy', () => {
    expect(told('10.0.0.2', '203.0.113.9, 198.51.100.7')).toEqual([
      'own_address 203.0.113.9',
      'own_address 198.51.100.7',
      'infrastructure 10.0.0.2',
    ]);
    expect(callerGuards('10.0.0.2', '203.0.113.9').map(({ what }) => what)).toEqual([
      'your own address',
      'the proxy through which you came',
    ]);
    expect(told('10.0.0.2', '203.0.113.9, unknown')).toEqual(['own_address 203.0.113.9', 'infrastructure 10.0.0.2']);
  });

  it('cannot be made to forget itself by a header of rubbish', () => {
    expect(told('203.0.113.9', 'unknown, _hidden, ')).toEqual(['own_address 203.0.113.9']);
    const many = Array.from({ length: 100 }, (_, i) => `198.51.100.${i}`).join(',');
    expect(told('203.0.113.9', many)).toHaveLength(21);
  });
});
