import type { Remediation } from './decisions/remediation.ts';
import type { DecisionStore } from './decisions/store.ts';
import type { DesiredState } from './enforce/desired.ts';
import type { Reconciler } from './enforce/reconciler.ts';
import type { FleetFollower } from './fleet/fleet-follower.ts';
import type { FleetLease } from './fleet/fleet-lease.ts';
import type { BouncerMetrics } from './http/metrics.ts';
import type { Intake } from './intake.ts';
import { type StateFacts, summarise } from './report.ts';
import type { BouncerStatus } from './shared/domain/status.ts';
import type { RedisLink } from './shared/redis/client.ts';
import { appendEvent } from './shared/redis/event-log.ts';
import { removeStatus, STATUS_TTL_MS, writeStatus } from './shared/redis/status-store.ts';
import type { Clock } from './shared/runtime/clock.ts';
import type { Logger } from './shared/runtime/logger.ts';
import { reasonOf } from './shared/runtime/reason.ts';
import type { Service } from './shared/runtime/service.ts';
import type { SettingsKeeper } from './state/settings-keeper.ts';
import { VERSION } from './version.ts';

interface ReporterParts {
  readonly id: string;
  readonly redis: RedisLink | undefined;
  readonly settings: SettingsKeeper;
  readonly fallback: Remediation;
  /** Which decisions this bouncer takes, in the words of the settings. */
  readonly filter: string;
  readonly desired: DesiredState;
  readonly store: DecisionStore;
  readonly intake: Intake;
  readonly lease: FleetLease;
  readonly follower: FleetFollower;
  readonly reconcilers: ReadonlyMap<string, Reconciler>;
  readonly metrics: BouncerMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Of LAPI, to a follower, before its leader has said anything. */
const UNKNOWN: Omit<BouncerStatus['lapi'], 'url' | 'rejected'> = { state: 'unknown' };

/** Says how the bouncer is: to Redis every few seconds and at each change, and to whoever asks. */
export class Reporter implements Service {
  readonly name = 'status';
  readonly #parts: ReporterParts;
  readonly #startedAt: string;
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Immediate | undefined;
  #state: BouncerStatus['state'] | undefined;
  #isStopped = false;
  /** Why Redis took no status, although it is there. */
  #refusal: string | undefined;

  constructor(parts: ReporterParts) {
    this.#parts = parts;
    this.#startedAt = new Date(parts.clock.wall()).toISOString();
  }

