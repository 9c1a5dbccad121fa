import { describe, expect, it } from 'vitest';
import { IpSet } from '../../bouncer/ipset/ip-set.ts';
import { validate } from '../../bouncer/ipset/validate.ts';
import { type Prefix, formatPrefix } from '../../bouncer/shared/net/prefix.ts';

const prefix = (text: string) => text as Prefix;
const setOf = (...members: readonly string[]) => IpSet.from(members as Prefix[]);

/** The first 40 addresses of a range: more than fit a bucket, so that nodes lead to them. */
const crowd = (network: string) => Array.from({ length: 40 }, (_, i) => `${network}${i + 1}`);

function validateBoth(set: IpSet): void {
  validate(set.ipv4, 32);
  validate(set.ipv6, 128);
}

describe('a range that is asked for', () => {
  it('is not covered by what is only a part of it', () => {
    const set = setOf('10.1.0.0/18', ...crowd('10.1.65.'));
    expect(set.contains('10.1.0.0/17')).toBe(false);
    expect(set.contains('10.1.0.0/18')).toBe(true);
    expect(set.coverings(prefix('10.1.0.0/17'))).toEqual([]);
  });

  it('is covered by itself where it ends with a nibble', () => {
    const set = setOf('10.1.32.0/20', ...crowd('10.1.17.'));
    expect(set.contains('10.1.32.0/20')).toBe(true);
    expect(set.contains('10.1.32.0/19')).toBe(false);
  });

  it('is not covered by what begins as it does, a whole word of the address further down', () => {
    const set = setOf('2001:db8::/60', ...crowd('2001:db8:0:1::'));
    expect(set.contains('2001:db8::/32')).toBe(false);
    expect(set.coverings(prefix('2001:db8::/32'))).toEqual([]);
    expect(set.has(prefix('2001:db8::/32'))).toBe(false);
    expect(set.coverings(prefix('2001:db8::/64'))).toEqual(['2001:db8::/60']);
  });
});

describe('an address that shares only the end of the way with a member', () => {
  // All of 10.1 goes on with nibble 0001; of 10.2 some do, and one does not.
  const set = setOf('10.1.16.0/20', ...crowd('10.1.17.'), '10.1.18.0/24', ...crowd('10.2.17.'), '10.2.64.0/20');

  it.each(['10.1.32.0/20', '10.1.33.1', '10.1.34.0/24', '10.1.0.0/19', '10.1.18.0/25', '10.2.65.1', '10.2.48.0/20'])(
    'is no member: %s',
    (text) => {
      const before = [...set];
      expect(set.has(prefix(text))).toBe(false);
      expect(set.delete(prefix(text))).toBe(false);
      expect([...set]).toEqual(before);
    },
  );

  it.each(['10.1.32.0/20', '10.1.33.1', '10.1.34.0/24', '10.2.18.1', '10.2.48.1'])('is not covered: %s', (text) => {
    expect(set.contains(text)).toBe(false);
    expect(set.coverings(prefix(text))).toEqual([]);
    expect(set.longestMatch(prefix(text))).toBeUndefined();
  });

  it.each(['10.1.32.0/20', '10.1.34.0/24', '10.2.48.0/20', '10.2.80.0/20', '10.3.0.0/20', '2a00::/24'])(
    'is not walked over: %s has nothing inside',
    (text) => expect([...set.within(prefix(text))]).toEqual([]),
  );
});

describe('a set that has nothing near', () => {
  it.each(['10.1.0.0/16', '10.1.2.3', '2a00::/16', '2a00::/48', '2a00:1:2::/48', '2a00::1'])(
    'says so of %s',
    (text) => {
      const set = new IpSet();
      expect(set.contains(text)).toBe(false);
      expect(set.has(prefix(text))).toBe(false);
      expect(set.coverings(prefix(text))).toEqual([]);
      expect([...set.within(prefix(text))]).toEqual([]);
      expect(set.delete(prefix(text))).toBe(false);
    },
  );
});

