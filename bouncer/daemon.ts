import { parseAdminAddress } from '../caddy/admin-address.ts';
import { CaddyAdmin } from '../caddy/admin-client.ts';
import type { BouncerConfig } from './config.ts';
import { createFilter, type Filter } from './decisions/filter.ts';
import { DecisionStore } from './decisions/store.ts';
import { judge } from './decisions/verdict.ts';
import { CaddyRound } from './enforce/caddy-round.ts';
import { confirmed } from './enforce/confirmed.ts';
import { DesiredState } from './enforce/desired.ts';
import { LaneKeeper } from './enforce/lane-keeper.ts';
import { Ownership } from './enforce/ownership.ts';
import { Reconciler } from './enforce/reconciler.ts';
import { hearCommands } from './fleet/commands.ts';
import { FleetFollower } from './fleet/fleet-follower.ts';
import { FleetLease } from './fleet/fleet-lease.ts';
import { FleetRefresh } from './fleet/fleet-refresh.ts';
import { sharedSetOf } from './fleet/shared-set.ts';
import { banActionOf, endpointOf, filterInWords, filterOf, laneSettingsOf } from './from-config.ts';
import { createBouncerApp, type RefreshAsked } from './http/app.ts';
import { BouncerMetrics } from './http/metrics.ts';
import { HttpServer } from './http/server.ts';
import { LapiClient } from './lapi/client.ts';
import { LapiStream } from './lapi/stream.ts';
import { explain, type LookupAnswer } from './lookup.ts';
import { Intake } from './intake.ts';
import { Reporter } from './reporter.ts';
import type { BouncerStatus } from './shared/domain/status.ts';
import type { Address } from './shared/net/prefix.ts';
import { RedisLink } from './shared/redis/client.ts';
import { readStatus } from './shared/redis/status-store.ts';
import type { Clock } from './shared/runtime/clock.ts';
import type { Logger } from './shared/runtime/logger.ts';
import { type Service, ServiceGroup } from './shared/runtime/service.ts';
import { SettingsKeeper } from './state/settings-keeper.ts';
import { SnapshotKeeper } from './state/snapshot-keeper.ts';
import { StateDir } from './state/state-dir.ts';
import { VERSION } from './version.ts';

/** A start waits this long for Redis, which may know newer settings and a newer snapshot than STATE_DIR. */
const REDIS_START_MS = 2_000;

/** The composition root: builds the parts of the bouncer, starts and stops them in order. */
export class Daemon {
  readonly #config: BouncerConfig;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #redis: RedisLink | undefined;
  readonly #settings: SettingsKeeper;
  readonly #snapshot: SnapshotKeeper;
  readonly #store: DecisionStore;
  readonly #desired: DesiredState;
  readonly #reconcilers: ReadonlyMap<string, Reconciler>;
  readonly #filter: Filter;
  readonly #lease: FleetLease;
  readonly #follower: FleetFollower;
  readonly #stream: LapiStream;
  readonly #refresh: FleetRefresh;
  readonly #reporter: Reporter;
  readonly #services: ServiceGroup;

