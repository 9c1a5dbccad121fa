import type { CaddyAdmin } from '../../caddy/admin-client.ts';
import type { AdminFailure } from '../../caddy/admin-result.ts';
import { type Capabilities, versionGuess } from '../../caddy/capabilities.ts';
import { compile, type Compilation, type ServerRules } from '../../caddy/compile.ts';
import { isObject, listOf } from '../../caddy/config-types.ts';
import { isManagedId, managedIds, type ManagedIds } from '../../caddy/managed-id.ts';
import { NO_ENTRIES } from '../../caddy/matchers.ts';
import { isInPlace, writeJson } from '../../caddy/merge.ts';
import { type LiveServers, readServers } from '../../caddy/servers.ts';
import type { LaneRoutes } from '../shared/domain/ruleset.ts';
import type { CaddyStatus } from '../shared/domain/status.ts';
import type { Clock } from '../shared/runtime/clock.ts';
import type { Desired } from './desired.ts';

/** What a Caddy was read back to hold. */
export interface Held {
  readonly revision: string | undefined;
  readonly servers: number;
  readonly entries: number;
  readonly byKind: Readonly<Record<'address' | 'range' | 'exception', number>>;
  readonly version: string;
  readonly warnings: readonly string[];
  readonly sites: CaddyStatus['sites'];
  readonly refused: CaddyStatus['refused'];
}

export type RoundOutcome =
  /** Caddy holds what is wanted; `pushMs` is how long that took, when anything had to be written. */
  | { readonly kind: 'in_sync' | 'no_http_app'; readonly held: Held; readonly pushMs?: number }
  | { readonly kind: 'unreachable'; readonly message: string }
  /** `isNew` is false when the same bytes were refused before and not sent again. */
  | { readonly kind: 'rejected'; readonly message: string; readonly isNew: boolean }
  /** Somebody else keeps writing; nothing was overwritten. */
  | { readonly kind: 'busy' };

export type Presence =
  { readonly kind: 'in_place' | 'drifted' } | { readonly kind: 'unreachable'; readonly message: string };

/** How often a round starts anew because somebody wrote in between, before it lets them finish. */
const STALE_TRIES = 5;

const NOTHING_HELD = { revision: undefined, servers: 0, entries: 0, byKind: { address: 0, range: 0, exception: 0 } };

/** Of a server that keeps what it holds: nothing is added, and what is in it nobody counted. */
const KEPT = { routes: [], errorRoutes: [], entries: NO_ENTRIES } as const;

/**
 * One round against one Caddy: read, compile, compare, write if the config is still the one that was read, read back.
 * A round is idempotent, and never overwrites what it has not read.
 */
export class CaddyRound {
  readonly #admin: CaddyAdmin;
  readonly #clock: Clock;
  #capabilities: Capabilities | undefined;
  /** What the last successful round left: server names and ids, for the cheap look. */
  #expected: readonly { readonly server: string; readonly ids: ManagedIds }[] = [];
  #isWithoutServers = false;
  #refused: { readonly version: number; readonly etag: string; readonly message: string } | undefined;

  constructor(admin: CaddyAdmin, clock: Clock) {
    this.#admin = admin;
    this.#clock = clock;
  }

  close(): Promise<void> {
    return this.#admin.close();
  }

  /** @param lane how rules ask the lane, where there is one. */
  async run(desired: Desired, lane?: LaneRoutes): Promise<RoundOutcome> {
    for (let tries = 0; tries < STALE_TRIES; tries++) {
      const outcome = await this.#try(desired, lane);
      if (outcome !== 'stale') return outcome;
    }
    return { kind: 'busy' };
  }

  /** Whether what the last round left is still there; milliseconds at any size. */
  async isInPlace(): Promise<Presence> {
    if (this.#isWithoutServers) return this.#stillWithoutServers();
    if (this.#expected.length === 0) {
      const alive = await this.#admin.ping();
      return alive.kind === 'unreachable' ? this.#lost(alive.message) : { kind: 'in_place' };
    }
    for (const { server, ids } of this.#expected) {
      const found = await this.#admin.idsInPlace(server, ids);
      if (found.kind === 'unreachable') return this.#lost(found.message);
      if (found.kind !== 'ok' || !found.value) return { kind: 'drifted' };
    }
    return { kind: 'in_place' };
  }

  async #stillWithoutServers(): Promise<Presence> {
    const servers = await this.#admin.readServers();
    if (servers.kind === 'unreachable') return this.#lost(servers.message);
    return { kind: servers.kind === 'no-http-app' ? 'in_place' : 'drifted' };
  }

