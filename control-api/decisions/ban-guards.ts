import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import { covers, type Prefix, parsePrefix, prefixParts } from '../../bouncer/shared/net/prefix.ts';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import type { Config } from '../config.ts';

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

function guard(text: string | undefined, code: Guard['code'], what: string): Guard | undefined {
  const prefix = parsePrefix(text ?? '');
  return prefix === undefined ? undefined : { prefix, code, what };
}

const RESOLVE_MS = 1_000;
const KEEP_MS = 60_000;

/** The addresses of this machine and of the servers that everything here depends on, by their settings. */
export class InfrastructureGuards {
  readonly #config: Config;
  readonly #clock: Clock;
  #known: { readonly at: number; readonly guards: Promise<Guard[]> } | undefined;

  constructor(config: Config, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  /** Never fails: a name that cannot be resolved guards nothing. */
  guards(): Promise<Guard[]> {
    const now = this.#clock.monotonic();
    if (this.#known === undefined || now - this.#known.at > KEEP_MS) this.#known = { at: now, guards: this.#find() };
    return this.#known.guards;
  }

  async #find(): Promise<Guard[]> {
    const own = Object.values(networkInterfaces()).flatMap((entries) =>
      (entries ?? []).map(({ address }) => guard(address, 'infrastructure', 'an address of this machine')),
    );
    const servers = await Promise.all(
      namedServers(this.#config).map(async ([url, what]) =>
        (await addressesOf(url)).map((address) => guard(address, 'infrastructure', what)),
      ),
    );
    return [...own, ...servers.flat()].filter((found) => found !== undefined);
  }
}

function namedServers(config: Config): [url: string, what: string][] {
  return [
    ...config.CADDY_ADMIN.map((url): [string, string] => [url, 'an address of Caddy']),
    ...config.CONTROL_API_PUBLIC_URL.map((url): [string, string] => [url.href, `an address of ${url.hostname}`]),
    [config.CROWDSEC_LAPI_URL, 'an address of CrowdSec'],
    [config.BOUNCER_URL, 'an address of the bouncer'],
    [config.REDIS_URL.reveal(), 'an address of Redis'],
  ];
}

async function addressesOf(url: string): Promise<string[]> {
  if (url.startsWith('unix') || !URL.canParse(url)) return [];
  const host = new URL(url).hostname.replace(/^\[(.+)\]$/, '$1');
  if (parsePrefix(host) !== undefined) return [host];
  const limit = new Promise<[]>((resolve) => setTimeout(() => resolve([]), RESOLVE_MS).unref());
  const found = await Promise.race([lookup(host, { all: true }).catch(() => []), limit]);
  return found.map(({ address }) => address);
}
