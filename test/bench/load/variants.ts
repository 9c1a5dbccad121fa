import { join } from 'node:path';
import { LaneFolder } from '../../../bouncer/enforce/lane-folder.ts';
import type { CaddyConfig, CaddyServer } from '../../../scripts/servers/caddy-server.ts';
import { enforce } from '../../support/caddy-enforcer.ts';
import type { CaddyVersion } from '../../support/servers.ts';
import { blocklist, rangelist } from '../measure/blocklist.ts';

/** What stands behind a site, and costs time of its own. */
export type SiteKind = 'proxy' | 'trivial';

/** Where the servers of one comparison are. */
export interface Places {
  readonly caddy: CaddyVersion;
  readonly site: SiteKind;
  readonly port: number;
  /** host:port behind `reverse_proxy`. */
  readonly upstream: string;
  /** host:port behind `forward_auth`. */
  readonly auth: string;
}

/** One way to protect a site, or none: each gets a Caddy of its own. */
export interface Variant {
  readonly name: string;
  /** Directives before those of the site. */
  readonly directives?: (places: Places) => string;
  /** Done to the running Caddy, once. */
  readonly protect?: (server: CaddyServer) => Promise<unknown>;
  /** This process answers for it as well, and its CPU is a part of the price. */
  readonly asksUs?: true;
  /** What a banned client gets. */
  readonly bannedStatus: 200 | 403;
}

export const NO_RULES: Variant = { name: 'no rules', bannedStatus: 200 };

/** What the product does: its compiler's own routes, pushed through the admin API. */
export function ourRules(count: number): Variant {
  return {
    name: `${count.toLocaleString('en')} decisions`,
    protect: (server) => enforce(server, { addresses: blocklist(count) }),
    bannedStatus: 403,
  };
}

/** The same with the lane, which costs a look at the file system for each request. */
export function ourRulesWithLane(count: number): Variant {
  return {
    name: `${count.toLocaleString('en')} decisions and the lane`,
    protect: async (server) => {
      const root = join(server.stateDir, 'lane');
      new LaneFolder(root).open();
      await enforce(server, { addresses: blocklist(count), lane: { root, secret: 'bench', isActive: true } });
    },
    bannedStatus: 403,
  };
}

/** What people write by hand: one list in the Caddyfile, that Caddy walks for each request. */
export function linearList(count: number): Variant {
  return asOneList(`one list of ${count.toLocaleString('en')}`, () => blocklist(count));
}

export function linearListOfRanges(count: number): Variant {
  return asOneList(`one list of ${count.toLocaleString('en')} ranges`, () => rangelist(count));
}

function asOneList(name: string, banned: () => readonly string[]): Variant {
  return {
    name,
    directives: ({ caddy }) => {
      const matcher = caddy === '2.6.2' ? 'remote_ip' : 'client_ip';
      return `@banned ${matcher} ${banned().join(' ')}\nrespond @banned 403`;
    },
    bannedStatus: 403,
  };
}

/** Many ranges, which the compiler makes a tree of. */
export function ourRulesForRanges(count: number): Variant {
  return {
    name: `${count.toLocaleString('en')} ranges`,
    protect: (server) => enforce(server, { ranges: rangelist(count) }),
    bannedStatus: 403,
  };
}

/** What other bouncers do: another program is asked for each request. This one always says yes, at once. */
export const FORWARD_AUTH: Variant = {
  name: 'forward_auth',
  directives: ({ auth }) => `forward_auth ${auth} {\n\turi /verdict\n}`,
  asksUs: true,
  bannedStatus: 200,
};

/** The load comes through 127.0.0.1 as a trusted proxy, so that each request can have an address of its own. */
const TRUST_LOOPBACK = 'servers {\n\ttrusted_proxies static 127.0.0.1/32\n\ttrusted_proxies_strict\n}';

export function configOf(variant: Variant, places: Places): CaddyConfig {
  const content = places.site === 'proxy' ? `reverse_proxy ${places.upstream}` : 'respond "ok"';
  const directives = [`bind 127.0.0.1`, variant.directives?.(places) ?? '', content].join('\n').replace(/^/gm, '\t');
  return {
    kind: 'caddyfile',
    globals: places.caddy === '2.6.2' ? '' : TRUST_LOOPBACK,
    sites: `http://:${places.port} {\n${directives}\n}`,
  };
}