describe('addresses below several nodes', () => {
  it('are found, each and no other, however they came together', () => {
    const [near, far] = [crowd('10.1.17.'), crowd('10.1.32.')];
    for (const members of [
      [...near, ...far],
      [...far.slice(0, 20), ...near],
      [...near, '10.1.33.1', '10.9.0.1'],
    ]) {
      const set = setOf(...members);
      validateBoth(set);
      expect([...set]).toHaveLength(members.length);
      for (const member of members) {
        expect(set.contains(member), member).toBe(true);
        expect(set.has(prefix(member)), member).toBe(true);
      }
      expect(
        ['10.1.17.41', '10.1.32.41', '10.1.33.2', '10.1.1.1', '10.1.18.1'].filter((ip) => set.contains(ip)),
      ).toEqual([]);
    }
  });

  it('stay found when others leave their way in the middle', () => {
    for (const beside of ['10.1.33.1', '10.1.32.0/20', '10.1.18.1', '10.1.0.0/18']) {
      const set = setOf(...crowd('10.1.17.'));
      set.add(prefix(beside));
      validateBoth(set);
      expect([...set].filter((member) => set.has(member))).toHaveLength(41);
      expect(set.contains('10.1.17.40')).toBe(true);
      expect(set.coverings(prefix('10.1.17.41'))).toEqual(beside === '10.1.0.0/18' ? [beside] : []);
      expect(set.delete(prefix(beside))).toBe(true);
      validateBoth(set);
    }
  });

  it('may leave it in many places', () => {
    const set = new IpSet();
    for (let i = 0; i < 8; i++) for (const member of crowd(`10.${i}.17.`)) set.add(prefix(member));
    for (let i = 0; i < 8; i++) {
      set.add(prefix(`10.${i}.33.1`));
      validateBoth(set);
    }
    expect(set.size).toBe(8 * 41);
  });
});

describe('a range around a crowd', () => {
  it.each(['10.1.0.0/17', '10.1.0.0/20', '10.1.0.0/22', '10.1.0.0/24', '10.1.0.0/25'])(
    '%s covers all of it, whether it came first or last',
    (range) => {
      const members = [range, ...crowd('10.1.0.')];
      for (const order of [members, members.toReversed()]) {
        const set = setOf(...order);
        validateBoth(set);
        expect([...set]).toEqual(members);
        expect(set.coverings(prefix('10.1.0.7'))).toEqual([range, '10.1.0.7']);
        expect(set.contains('10.1.0.99')).toBe(true);
        expect([...set.within(prefix(range))]).toEqual(members);
        expect([...set.maximal()]).toEqual([range]);
        expect(set.has(prefix(range))).toBe(true);
        expect(set.delete(prefix(range))).toBe(true);
        validateBoth(set);
        expect(set.contains('10.1.0.99')).toBe(false);
        expect(set.delete(prefix(range))).toBe(false);
        expect(set.size).toBe(40);
      }
    },
  );

  it('stays when the crowd leaves it one by one', () => {
    const addresses = crowd('10.1.17.');
    const ranges = ['10.1.16.0/20', '10.1.16.0/21', '10.1.17.0/24'];
    const set = setOf(...ranges, ...addresses, '10.1.20.1');
    for (const address of addresses) {
      expect(set.delete(prefix(address))).toBe(true);
      validateBoth(set);
    }
    expect([...set]).toEqual([...ranges, '10.1.20.1']);
  });
});

describe('the widest members', () => {
  it('are all those that stand beside each other, whether they are few or many', () => {
    const few = ['192.0.2.0/25', '192.0.2.128', '192.0.2.200', '198.51.100.0/24', '198.51.100.7'];
    expect([...setOf(...few).maximal()]).toEqual(few.slice(0, 4));
    const many = crowd('10.1.17.');
    expect([...setOf(...many).maximal()]).toEqual(many);
  });
});

describe('a walk', () => {
  it('goes down to where IPv6 addresses part at the deepest, from nibble to nibble', () => {
    const crowd = Array.from({ length: 64 }, (_, i) => formatPrefix(6, [0x2001_0000, 0, 0, 4 * i], 128)!);
    // One address leaves the way of the others at each nibble.
    const leaving = Array.from({ length: 26 }, (_, i) => {
      const words = [0x2001_0000, 0, 0, 0];
      words[(i + 4) >>> 3]! += 2 ** (28 - 4 * ((i + 4) & 7));
      return formatPrefix(6, words, 128)!;
    });
    const set = IpSet.from([...crowd, ...leaving]);
    validateBoth(set);
    const inOrder = [...crowd, ...leaving.toReversed()];
    expect([...set]).toEqual(inOrder);
    expect([...set.within(prefix('2001::/17'))]).toEqual(inOrder);
  });
});