  /** It may come back as another Caddy, with other capabilities. */
  #lost(message: string): { readonly kind: 'unreachable'; readonly message: string } {
    this.#capabilities = undefined;
    return { kind: 'unreachable', message };
  }

  async #try(desired: Desired, lane: LaneRoutes | undefined): Promise<RoundOutcome | 'stale'> {
    const capabilities = await this.#ask();
    if ('kind' in capabilities) return this.#failure(capabilities, desired, '');
    const read = await this.#admin.readServers();
    if (read.kind !== 'ok') return this.#failure(read, desired, '');
    const { text, etag } = read.value;
    if (this.#refused?.version === desired.version && this.#refused.etag === etag) {
      return { kind: 'rejected', message: this.#refused.message, isNew: false };
    }
    const live = readServers(text);
    if (live.kind === 'unreadable') return { kind: 'rejected', message: live.reason, isNew: true };
    const { servers, compilation } = this.#compile(desired, capabilities, live, lane);
    if (isInPlace(servers, compilation)) return this.#settled(compilation, capabilities);
    return this.#write(desired, capabilities, servers, compilation, etag);
  }

  async #ask(): Promise<Capabilities | AdminFailure> {
    if (this.#capabilities !== undefined) return this.#capabilities;
    const asked = await this.#admin.capabilities();
    if (asked.kind !== 'ok') return asked;
    return (this.#capabilities = asked.value);
  }

  /**
   * While nothing is certain, a server that holds rules of ours keeps exactly those: they may know more than we do.
   * Only rules at the top count: a copy elsewhere protects nothing.
   */
  #compile(
    desired: Desired,
    capabilities: Capabilities,
    live: LiveServers,
    lane: LaneRoutes | undefined,
  ): { servers: LiveServers; compilation: Compilation } {
    const compilation = compile(desired.ruleset, capabilities, live.servers, lane);
    if (!desired.addOnly) return { servers: live, compilation };
    const kept = new Map(live.servers.map((server) => [server.name, idsAtTop(server)]));
    const servers = live.servers.map((server) =>
      kept.get(server.name) === undefined ? server : { ...server, own: server.running },
    );
    const rules = [...compilation.servers].map(([name, compiled]): [string, ServerRules] => {
      const ids = kept.get(name);
      return [name, ids === undefined ? compiled : { ...compiled, ...KEPT, ids }];
    });
    return { servers: { ...live, servers }, compilation: { ...compilation, servers: new Map(rules) } };
  }

  async #write(
    desired: Desired,
    capabilities: Capabilities,
    servers: LiveServers,
    compilation: Compilation,
    etag: string,
  ): Promise<RoundOutcome | 'stale'> {
    const began = this.#clock.monotonic();
    const written = await this.#admin.writeServers(writeJson(servers, compilation), etag);
    if (written.kind !== 'ok') return this.#failure(written, desired, etag);
    const outcome = this.#settled(compilation, capabilities);
    const seen = await this.isInPlace();
    if (seen.kind === 'unreachable') return seen;
    if (seen.kind === 'drifted') return 'stale';
    return { ...outcome, pushMs: this.#clock.monotonic() - began };
  }

  #settled(compilation: Compilation, capabilities: Capabilities): Extract<RoundOutcome, { held: Held }> {
    const rules = [...compilation.servers.values()];
    this.#refused = undefined;
    this.#isWithoutServers = false;
    this.#expected = rules.flatMap(({ name, ids }) => (ids === undefined ? [] : [{ server: name, ids }]));
    return { kind: 'in_sync', held: describe(rules, capabilities) };
  }

  #failure(failure: AdminFailure, desired: Desired, etag: string): RoundOutcome | 'stale' {
    switch (failure.kind) {
      case 'stale':
        return 'stale';
      case 'unreachable':
        return this.#lost(failure.message);
      case 'rejected':
        this.#refused = etag === '' ? undefined : { version: desired.version, etag, message: failure.message };
        return { kind: 'rejected', message: failure.message, isNew: true };
      case 'no-http-app': {
        this.#expected = [];
        this.#isWithoutServers = true;
        const version = this.#capabilities === undefined ? 'unknown' : versionGuess(this.#capabilities);
        return {
          kind: 'no_http_app',
          held: { ...NOTHING_HELD, version, warnings: [failure.message], sites: [], refused: [] },
        };
      }
    }
  }
}

/** The ids of the rules that a server runs before everything else; undefined when it does not. */
function idsAtTop({ key, running }: LiveServers['servers'][number]): ManagedIds | undefined {
  const ids = listOf(running.routes).map((route) => (isObject(route) ? route['@id'] : undefined));
  const [enter, block, leave] = ids;
  if (typeof leave !== 'string' || !isManagedId(leave)) return undefined;
  const wanted = managedIds(key, leave.slice(leave.lastIndexOf('_') + 1));
  return enter === wanted.enter && block === wanted.block && leave === wanted.leave ? wanted : undefined;
}

function describe(rules: readonly ServerRules[], capabilities: Capabilities): Held {
  const byKind = { address: 0, range: 0, exception: 0 };
  for (const { entries } of rules) {
    byKind.address += entries.addresses;
    byKind.range += entries.ranges;
    byKind.exception += entries.exceptions;
  }
  const revisions = rules.flatMap(({ ids }) =>
    ids === undefined ? [] : [ids.leave.slice(ids.leave.lastIndexOf('_') + 1)],
  );
  return {
    revision: revisions.length === 0 ? undefined : [...new Set(revisions)].join('+'),
    servers: rules.length,
    entries: byKind.address + byKind.range + byKind.exception,
    byKind,
    version: versionGuess(capabilities),
    warnings: rules.flatMap(({ warnings }) => warnings.map(({ message }) => message)),
    sites: rules.flatMap(sitesOf),
    refused: rules.flatMap(({ refused }) => refused.map(toRefused)),
  };
}

function toRefused({
  server,
  hosts,
  path,
  reason,
  hint,
}: ServerRules['refused'][number]): CaddyStatus['refused'][number] {
  const site = hosts.length === 0 ? '' : `, site ${hosts.join(', ')}`;
  return { where: `server "${server}"${site}: ${path}`, reason, hint };
}

/** One line for every policy that the Caddyfile gives a site or one of its paths. */
function sitesOf({ name, sites }: ServerRules): CaddyStatus['sites'] {
  return sites.flatMap(({ match, rules }) => {
    const hosts = [...new Set(match.flatMap(({ host = [] }) => host))];
    return rules.map((rule) => ({
      server: name,
      hosts,
      paths: rule.match.flatMap(({ path = [] }) => [...path]),
      policy: rule.policy,
    }));
  });
}
