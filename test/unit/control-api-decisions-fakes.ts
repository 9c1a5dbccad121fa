import type { Decision } from '../../bouncer/shared/domain/decision.ts';
import { formatPrefix } from '../../bouncer/shared/net/prefix.ts';
import type { Place, PlaceFinder } from '../../control-api/decisions/places.ts';

const ORIGINS = ['CAPI', 'CAPI', 'CAPI', 'lists', 'crowdsec', 'cscli'];
const SCENARIOS = ['crowdsecurity/http-probing', 'crowdsecurity/ssh-bf', 'ban 1 by hand', 'firehol'];
const COUNTRIES = ['DE', 'FR', 'US', 'CN', null];

/** The same numbers each time (mulberry32). */
export function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** As a blocklist is: nearly all single IPv4 addresses, some ranges, some IPv6. */
export function* manyDecisions(count: number, seed = 1): Generator<Decision> {
  const random = numbers(seed);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  for (let id = 1; id <= count; id++) {
    const isV6 = random() < 0.05;
    const words = Uint32Array.from({ length: 4 }, () => random() * 2 ** 32);
    const length = random() < 0.03 ? (isV6 ? 48 : 24) : isV6 ? 128 : 32;
    yield {
      id,
      origin: pick(ORIGINS),
      scenario: pick(SCENARIOS),
      type: random() < 0.01 ? 'captcha' : 'ban',
      prefix: formatPrefix(isV6 ? 6 : 4, words, length)!,
      expiresAt: Math.floor(random() * 1e9),
    };
  }
}

/** A country for each first digit. */
export const somePlaces: PlaceFinder = {
  find: (address): Place => ({ country: COUNTRIES[address.charCodeAt(0) % COUNTRIES.length] ?? null, as_name: null }),
};
