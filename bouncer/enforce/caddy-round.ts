import { isDeepStrictEqual } from 'node:util';
import type { CaddyAdmin } from '../../caddy/admin-client.ts';
import type { AdminFailure, AdminResult } from '../../caddy/admin-result.ts';
import { type Capabilities, versionGuess } from '../../caddy/capabilities.ts';
import { compile, type Compilation, type ServerRules } from '../../caddy/compile.ts';
import type { ManagedIds } from '../../caddy/managed-id.ts';
import { NO_ENTRIES } from '../../caddy/matchers.ts';
import { isInPlace, writeJson } from '../../caddy/merge.ts';
import { type LiveServers, readServers } from '../../caddy/servers.ts';
import type { LaneRoutes } from '../shared/domain/ruleset.ts';
import type { Clock } from '../shared/runtime/clock.ts';
import type { Desired } from './desired.ts';
import { idsAtTop, marksIn } from './found-rules.ts';
import { describeHeld, type Held } from './held.ts';
import { LoadWatch, type Presence } from './load-watch.ts';
import type { Ownership } from './ownership.ts';

export type RoundOutcome =
  /** Caddy holds what is wanted; `pushMs` is how long that took, when anything had to be written. */
  | { readonly kind: 'in_sync' | 'no_http_app'; readonly held: Held; readonly pushMs?: number }
  | { readonly kind: 'unreachable'; readonly message: string }
  /** `isNew` is false when the same bytes were refused before and not sent again. */
  | { readonly kind: 'rejected'; readonly message: string; readonly isNew: boolean }
  /** Another bouncer looks after this Caddy; nothing was written. */
  | { readonly kind: 'foreign'; readonly message: string }
  /** Somebody else keeps writing; nothing was overwritten. */
  | { readonly kind: 'busy' };

/** How often a round starts anew because somebody wrote in between, before it lets them finish. */
const STALE_TRIES = 5;

/** Caddy may be upgraded between two looks, with our rules kept by its `--resume`: nothing else tells. */
const CAPABILITIES_MS = 60_000;

const NOTHING_HELD = {
  revision: undefined,
  servers: 0,
  entries: 0,
  byKind: { address: 0, range: 0, exception: 0 },
  isKept: false,
};

/** Of a server that keeps what it holds: nothing is added, and what is in it nobody counted. */
const KEPT = { routes: [], errorRoutes: [], entries: NO_ENTRIES } as const;

/** What Caddy refused: the same bytes again would be refused again. */
interface Refused {
  readonly version: number;
  readonly etag: string;
  readonly capabilities: Capabilities | undefined;
  readonly message: string;
}

interface Push {
  readonly servers: LiveServers;
  readonly compilation: Compilation;
  readonly etag: string;
  /** Called when Caddy took it. */
  readonly replaced: () => void;
}

/**
 * One round against one Caddy: read, compile, compare, write if the config is still the one that was read, read back.
 * A round is idempotent, and never overwrites what it has not read.
 */
export class CaddyRound {
  readonly #admin: CaddyAdmin;
  readonly #clock: Clock;
  readonly #ownership: Ownership | undefined;
  readonly #loads: LoadWatch;
  #capabilities: Capabilities | undefined;
  #capabilitiesAt = -Infinity;
  #mayHaveTaken = false;
  /** What the last successful round left: server names and ids, for the close look. */
  #expected: readonly { readonly server: string; readonly ids: ManagedIds }[] = [];
  #isWithoutServers = false;
  #refused: Refused | undefined;

  /** @param ownership undefined: whatever rules of ours there are, they are replaced. */
  constructor(admin: CaddyAdmin, clock: Clock, ownership?: Ownership) {
    this.#admin = admin;
    this.#clock = clock;
    this.#ownership = ownership;
    this.#loads = new LoadWatch(admin, clock);
  }

  close(): Promise<void> {
    return this.#admin.close();
  }

  /** Whether Caddy may hold what the last round sent: it took it, or nobody heard an answer. */
  get mayHaveTaken(): boolean {
    return this.#mayHaveTaken;
  }

  /** @param lane how rules ask the lane, where there is one. */
  async run(desired: Desired, lane?: LaneRoutes): Promise<RoundOutcome> {
    this.#mayHaveTaken = false;
    for (let tries = 0; tries < STALE_TRIES; tries++) {
      const outcome = await this.#try(desired, lane);
      if (outcome !== 'stale') return outcome;
    }
    return { kind: 'busy' };
  }

  /** Whether what the last round left is still there; milliseconds at any size. */
  async isInPlace(): Promise<Presence> {
    const presence = await this.#loads.unlessSame(() => this.#lookClosely());
    // Reloaded, or gone: it may be another Caddy by now, and a quick restart is not seen as its absence.
    if (presence.kind === 'drifted' || presence.kind === 'unreachable') this.#forget();
    return presence;
  }

