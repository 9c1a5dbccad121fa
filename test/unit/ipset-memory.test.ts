import { describe, expect, it } from 'vitest';
import { IpSet } from '../../bouncer/ipset/ip-set.ts';
import { validate } from '../../bouncer/ipset/validate.ts';
import { formatPrefix } from '../../bouncer/shared/net/prefix.ts';

describe('the memory of an IP set', () => {
  /** A different word for every number, with no pattern (the finalizer of MurmurHash3). */
  const scatter = (i: number) => {
    const half = Math.imul(i ^ (i >>> 16), 0x85ebca6b);
    const mixed = Math.imul(half ^ (half >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
  const address = (i: number) => formatPrefix(4, [scatter(i)], 32)!;
  const range6 = (i: number) => formatPrefix(6, [0x20010db8, scatter(i), i, 0], 96)!;

  it('stays the same while as much goes as comes', () => {
    const set = new IpSet();
    for (let i = 0; i < 20_000; i++) set.add(i % 2 === 0 ? address(i) : range6(i));
    const settled: number[] = [];
    for (let i = 20_000; i < 200_000; i++) {
      set.add(i % 2 === 0 ? address(i) : range6(i));
      set.delete((i - 20_000) % 2 === 0 ? address(i - 20_000) : range6(i - 20_000));
      if (i % 20_000 === 0) settled.push(set.byteLength);
    }
    expect(set.size).toBe(20_000);
    expect(Math.max(...settled)).toBeLessThan(1.5 * settled[1]!);
    validate(set.ipv4, 32);
    validate(set.ipv6, 128);
  });

  it('is given back when most is deleted', () => {
    const set = new IpSet();
    const empty = set.byteLength;
    for (let i = 0; i < 50_000; i++) set.add(address(i));
    const full = set.byteLength - empty;
    for (let i = 0; i < 49_000; i++) set.delete(address(i));
    expect(set.byteLength - empty).toBeLessThan(full / 8);
    expect([...set]).toHaveLength(1000);
    validate(set.ipv4, 32);
  });

  it('is at most 24 bytes an IPv4 prefix and 48 an IPv6 one at 200,000, however it grew', () => {
    const [v4, v6] = [new IpSet(), new IpSet()];
    for (let i = 0; i < 200_000; i++) {
      v4.add(address(i));
      v6.add(range6(i));
    }
    expect(v4.byteLength / v4.size).toBeLessThan(24);
    expect(v6.byteLength / v6.size).toBeLessThan(48);
  });
});
