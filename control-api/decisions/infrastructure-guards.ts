import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import { sentinelsOf } from '../../bouncer/shared/redis/redis-url.ts';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import { parseAdminAddress } from '../../caddy/admin-address.ts';
import type { Config } from '../config.ts';
import { guard, type Guard } from './ban-guards.ts';

type Settings = Pick<
  Config,
  'CADDY_ADMIN' | 'CONTROL_API_PUBLIC_URL' | 'CROWDSEC_LAPI_URL' | 'BOUNCER_URL' | 'REDIS_URL'
>;

/** All addresses of a host; an address is its own. */
type Resolve = (host: string) => Promise<readonly string[]>;

const RESOLVE_MS = 1_000;
const KEEP_MS = 60_000;

/** The addresses of this machine and of the servers that everything here depends on, by their settings. */
export class InfrastructureGuards {
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #resolve: Resolve;
  #known: { readonly at: number; readonly guards: Promise<Guard[]> } | undefined;

  constructor(settings: Settings, clock: Clock, resolve: Resolve = askResolver) {
    this.#settings = settings;
    this.#clock = clock;
    this.#resolve = resolve;
  }

  /** Never fails: a name that cannot be resolved guards nothing. */
  guards(): Promise<Guard[]> {
    const now = this.#clock.monotonic();
    if (this.#known === undefined || now - this.#known.at > KEEP_MS) this.#known = { at: now, guards: this.#find() };
    return this.#known.guards;
  }

  async #find(): Promise<Guard[]> {
    const own = Object.values(networkInterfaces()).flatMap((entries = []) =>
      entries.map(({ address }) => guard(address, 'infrastructure', 'an address of this machine')),
    );
    const servers = await Promise.all(
      namedHosts(this.#settings).map(async ([host, what]) =>
        (await this.#addressesOf(host)).map((address) => guard(address, 'infrastructure', what)),
      ),
    );
    return [...own, ...servers.flat()].filter((found) => found !== undefined);
  }

  async #addressesOf(host: string): Promise<readonly string[]> {
    const limit = new Promise<[]>((resolve) => setTimeout(() => resolve([]), RESOLVE_MS).unref());
    return Promise.race([this.#resolve(host).catch(() => []), limit]);
  }
}

async function askResolver(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
}

/** Sockets have no host. */
function namedHosts(settings: Settings): (readonly [host: string, what: string])[] {
  const named = [
    ...settings.CADDY_ADMIN.map((text) => [hostOfCaddy(text), 'an address of Caddy'] as const),
    ...settings.CONTROL_API_PUBLIC_URL.map(
      ({ href, hostname }) => [hostOf(href), `an address of ${hostname}`] as const,
    ),
    [hostOf(settings.CROWDSEC_LAPI_URL), 'an address of CrowdSec'] as const,
    [hostOf(settings.BOUNCER_URL), 'an address of the bouncer'] as const,
    ...hostsOfRedis(settings.REDIS_URL.reveal()).map((host) => [host, 'an address of Redis'] as const),
  ];
  return named.filter(([host]) => host !== '');
}

/** As Caddy writes it, `caddy:2019` is an address too. */
function hostOfCaddy(text: string): string {
  const parsed = parseAdminAddress(text);
  return parsed.kind === 'address' && parsed.address.kind === 'tcp' ? hostOf(parsed.address.origin) : '';
}

/** Where the master is, only the Sentinels know; without them nobody finds it. */
function hostsOfRedis(url: string): readonly string[] {
  return sentinelsOf(url)?.sentinels.map(({ host }) => host) ?? [hostOf(url)];
}

function hostOf(url: string): string {
  if (/^unix:/i.test(url)) return ''; // its path may be anything
  return new URL(url).hostname.replace(/^\[(.+)\]$/, '$1');
}