  async #lookClosely(): Promise<Presence> {
    if (this.#isWithoutServers) {
      const servers = await this.#admin.readServers();
      return servers.kind === 'no-http-app' ? { kind: 'in_place' } : goneFrom(servers);
    }
    if (this.#expected.length === 0) {
      const alive = await this.#admin.ping();
      return alive.kind === 'unreachable' ? goneFrom(alive) : { kind: 'in_place' };
    }
    for (const { server, ids } of this.#expected) {
      const found = await this.#admin.idsInPlace(server, ids);
      if (found.kind !== 'ok' || !found.value) return goneFrom(found);
    }
    return { kind: 'in_place' };
  }

  /** It may come back as another Caddy, with other capabilities. */
  #lost(message: string): { readonly kind: 'unreachable'; readonly message: string } {
    this.#forget();
    return { kind: 'unreachable', message };
  }

  #forget(): void {
    this.#capabilities = undefined;
    this.#loads.forget();
  }

  async #try(desired: Desired, lane: LaneRoutes | undefined): Promise<RoundOutcome | 'stale'> {
    const capabilities = await this.#ask();
    if ('kind' in capabilities) return this.#failure(capabilities, desired, '');
    const read = await this.#admin.readServers();
    if (read.kind !== 'ok') return this.#failure(read, desired, '');
    const { json, etag } = read.value;
    const refused = this.#refused;
    if (refused?.version === desired.version && refused.etag === etag) {
      const isSame = isDeepStrictEqual(refused.capabilities, capabilities);
      if (isSame) return { kind: 'rejected', message: refused.message, isNew: false };
    }
    const live = readServers(json);
    if (live.kind === 'unreadable') return { kind: 'rejected', message: live.reason, isNew: true };
    const found = marksIn(live.servers);
    const refusal = await this.#ownership?.refusal(found);
    if (refusal !== undefined) return { kind: 'foreign', message: refusal };
    const { servers, compilation } = this.#compile(desired, capabilities, live, lane);
    if (isInPlace(servers, compilation)) return this.#settled(compilation, capabilities);
    const replaced = () => this.#ownership?.replaced(found);
    return this.#write(desired, capabilities, { servers, compilation, etag, replaced });
  }

  async #ask(): Promise<Capabilities | AdminFailure> {
    const now = this.#clock.monotonic();
    if (this.#capabilities !== undefined && now - this.#capabilitiesAt < CAPABILITIES_MS) return this.#capabilities;
    const asked = await this.#admin.capabilities();
    if (asked.kind !== 'ok') return asked;
    this.#capabilitiesAt = now;
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
    const compilation = compile(desired.ruleset, capabilities, live.servers, lane, this.#ownership?.id);
    if (!desired.addOnly) return { servers: live, compilation };
    const keptIds = (server: LiveServers['servers'][number]) => {
      const ids = idsAtTop(server);
      return ids?.leave === compilation.servers.get(server.name)?.ids?.leave ? undefined : ids; // the same already
    };
    const kept = new Map(live.servers.map((server) => [server.name, keptIds(server)]));
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
    { servers, compilation, etag, replaced }: Push,
  ): Promise<RoundOutcome | 'stale'> {
    const began = this.#clock.monotonic();
    const written = await this.#admin.writeServers(writeJson(servers, compilation), etag);
    this.#mayHaveTaken ||= written.kind === 'ok' || written.kind === 'unreachable';
    if (written.kind !== 'ok') return this.#failure(written, desired, etag);
    replaced();
    const outcome = this.#settled(compilation, capabilities);
    const seen = await this.isInPlace();
    if (seen.kind === 'unreachable') return seen;
    if (seen.kind === 'drifted') return 'stale';
    return { ...outcome, pushMs: this.#clock.monotonic() - began };
  }

  #settled(compilation: Compilation, capabilities: Capabilities): Extract<RoundOutcome, { held: Held }> {
    const rules = [...compilation.servers.values()];
    this.#refused = undefined;
    this.#loads.expectAnew();
    this.#isWithoutServers = false;
    this.#expected = rules.flatMap(({ name, ids }) => (ids === undefined ? [] : [{ server: name, ids }]));
    return { kind: 'in_sync', held: describeHeld(rules, capabilities) };
  }

  #failure(failure: AdminFailure, desired: Desired, etag: string): RoundOutcome | 'stale' {
    switch (failure.kind) {
      case 'stale':
        return 'stale';
      case 'unreachable':
        return this.#lost(failure.message);
      case 'rejected':
        this.#refused =
          etag === ''
            ? undefined
            : { version: desired.version, etag, capabilities: this.#capabilities, message: failure.message };
        this.#capabilities = undefined; // an older Caddy than the one that was asked may not know what we write
        return { kind: 'rejected', message: failure.message, isNew: true };
      case 'no-http-app': {
        this.#loads.expectAnew();
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

function goneFrom(found: AdminResult<unknown>): Presence {
  return found.kind === 'unreachable' ? { kind: 'unreachable', message: found.message } : { kind: 'drifted' };
}
