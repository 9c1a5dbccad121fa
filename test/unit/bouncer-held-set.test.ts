import { describe, expect, it } from 'vitest';
import { HeldSet } from '../../bouncer/enforce/held-set.ts';
import { type Address, comparePrefixes } from '../../bouncer/shared/net/prefix.ts';
import { prefixOf } from '../support/fake-decision.ts';

const addressOf = (text: string) => prefixOf(text) as Address;
const textOf = (i: number) => (i % 3 === 0 ? `2001:db8::${i.toString(16)}` : `192.0.2.${i}`);

describe('a set that Caddy holds', () => {
  it.each([0, 1, 2, 3, 7, 8, 40])('finds each of %i single addresses, and none of those between them', (count) => {
    const listed = Array.from({ length: count }, (_, i) => addressOf(textOf(2 * i + 1)));
    const others = Array.from({ length: count + 1 }, (_, i) => addressOf(textOf(2 * i)));
    const held = new HeldSet({ addresses: listed.toSorted(comparePrefixes), ranges: [], exceptions: [] });
    expect(listed.filter((address) => !held.blocks(address))).toEqual([]);
    expect(others.filter((address) => held.blocks(address))).toEqual([]);
  });

  it('blocks what is in a range, but for the exceptions', () => {
    const held = new HeldSet({
      addresses: [addressOf('203.0.113.9')],
      ranges: [prefixOf('192.0.2.0/24'), prefixOf('2001:db8::/32')],
      exceptions: [prefixOf('192.0.2.128/25'), prefixOf('2001:db8::7')],
    });
    const blocked = (text: string) => held.blocks(addressOf(text));
    expect(['192.0.2.0', '192.0.2.127', '2001:db8::8', '203.0.113.9'].map(blocked)).toEqual([true, true, true, true]);
    expect(['192.0.2.128', '192.0.2.255', '2001:db8::7'].map(blocked)).toEqual([false, false, false]);
    expect(['192.0.3.0', '2001:db9::8', '203.0.113.8', '203.0.113.10'].map(blocked)).toEqual(Array(4).fill(false));
  });
});
