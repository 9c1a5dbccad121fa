/** On loopback a client can be any address of 127/8: this one is banned in every set, to see that the set is enforced. */
export const BANNED_CLIENT = '127.9.9.9';

/**
 * As a community blocklist has them: single addresses from all over, one in ten IPv6. The same ones in every run; none
 * is in 0/8, 127/8, 198.18/15 (where the load comes from) or above 224. The banned client is the last.
 */
export function blocklist(count: number): string[] {
  const next = randomWords(0x2545f491);
  const found = new Set<string>();
  while (found.size < count - 1) found.add(next() % 10 === 0 ? ipv6(next) : ipv4(next));
  return [...found, BANNED_CLIENT];
}

/** As many /24 networks as asked for, none twice; the banned client is in the last. */
export function rangelist(count: number): string[] {
  const next = randomWords(0x9e3779b9);
  const network = (address: string) => `${address.slice(0, address.lastIndexOf('.'))}.0/24`;
  const found = new Set<string>();
  while (found.size < count - 1) found.add(network(ipv4(next)));
  return [...found, network(BANNED_CLIENT)];
}

function ipv4(next: () => number): string {
  const word = next();
  const [a, b, c, d] = [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255];
  const isOurs = a === 127 || (a === 198 && (b & 254) === 18);
  return isOurs || a === 0 || a >= 224 ? ipv4(next) : `${a}.${b}.${c}.${d}`;
}

/** Spelled as everybody spells it: no group is zero, so nothing is to be shortened. */
function ipv6(next: () => number): string {
  const group = () => (1 + (next() % 0xffff)).toString(16);
  return `2a01:${group()}:${group()}:${group()}:${group()}:${group()}:${group()}:${group()}`;
}

/** Numbers below 2^32 from a seed (xorshift32). */
export function randomWords(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
