import { describe, expect, it } from 'vitest';
import { IpSet } from '../../bouncer/ipset/ip-set.ts';
import { ROOT_SLOTS } from '../../bouncer/ipset/root.ts';
import { validate } from '../../bouncer/ipset/validate.ts';
import { formatPrefix } from '../../bouncer/shared/net/prefix.ts';

/** Addresses of one /16 and of one /32, so that all are below one slot of the root table. */
const address4 = (i: number) => formatPrefix(4, [0x0a01_0000 + ((i * 40_503) & 0xffff)], 32)!;
const address6 = (i: number) => formatPrefix(6, [0x2001_0db8, Math.imul(i, 0x9e37_79b1) >>> 0, i, 1], 128)!;

describe.each([
  { family: 'IPv4', address: address4, trieOf: (set: IpSet) => set.ipv4, width: 32 as const },
  { family: 'IPv6', address: address6, trieOf: (set: IpSet) => set.ipv6, width: 128 as const },
])('the room that an IP set of $family takes', ({ address, trieOf, width }) => {
  function setOf(count: number): IpSet {
    const set = new IpSet();
    for (let i = 0; i < count; i++) set.add(address(i));
    return set;
  }

  it('stays the same while as much goes as comes', () => {
    const set = setOf(300);
    const settled: number[] = [];
    for (let i = 300; i < 2_100; i++) {
      set.add(address(i));
      set.delete(address(i - 300));
      if (i % 300 === 299) settled.push(set.byteLength);
    }
    expect(set.size).toBe(300);
    expect(Math.max(...settled)).toBeLessThan(1.2 * settled[1]!);
    validate(trieOf(set), width);
  });

  it('is given back when most is deleted, and the rest stays', () => {
    const empty = new IpSet().byteLength;
    const set = setOf(1_200);
    const full = set.byteLength - empty;
    for (let i = 0; i < 1_180; i++) set.delete(address(i));
    expect(set.byteLength - empty).toBeLessThan(full / 4);
    validate(trieOf(set), width);
    const left = Array.from({ length: 20 }, (_, i) => address(1_180 + i));
    expect([...set].toSorted()).toEqual(left.toSorted());
    for (let i = 0; i < 1_180; i++) set.add(address(i));
    validate(trieOf(set), width);
    expect(set.size).toBe(1_200);
  });

  /** How often the memory of a set is copied during changes, and the most words that it has. */
  function watch(set: IpSet, count: number, change: (i: number) => void) {
    let { words } = trieOf(set).pool;
    let [copies, most] = [0, words.length];
    for (let i = 0; i < count; i++) {
      change(i);
      if (trieOf(set).pool.words !== words) copies++;
      words = trieOf(set).pool.words;
      most = Math.max(most, words.length);
    }
    return { copies, most };
  }

  it('is made in a few large steps, and first of what lies free', () => {
    const set = new IpSet();
    const empty = trieOf(set).pool.words.length;
    const grown = watch(set, 5_000, (i) => set.add(address(i)));
    expect(grown.copies).toBeLessThan(12);
    expect(grown.most).toBeLessThan(2 * empty);
    const shrunk = watch(set, 4_990, (i) => set.delete(address(i)));
    expect(shrunk.copies).toBeLessThan(100);
    expect(trieOf(set).pool.words.length).toBeLessThan(1.1 * empty);
  });

  it('is left alone while one comes and goes', () => {
    const set = new IpSet();
    expect(watch(set, 200, (i) => set.add(address(i)) && set.delete(address(i))).copies).toBe(0);
  });

  it('is counted with all that grows, and what is beside it', () => {
    const { pool, short, byteLength } = trieOf(setOf(300));
    expect(short.byteLength).toBe((3 * ROOT_SLOTS) / 8);
    expect(byteLength).toBeGreaterThan(pool.words.byteLength + short.byteLength);
  });

  it('is what its members need once it is built, and it takes more', () => {
    const members = Array.from({ length: 1_200 }, (_, i) => address(i));
    const [built, grown] = [IpSet.from(members), setOf(1_200)];
    expect(trieOf(built).byteLength).toBeLessThan(trieOf(grown).byteLength);
    for (let i = 1_200; i < 1_300; i++) expect(built.add(address(i))).toBe(true);
    validate(trieOf(built), width);
    expect(built.size).toBe(1_300);
  });
});
