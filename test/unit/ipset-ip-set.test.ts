import { describe, expect, it } from 'vitest';
import { IpSet } from '../../bouncer/ipset/ip-set.ts';
import { type Prefix, formatPrefix } from '../../bouncer/shared/net/prefix.ts';

const prefixes = (...texts: string[]) => texts as Prefix[];
const prefix = (text: string) => text as Prefix;

describe('an IP set', () => {
  const members = prefixes('10.0.0.0/8', '10.1.0.0/16', '10.1.2.3', '192.0.2.0/25', '2001:db8::/32', '2001:db8:1::5');
  const set = IpSet.from(members);

  it.each([
    '10.0.0.0',
    '10.255.255.255',
    '10.1.2.3',
    '192.0.2.127',
    '2001:db8::',
    '2001:DB8:0:0:1::',
    '10.0.0.0/8',
    '10.9.0.0/16',
  ])('contains %s', (text) => expect(set.contains(text)).toBe(true));

  it.each(['9.255.255.255', '11.0.0.0', '192.0.2.128', '192.0.2.0/24', '10.0.0.0/7', '0.0.0.0/0', '2001:db9::', '::'])(
    'does not contain %s',
    (text) => expect(set.contains(text)).toBe(false),
  );

  it.each(['::ffff:10.1.2.3', '::ffff:a01:203', '0:0:0:0:0:FFFF:10.1.2.3', '::ffff:10.0.0.0/104'])(
    'knows %s for the IPv4 address that it is',
    (text) => expect(set.contains(text)).toBe(true),
  );

  it.each([
    '',
    '10.1.2',
    '10.1.2.3.4',
    '10.1.2.3 ',
    '010.1.2.3',
    '10.1.2.3/33',
    '10.1.2.3/08',
    '10.1.2.3:80',
    '2001:db8::1%1',
  ])('contains nothing that is no address: %j', (text) => expect(set.contains(text)).toBe(false));

  it('does not take ::10.1.2.3 or ::ffff:0:10.1.2.3 for 10.1.2.3', () => {
    expect(set.contains('::10.1.2.3')).toBe(false);
    expect(set.contains('::ffff:0:10.1.2.3')).toBe(false);
  });

  it('names the narrowest member that covers an address, and all of them', () => {
    expect(set.longestMatch(prefix('10.1.2.3'))).toBe('10.1.2.3');
    expect(set.longestMatch(prefix('10.1.2.4'))).toBe('10.1.0.0/16');
    expect(set.longestMatch(prefix('11.1.2.4'))).toBeUndefined();
    expect(set.coverings(prefix('10.1.2.3'))).toEqual(['10.0.0.0/8', '10.1.0.0/16', '10.1.2.3']);
    expect(set.coverings(prefix('10.0.0.0/7'))).toEqual([]);
  });

  it('is walked in order', () => {
    expect([...IpSet.from(members.toReversed())]).toEqual(members);
    expect([...set.within(prefix('10.1.0.0/16'))]).toEqual(['10.1.0.0/16', '10.1.2.3']);
    expect([...set.within(prefix('11.0.0.0/8'))]).toEqual([]);
  });

  it('leaves out what is covered', () => {
    expect([...set.maximal()]).toEqual(['10.0.0.0/8', '192.0.2.0/25', '2001:db8::/32']);
  });

  it('says whether a change was one', () => {
    const set = new IpSet();
    expect([set.add(prefix('::/0')), set.add(prefix('::/0')), set.size]).toEqual([true, false, 1]);
    expect([set.delete(prefix('::/0')), set.delete(prefix('::/0')), set.size]).toEqual([true, false, 0]);
  });

  it('uncovers what only a deleted prefix covered', () => {
    const set = IpSet.from(prefixes('0.0.0.0/0', '10.0.0.0/8', '10.64.0.0/10'));
    set.delete(prefix('0.0.0.0/0'));
    expect(['9.9.9.9', '10.1.1.1', '10.64.1.1', '11.1.1.1'].map((text) => set.contains(text))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    set.delete(prefix('10.0.0.0/8'));
    expect(['10.1.1.1', '10.64.1.1', '10.128.0.0'].map((text) => set.contains(text))).toEqual([false, true, false]);
  });

  it('keeps covered what narrower ones cover, of every length that the root table is too deep for', () => {
    for (let length = 1; length < 16; length++) {
      const narrow = formatPrefix(4, [0x0a000000], length)!;
      const set = new IpSet();
      for (const member of prefixes('0.0.0.0/0', narrow)) set.add(member);
      set.delete(prefix('0.0.0.0/0'));
      const all = [...set.within(prefix('0.0.0.0/0'))];
      expect([set.contains('10.0.255.255'), set.contains('200.0.0.0'), all]).toEqual([true, false, [narrow]]);
    }
  });

  it('takes a text for a prefix only if it is one', () => {
    expect(() => new IpSet().add(prefix('10.0.0.0/33'))).toThrow('not a canonical prefix: 10.0.0.0/33');
  });

  it('does not let itself be changed during a walk', () => {
    const set = IpSet.from(prefixes('1.1.1.1', '2.2.2.2'));
    expect(() => [...set].concat(Array.from(set, (member) => (set.delete(member), member)))).toThrow(
      'changed during a walk',
    );
  });

  it.each<[string, (set: IpSet) => void]>([
    [
      'as much comes as goes',
      (set) => {
        set.add(prefix('3.3.3.3'));
        set.delete(prefix('2.2.2.2'));
      },
    ],
    [
      'one comes before all go',
      (set) => {
        set.add(prefix('3.3.3.3'));
        set.clear();
      },
    ],
  ])('does not let itself be changed during a walk where %s', (_, change) => {
    const changed = IpSet.from(prefixes('1.1.1.1', '2.2.2.2'));
    const walk = changed[Symbol.iterator]();
    expect(walk.next().value).toBe('1.1.1.1');
    change(changed);
    expect(() => walk.next()).toThrow('changed during a walk');
  });

  it('forgets everything when cleared', () => {
    const set = IpSet.from(members);
    set.clear();
    expect([set.size, [...set], set.contains('10.1.2.3'), set.byteLength]).toEqual([
      0,
      [],
      false,
      new IpSet().byteLength,
    ]);
    expect(set.add(prefix('10.1.2.3'))).toBe(true);
  });
});
