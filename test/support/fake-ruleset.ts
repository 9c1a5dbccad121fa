import fc from 'fast-check';
import { POLICIES } from '../../bouncer/shared/domain/policy.ts';
import type { BanAction, LaneRoutes } from '../../bouncer/shared/domain/ruleset.ts';
import { formatPrefix } from '../../bouncer/shared/net/prefix.ts';
import { type RulesetWish, strangers } from './caddy-enforcer.ts';

const word = fc.nat(0xffff_ffff);
/** Groups are often zero, so that there are all kinds of `::`. */
const ipv6Words = fc.array(fc.oneof(fc.constant(0), fc.nat(0xffff), word), { minLength: 4, maxLength: 4 });

export const anyAddress = fc.oneof(
  word.map((bits) => formatPrefix(4, [bits], 32)!),
  ipv6Words.map((words) => formatPrefix(6, words, 128)!),
);

export const anyRange = fc.oneof(
  fc.tuple(word, fc.nat(31)).map(([bits, length]) => formatPrefix(4, [bits], length)!),
  fc.tuple(ipv6Words, fc.nat(127)).map(([words, length]) => formatPrefix(6, words, length)!),
);

/** Any text that can stand in a file and in JSON; with what means something to Caddy, HTML and JSON more often. */
export const anyBody = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom('{', '}', '\\', '"', '<', '[', ' ', '\n', 'env.HOME', 'http.error', 'ä'),
    maxLength: 12,
  }),
);

const action: fc.Arbitrary<BanAction> = fc.oneof(
  fc.record(
    { kind: fc.constant('status' as const), status: fc.integer({ min: 400, max: 599 }), body: anyBody },
    { requiredKeys: ['kind', 'status'] },
  ),
  fc.constant({ kind: 'abort' as const }),
  fc.record({ kind: fc.constant('error' as const), status: fc.integer({ min: 400, max: 599 }) }),
);

const lane: fc.Arbitrary<LaneRoutes> = fc.record({
  root: fc.constantFrom('/run/crowdsec', '/run/lane with spaces', '/srv/ä/"lane"'),
  secret: fc.constant('5ec4e7'),
  isActive: fc.boolean(),
});

/** Rules of every size at which the compiler chooses differently: none, a list, an index, a tree of ranges. */
export const anyRulesetWish: fc.Arbitrary<RulesetWish> = fc
  .record(
    {
      addresses: fc.uniqueArray(anyAddress, { maxLength: 30 }),
      ranges: fc.uniqueArray(anyRange, { maxLength: 10 }),
      exceptions: fc.uniqueArray(fc.oneof(anyAddress, anyRange), { maxLength: 5 }),
      policy: fc.constantFrom(...POLICIES),
      action,
      logBlocked: fc.constantFrom('keep' as const, 'skip' as const),
      lane,
    },
    { requiredKeys: ['addresses', 'ranges'] },
  )
  .chain((wish) =>
    fc.tuple(fc.constantFrom(0, 0, 71, 101, 200), fc.constantFrom(0, 0, 300)).map(([more, tree]) => ({
      ...wish,
      addresses: [...new Set([...wish.addresses, ...strangers(more)])],
      ranges: [...wish.ranges, ...Array.from({ length: tree }, (_, i) => `100.${64 + (i >> 8)}.${i & 255}.0/24`)],
    })),
  );
