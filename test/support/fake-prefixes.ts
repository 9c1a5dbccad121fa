import fc from 'fast-check';
import { type Address, parseAddress, type Prefix } from '../../bouncer/shared/net/prefix.ts';
import { prefixOf } from './fake-decision.ts';

/** Nested, neighbouring and equal in disguise: few enough that random histories meet all the time. */
const TEXTS = [
  '10.1.2.3',
  '::ffff:10.1.2.3',
  '10.1.2.4',
  '10.1.2.0/30',
  '10.1.2.0/24',
  '10.1.3.0/24',
  '10.1.2.0/23',
  '10.0.0.0/8',
  '::ffff:10.0.0.0/104',
  '0.0.0.0/0',
  '192.0.2.1',
  '192.0.2.1/31',
  '2001:db8::1',
  '2001:db8::/127',
  '2001:db8::/64',
  '2001:db8::/32',
  '2001:db8:1::/48',
  '::/0',
];

export const anyPrefix: fc.Arbitrary<Prefix> = fc.constantFrom(...TEXTS.map(prefixOf));

/** Addresses in, beside and at the edges of those prefixes. */
export const SAMPLES: readonly Address[] = [
  '10.1.2.3',
  '10.1.2.4',
  '10.1.2.255',
  '10.1.3.0',
  '10.1.4.0',
  '10.255.255.255',
  '11.0.0.0',
  '192.0.2.0',
  '192.0.2.1',
  '192.0.2.2',
  '::ffff:10.1.2.3',
  '2001:db8::',
  '2001:db8::1',
  '2001:db8::2',
  '2001:db8:0:1::',
  '2001:db8:1::1',
  '2001:db9::',
  '::1',
].map((text) => {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`the test says "${text}" is an address`);
  return address;
});
