import { covers, type Prefix, parsePrefix, prefixParts } from '../../bouncer/shared/net/prefix.ts';

export type RefusalCode = 'not_an_address' | 'too_wide' | 'own_address' | 'private_range' | 'infrastructure';

/** Addresses that a ban must not hit by mistake. */
export interface Guard {
  readonly prefix: Prefix;
  readonly code: Exclude<RefusalCode, 'not_an_address' | 'too_wide'>;
  /** What they are, as the end of "this is …". */
  readonly what: string;
}

/** Whoever bans a wider range bans a good part of the internet. */
const SHORTEST = { 4: 8, 6: 19 } as const;

/** Addresses that no attacker of the internet has (RFC 6890), and everyone at home does. */
const SPECIAL: readonly Guard[] = (
  [
    ['0.0.0.0/8', 'the range "this network"'],
    ['127.0.0.0/8', 'loopback: this machine itself'],
    ['::1', 'loopback: this machine itself'],
    ['::', 'the unspecified address'],
    ['10.0.0.0/8', 'a private range'],
    ['172.16.0.0/12', 'a private range, and that of Docker'],
    ['192.168.0.0/16', 'a private range'],
    ['100.64.0.0/10', 'the range of carriers’ own networks, and of VPNs'],
    ['169.254.0.0/16', 'the link-local range'],
    ['fe80::/10', 'the link-local range'],
    ['fc00::/7', 'a private range'],
    ['224.0.0.0/4', 'multicast, which sends no requests'],
    ['ff00::/8', 'multicast, which sends no requests'],
    ['240.0.0.0/4', 'a reserved range'],
  ] as const
).map(([text, what]) => ({ prefix: text as Prefix, code: 'private_range', what }));

/** @returns why a ban of this is refused; undefined when nothing speaks against it. */
export function objection(
  prefix: Prefix,
  guards: readonly Guard[],
): { readonly code: RefusalCode; readonly reason: string } | undefined {
  const { family, length } = prefixParts(prefix);
  if (length < SHORTEST[family]) {
    return { code: 'too_wide', reason: `a range wider than /${SHORTEST[family]} is a good part of the internet` };
  }
  const own = guards.filter(({ code }) => code === 'own_address');
  const hit = [...own, ...SPECIAL, ...guards].find((one) => covers(one.prefix, prefix) || covers(prefix, one.prefix));
  if (hit === undefined) return undefined;
  const isIt = covers(hit.prefix, prefix);
  return { code: hit.code, reason: `it ${isIt ? 'is' : 'contains'} ${hit.what} (${hit.prefix})` };
}

/** The most that is read of what proxies added. */
const MOST_HOPS = 20;

/** Whoever asks, and the proxies in between: a header can only make this refuse more. */
export function callerGuards(peer: string | undefined, forwarded: string | undefined): Guard[] {
  const hops = (forwarded ?? '').split(',').slice(0, MOST_HOPS);
  const clients = hops.map((hop) => guard(hop.trim(), 'own_address', 'your own address'));
  const isProxied = clients.some((found) => found !== undefined);
  const direct = isProxied
    ? guard(peer, 'infrastructure', 'the proxy through which you came')
    : guard(peer, 'own_address', 'your own address');
  return [...clients, direct].filter((found) => found !== undefined);
}

/** Undefined for what is no address, such as a host that nobody could resolve. */
export function guard(text: string | undefined, code: Guard['code'], what: string): Guard | undefined {
  const prefix = parsePrefix(text ?? '');
  return prefix === undefined ? undefined : { prefix, code, what };
}