  constructor(config: BouncerConfig, clock: Clock, log: Logger) {
    this.#config = config;
    this.#clock = clock;
    this.#log = log;
    const state = new StateDir(config.STATE_DIR, log);
    this.#redis = config.REDIS_URL === undefined ? undefined : new RedisLink(config.REDIS_URL.reveal(), log);
    this.#lease = new FleetLease({ id: config.BOUNCER_ID, redis: this.#redis, state, clock, log });
    this.#settings = new SettingsKeeper({
      state,
      redis: this.#redis,
      defaultPolicy: config.DEFAULT_POLICY,
      allowlist: config.ALLOWLIST,
      log,
    });
    this.#filter = createFilter(filterOf(config));
    this.#store = new DecisionStore(config.FALLBACK_REMEDIATION);
    this.#desired = new DesiredState(this.#store, {
      settings: () => this.#settings.current,
      allowlist: () => this.#settings.allowlist,
      action: banActionOf(config),
      logBlocked: config.LOG_BLOCKED,
    });
    this.#snapshot = new SnapshotKeeper({
      state,
      redis: this.#redis,
      shared: () => sharedSetOf(this.#lease, this.#redis, clock),
      decisions: () => this.#store.values(),
      clock,
      log,
    });
    this.#reconcilers = new Map(
      config.CADDY_ADMIN.map((admin, i) => [admin, this.#reconcilerFor(admin, this.#laneFor(i, state))]),
    );
    const metrics = this.#metrics(() => intake);
    const client = new LapiClient(endpointOf(config), config.CROWDSEC_BOUNCER_KEY, VERSION, clock);
    const intake = new Intake({
      store: this.#store,
      desired: this.#desired,
      filter: this.#filter,
      snapshot: this.#snapshot,
      metrics,
      clock,
      log,
      lapiUrl: client.url,
    });
    const times = { pollMs: config.CROWDSEC_POLL_INTERVAL, resyncMs: config.CROWDSEC_RESYNC_INTERVAL };
    this.#stream = new LapiStream(client, this.#lease, intake, times, clock, log);
    const fleet = { lease: this.#lease, redis: this.#redis, intake };
    this.#follower = new FleetFollower({ ...fleet, clock, log });
    this.#refresh = new FleetRefresh({
      ...fleet,
      stream: this.#stream,
      snapshot: this.#snapshot,
      follower: this.#follower,
    });
    const reporter = (this.#reporter = new Reporter({
      id: config.BOUNCER_ID,
      redis: this.#redis,
      settings: this.#settings,
      fallback: config.FALLBACK_REMEDIATION,
      filter: filterInWords(config),
      desired: this.#desired,
      store: this.#store,
      intake,
      lease: this.#lease,
      follower: this.#follower,
      reconcilers: this.#reconcilers,
      metrics,
      clock,
      log,
    }));
    const app = createBouncerApp({
      status: () => this.status,
      metrics,
      token: config.BOUNCER_TOKEN,
      refresh: (asked) => this.refresh(asked),
      lookup: (address) => this.lookup(address),
      bans: () => this.#desired.bans,
    });
    const http = new HttpServer(app, config.BOUNCER_LISTEN, 'BOUNCER_LISTEN');
    // Stopped in reverse: first nobody asks anything any more, last the snapshot is written.
    this.#services = new ServiceGroup(
      [
        this.#shared(),
        this.#settings,
        this.#lease,
        this.#snapshot,
        intake,
        ...this.#reconcilers.values(),
        this.#follower,
        this.#stream,
        reporter,
        http,
      ],
      log,
    );
  }

  /** @throws Error when it cannot serve at all, such as a port that is taken. */
  async start(): Promise<void> {
    this.#settings.on('change', () => this.#desired.changed());
    this.#settings.on('wiped', () => this.#snapshot.redisForgot());
    this.#desired.on('change', (isUrgent) => {
      for (const reconciler of this.#reconcilers.values()) reconciler.changed(isUrgent);
    });
    this.#lease.on('resync', () => void this.#stream.resync());
    this.#lease.on('change', ({ kind }) => {
      if (kind === 'leader') this.#snapshot.took(this.#lease.isContinued);
      // Whoever begins to pull pulls everything, and whoever ends finds out so.
      void this.#stream.resync();
    });
    await this.#services.start();
  }

  async stop(): Promise<void> {
    await this.#services.stop();
  }

  get status(): BouncerStatus {
    return this.#reporter.status;
  }

  /** Pulls now. @returns why there is no result, or what keeps a Caddy from holding it, when that was asked for. */
  async refresh({ confirm, full }: RefreshAsked): Promise<readonly string[]> {
    const problem = await this.#refresh.refresh(full);
    if (!confirm) return [];
    if (problem !== undefined) return [problem];
    return confirmed([...this.#reconcilers.values()], this.#clock);
  }

  lookup(address: Address): LookupAnswer {
    const verdict = judge(
      this.#store.covering(address),
      this.#desired.allowedBy(address),
      this.#config.FALLBACK_REMEDIATION,
    );
    const caddies = [...this.#reconcilers].map(([admin, { isSettled }]) => ({ admin, isSettled }));
    return explain(address, verdict, this.#settings.current, caddies, this.#clock);
  }

  /** Redis comes first and goes last; what it and STATE_DIR know is read before anything is decided. */
  #shared(): Service {
    return {
      name: 'shared state',
      start: async () => {
        const redis = this.#redis;
        if (redis !== undefined) {
          redis.start();
          await redis.untilUp(REDIS_START_MS);
          await this.#settings.look();
          await this.#lease.turn();
          this.#listen(redis);
        }
        await this.#restore();
      },
      stop: () => this.#redis?.stop(),
    };
  }

  #listen(redis: RedisLink): void {
    hearCommands(redis, this.#log, {
      settings: () => this.#settings.look(),
      refresh: (command) => this.#refresh.answer(command),
      refreshed: (command) => this.#refresh.heard(command),
      resync: () => this.#lease.turn().then(() => this.#stream.resync()), // the lease may be a newer one by now
      snapshot: () => this.#snapshot.asked(),
      published: () => this.#follower.knock(),
      lease: () => this.#lease.turn(),
    });
  }

  async #restore(): Promise<void> {
    const snapshot = await this.#snapshot.restore();
    if (snapshot === undefined) return;
    const decisions = this.#filter(snapshot.decisions); // it may be older than the configuration
    this.#store.replaceAll(decisions);
    this.#desired.restored();
    const takenAt = new Date(snapshot.takenAt).toISOString();
    this.#log.info(
      { decisions: decisions.length, takenAt },
      'restored the last snapshot; it is enforced until LAPI answers',
    );
  }

  /** A lane of its own for each Caddy: what one holds says nothing of another. */
  #laneFor(index: number, state: StateDir): LaneKeeper | undefined {
    const settings = laneSettingsOf(this.#config, index, () => state.secret('lane-secret'));
    if (settings === undefined) return undefined;
    const lane = new LaneKeeper(
      settings,
      (address) => this.#desired.blocks(address),
      () => this.#clock.monotonic(),
      this.#log,
    );
    this.#store.watch((prefix) => lane.touch(prefix));
    return lane;
  }

  /** Of each Caddy apart; without Redis nobody can know which other bouncers are alive. */
  #ownership(): Ownership {
    const redis = this.#redis;
    const statusOf = async (id: string) =>
      redis?.isUp === true ? readStatus(redis, id).catch(() => undefined) : undefined;
    return new Ownership({ id: this.#config.BOUNCER_ID, statusOf, clock: this.#clock });
  }

  #reconcilerFor(admin: string, lane: LaneKeeper | undefined): Reconciler {
    const parsed = parseAdminAddress(admin);
    if (parsed.kind === 'invalid') throw new Error(`CADDY_ADMIN: ${parsed.message}`);
    const times = { pushMs: this.#config.PUSH_INTERVAL, driftMs: this.#config.DRIFT_INTERVAL };
    const round = new CaddyRound(new CaddyAdmin(parsed.address), this.#clock, this.#ownership());
    return new Reconciler({
      admin,
      round,
      lane,
      desired: () => this.#desired.current,
      times,
      clock: this.#clock,
      log: this.#log,
    });
  }

  #metrics(intake: () => Intake): BouncerMetrics {
    const metrics = new BouncerMetrics({
      decisions: () => this.#store.counts.rows,
      streamAgeSeconds: () =>
        this.#lease.standing.kind === 'follower' ? this.#follower.ageSeconds : intake().ageSeconds,
      streamRole: () => this.#lease.standing.kind,
      laneEntries: () =>
        [...this.#reconcilers.values()].reduce((sum, { status }) => sum + (status.lane?.entries ?? 0), 0),
    });
    for (const [admin, reconciler] of this.#reconcilers) {
      reconciler.on('drift', () => metrics.drifted(admin));
      reconciler.on('pushed', (result, milliseconds) => metrics.pushed(admin, result, milliseconds));
      reconciler.on('settled', () => metrics.holds(admin, reconciler.entriesByKind));
    }
    return metrics;
  }
}
