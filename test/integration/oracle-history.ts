/** What can happen to a bouncer, drawn at random: see oracle.test.ts. */
import fc from 'fast-check';

/** Few, and close to one another, so that decisions overlap. */
export const CLIENTS = ['127.8.0.1', '127.8.0.2', '127.8.1.1', '127.9.0.1', '::1'];
export const CLIENTS_BEHIND_PROXY = ['203.0.113.1', '203.0.113.2', '2001:db8::1', '2001:db8::2', '2001:db8:1::1'];
const VALUES = [
  ...CLIENTS,
  ...CLIENTS_BEHIND_PROXY,
  '127.8.0.0/31',
  '127.8.0.0/24',
  '127.8.0.0/16',
  '127.8.0.77/15',
  '::ffff:127.8.0.1',
  '::ffff:127.9.0.0/120',
  '203.0.113.0/24',
  '2001:DB8::/64',
  '2001:db8::/32',
  '::/127',
];
/** Enough that Caddy is asked through its index and not through a list. */
export const CROWD = Array.from({ length: 120 }, (_, i) => `127.100.0.${i}`);

export type Step =
  | { readonly kind: 'ban'; readonly value: string; readonly type: string; readonly seconds: number }
  | { readonly kind: 'crowd' }
  | { readonly kind: 'lift'; readonly nth: number; readonly twice: boolean }
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'full' }
  | { readonly kind: 'allow'; readonly values: readonly string[] }
  | { readonly kind: 'toggle'; readonly enabled: boolean }
  /** With `restores` the next one first has a snapshot that is older than what Caddy holds, and no LAPI. */
  | { readonly kind: 'crash'; readonly restores: boolean };

export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('ban' as const),
      value: fc.constantFrom(...VALUES),
      type: fc.constantFrom('ban', 'ban', 'ban', 'captcha', 'Ban'),
      seconds: fc.integer({ min: 1, max: 100 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('lift' as const), nth: fc.nat(20), twice: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 50 }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'crowd' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'full' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), restores: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('allow' as const),
      values: fc.uniqueArray(fc.constantFrom(...VALUES), { maxLength: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('toggle' as const), enabled: fc.boolean() }) },
);
