import type { CaddyVersion } from '../support/servers.ts';

export const SERVERS = ['bouncer', 'Caddy', 'Redis', 'LAPI', 'control API'] as const;
export type Server = (typeof SERVERS)[number];

/** What lies between the bouncer and the others. */
export const WAYS = ['way to Caddy', 'way to Redis', 'way to LAPI'] as const;
export type Way = (typeof WAYS)[number];

/** What can be gone. */
export type Part = Server | Way;
export const PARTS: readonly Part[] = [...SERVERS, ...WAYS];

/**
 * What a change travels through. After a start the bouncer lifts nothing, and follows no setting but the switch,
 * before it has heard all of LAPI: that is a part of the way like the others.
 */
export const HEARD = 'LAPI heard since the start';
export type Need = Part | typeof HEARD;

/** `kill`: SIGKILL; `stop`: in order, by SIGTERM; `pause`: SIGSTOP, until SIGCONT. */
export const SERVER_FAULTS = ['kill', 'stop', 'pause'] as const;
export type ServerFault = (typeof SERVER_FAULTS)[number];

/** What a network, or something that answers in the other's place, can do. */
export const WAY_FAULTS = ['cut', 'half-open', 'slow', 'garbage', '503', 'short'] as const;
export type WayFault = (typeof WAY_FAULTS)[number];

/** How a bouncer ends that is then started anew. */
export const RESTARTS = ['kill', 'stop'] as const;
export type Restart = (typeof RESTARTS)[number];

export type Outage =
  { readonly part: Server; readonly fault: ServerFault } | { readonly part: Way; readonly fault: WayFault };

/** One thing that happens to the stack. */
export type Action =
  | { readonly kind: 'ban'; readonly value: string; readonly type: string; readonly seconds: number }
  | { readonly kind: 'unban'; readonly value: string }
  | { readonly kind: 'allow'; readonly value: string; readonly seconds: number | undefined }
  | { readonly kind: 'disallow'; readonly value: string }
  | { readonly kind: 'enabled'; readonly enabled: boolean }
  | { readonly kind: 'policy'; readonly policy: 'enforce' | 'monitor' }
  /** The user edits the site and runs `caddy reload`, which takes our rules out. */
  | { readonly kind: 'reload'; readonly edit: number }
  | { readonly kind: 'wipe Redis' }
  /** With `restart` the bouncer ends and starts anew before the part comes back. */
  | { readonly kind: 'gone'; readonly outage: Outage; readonly restart?: Restart }
  | { readonly kind: 'back'; readonly outage: Outage };

export interface Step {
  readonly action: Action;
  /** How long to wait before the next one. */
  readonly pauseMs: number;
}

/** Who asks, and what can be banned: close to one another, so that decisions overlap. */
export interface Cast {
  readonly clients: readonly string[];
  readonly addresses: readonly string[];
  readonly ranges: readonly string[];
}

const hosts = (network: string, count: number) => Array.from({ length: count }, (_, i) => `${network}${i + 1}`);

/** Never banned alone nor by a range. */
const BYSTANDERS = hosts('127.9.0.', 4);
const ADDRESSES = [...hosts('127.8.0.', 12), ...hosts('127.8.1.', 12), '::1', '::ffff:127.8.0.3'];
const RANGES = [
  '127.8.0.0/31',
  '127.8.0.8/30',
  '127.8.0.0/24',
  '127.8.1.77/25',
  '127.8.0.0/23',
  '::ffff:127.8.1.0/124',
];
const BEHIND_PROXY = [...hosts('203.0.113.', 6), ...hosts('2001:db8::', 4)];
const RANGES_BEHIND_PROXY = ['203.0.113.0/30', '2001:DB8::/64'];

/** Banned from the start, for longer than any run, and enough that Caddy is asked through its index. */
export const CROWD = hosts('127.7.0.', 150);

/** Caddy 2.6.2 knows no trusted proxies, so it sees loopback clients only. */
export function castOf(caddy: CaddyVersion): Cast {
  const isNewest = caddy !== '2.6.2';
  const addresses = [...ADDRESSES, ...(isNewest ? BEHIND_PROXY : [])];
  const clients = [...addresses.filter((value) => !value.startsWith('::ffff:')), ...BYSTANDERS, ...CROWD.slice(0, 6)];
  return { clients, addresses, ranges: [...RANGES, ...(isNewest ? RANGES_BEHIND_PROXY : [])] };
}

/** As a person reads it, in the history of a failure. */
export function describe(action: Action): string {
  if (action.kind === 'gone') {
    const { outage, restart } = action;
    return `${describeOutage(outage)}${restart === undefined ? '' : `, and ${restart} the bouncer meanwhile`}`;
  }
  if (action.kind === 'back') return `back: ${describeOutage(action.outage)}`;
  const { kind, ...details } = action;
  const words = Object.values(details).filter((value) => value !== undefined);
  return [kind, ...words.map(String)].join(' ');
}

export function describeOutage({ part, fault }: Outage): string {
  return `${fault} ${part}`;
}