  start(): void {
    const { redis, desired, lease, reconcilers, settings } = this.#parts;
    this.#timer = setInterval(() => this.#publishSoon(), STATUS_TTL_MS / 3);
    lease.on('change', () => {
      this.#publishSoon();
      void this.#event('stream', this.#streamInWords());
    });
    redis?.on('up', () => this.#publishSoon());
    desired.on('change', () => this.#publishSoon());
    settings.on(
      'change',
      () =>
        void this.#event(
          'settings',
          `protection is ${settings.current.enabled ? 'on' : 'off'}, policy ${settings.current.policy}`,
        ),
    );
    for (const [admin, reconciler] of reconcilers) {
      for (const event of ['settled', 'state'] as const) reconciler.on(event, () => this.#publishSoon());
      reconciler.on(
        'drift',
        () => void this.#event('drift', `the rules in Caddy at ${admin} were gone or changed; putting them back`),
      );
      reconciler.on('state', (state, message) => void this.#event('caddy', message ?? `Caddy at ${admin}: ${state}`));
    }
    this.#publishSoon();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    clearImmediate(this.#soon);
    const { redis, id } = this.#parts;
    if (redis?.isUp === true) await removeStatus(redis, id).catch(() => undefined);
  }

  get status(): BouncerStatus {
    const { id, settings, fallback, desired, store, reconcilers, redis, clock } = this.#parts;
    const lapi = this.#lapi;
    const caddies = [...reconcilers].map(([admin, reconciler]) => ({ admin, reconciler }));
    const summary = summarise({
      settings: settings.current,
      desired: desired.current,
      isComplete: desired.isComplete,
      hasDouble: this.#parts.lease.hasDouble,
      otherFilter: this.#otherFilter,
      followTrouble: this.#parts.follower.trouble,
      lapi: lapi.state,
      lapiError: lapi.error,
      caddies: caddies.map(({ admin, reconciler: { status, trouble, isFollowing } }) => ({
        admin,
        state: status.state,
        trouble,
        isFollowing,
      })),
    });
    return {
      id,
      version: VERSION,
      started_at: this.#startedAt,
      updated_at: new Date(clock.wall()).toISOString(),
      ...summary,
      settings: { ...settings.current, allowlist: settings.allowlist, fallback },
      decisions: { total: store.size, ...store.counts.byOrigin },
      enforced: { ...desired.lastCounts },
      lapi,
      stream: this.#stream,
      redis: { state: redis === undefined ? 'none' : redis.isUp ? 'up' : 'down', error: redis?.error ?? this.#refusal },
      caddies: caddies.map(({ admin, reconciler }) => ({ admin, ...reconciler.status })),
    };
  }

  /** A follower knows of LAPI what the leader says; the address is its own. */
  get #lapi(): BouncerStatus['lapi'] {
    const { lease, intake, follower } = this.#parts;
    const own = { ...intake.status, filter: this.#parts.filter };
    if (lease.standing.kind !== 'follower') return own;
    const { state, last_pull_at, last_full_pull_at, error, hint } = follower.leaderLapi ?? UNKNOWN;
    const { url, rejected, filter } = own;
    return { url, rejected, filter, state, last_pull_at, last_full_pull_at, error, hint };
  }

  /** Whoever pulls for all leaves out what its own filter does not want. */
  get #otherFilter(): StateFacts['otherFilter'] {
    const { lease, follower, filter: own } = this.#parts;
    const { standing } = lease;
    const leaders = follower.leaderLapi?.filter;
    if (standing.kind !== 'follower' || leaders === undefined || leaders === own) return undefined;
    return { leader: standing.lease.by, leaders, own };
  }

  get #stream(): BouncerStatus['stream'] {
    const { standing } = this.#parts.lease;
    if (standing.kind === 'alone') return { role: 'alone', reason: standing.reason };
    return { role: standing.kind, leader: standing.lease.by };
  }

  #streamInWords(): string {
    const { id, lease } = this.#parts;
    const { standing } = lease;
    if (standing.kind === 'alone') return `bouncer ${id} pulls from LAPI for itself: ${standing.reason}`;
    if (standing.kind === 'leader') return `bouncer ${id} pulls from LAPI for all`;
    return `bouncer ${id} follows ${standing.lease.by}, which pulls from LAPI`;
  }

  /** Many changes in one turn of the event loop are one report. */
  #publishSoon(): void {
    if (this.#isStopped) return;
    this.#soon ??= setImmediate(() => {
      this.#soon = undefined;
      void this.#publish();
    });
  }

  async #publish(): Promise<void> {
    const { redis, log } = this.#parts;
    const { status } = this;
    if (status.state !== this.#state) {
      log.info(
        { state: status.state, reasons: status.reasons, enforced: status.enforced },
        `the bouncer is ${status.state}`,
      );
      void this.#event('state', `the bouncer is ${status.state}`);
    }
    this.#state = status.state;
    if (redis?.isUp !== true) return;
    const refusal = await writeStatus(redis, status).then(() => undefined, reasonOf);
    // The link itself reports that it is down; what it does not see is a Redis whose memory or disk is full.
    if (refusal !== undefined && refusal !== this.#refusal && redis.error === undefined)
      log.warn({ reason: refusal }, 'Redis takes no writes; the control API takes this bouncer for gone meanwhile');
    this.#refusal = refusal;
  }

  async #event(kind: string, message: string): Promise<void> {
    const { redis, id, clock } = this.#parts;
    if (redis?.isUp !== true) return;
    const at = new Date(clock.wall()).toISOString();
    await appendEvent(redis, { at, by: id, kind, message }).catch(() => undefined);
  }
}
