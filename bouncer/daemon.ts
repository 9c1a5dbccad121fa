import { parseAdminAddress } from '../caddy/admin-address.ts';
import { CaddyAdmin } from '../caddy/admin-client.ts';
import type { BouncerConfig } from './config.ts';
import { createFilter, type Filter } from './decisions/filter.ts';
import { DecisionStore } from './decisions/store.ts';
import { judge } from './decisions/verdict.ts';
import { CaddyRound } from './enforce/caddy-round.ts';
import { DesiredState } from './enforce/desired.ts';
import { LaneKeeper } from './enforce/lane-keeper.ts';
import { Reconciler } from './enforce/reconciler.ts';
import { banActionOf, endpointOf, filterOf, laneSettingsOf } from './from-config.ts';
import { createBouncerApp, type RefreshAsked } from './http/app.ts';
import { BouncerMetrics } from './http/metrics.ts';
import { HttpServer } from './http/server.ts';
import { LapiClient } from './lapi/client.ts';
import { LapiStream } from './lapi/stream.ts';
import { explain, type LookupAnswer } from './lookup.ts';
import { Intake } from './intake.ts';
import { Reporter } from './reporter.ts';
import type { Address } from './shared/net/prefix.ts';
import { RedisLink } from './shared/redis/client.ts';
import { onCommand } from './shared/redis/command-channel.ts';
import type { Clock } from './shared/runtime/clock.ts';
import type { Logger } from './shared/runtime/logger.ts';
import { type Service, ServiceGroup } from './shared/runtime/service.ts';
import { endsWithin } from './shared/runtime/time-limit.ts';
import { SettingsKeeper } from './state/settings-keeper.ts';
import { SnapshotKeeper } from './state/snapshot-keeper.ts';
import { StateDir } from './state/state-dir.ts';
import { VERSION } from './version.ts';

/** How long `/refresh?wait` waits for every Caddy to confirm. */
const CONFIRM_LIMIT_MS = 10_000;
/** How long it waits for LAPI before that: whoever asked is told, and the pull goes on. */
const PULL_LIMIT_MS = { changes: 8_000, everything: 45_000 };
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
  readonly #intake: Intake;
  readonly #stream: LapiStream;
  readonly #services: ServiceGroup;

  constructor(config: BouncerConfig, clock: Clock, log: Logger) {
    this.#config = config;
    this.#clock = clock;
    this.#log = log;
    const state = new StateDir(config.STATE_DIR, log);
    this.#redis = config.REDIS_URL === undefined ? undefined : new RedisLink(config.REDIS_URL.reveal(), log);
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
    this.#intake = intake;
    const times = { pollMs: config.CROWDSEC_POLL_INTERVAL, resyncMs: config.CROWDSEC_RESYNC_INTERVAL };
    this.#stream = new LapiStream(client, intake, times, clock, log);
    const reporter = new Reporter({
      id: config.BOUNCER_ID,
      redis: this.#redis,
      settings: this.#settings,
      fallback: config.FALLBACK_REMEDIATION,
      desired: this.#desired,
      store: this.#store,
      intake,
      reconcilers: this.#reconcilers,
      metrics,
      clock,
      log,
    });
    const app = createBouncerApp({
      status: () => reporter.status,
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
        this.#snapshot,
        intake,
        ...this.#reconcilers.values(),
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
    await this.#services.start();
  }

  async stop(): Promise<void> {
    await this.#services.stop();
  }

  /** Pulls now. @returns why there is no result, or what keeps a Caddy from holding it, when that was asked for. */
  async refresh({ confirm, full }: RefreshAsked): Promise<readonly string[]> {
    const limitMs = full ? PULL_LIMIT_MS.everything : PULL_LIMIT_MS.changes;
    const isPulled = await endsWithin(limitMs, full ? this.#stream.resync() : this.#stream.refresh());
    if (!confirm) return [];
    const { state, error, url } = this.#intake.status;
    if (!isPulled) return [error ?? `LAPI at ${url} has not answered for ${limitMs / 1_000} s; it is asked again`];
    if (state !== 'up') return [error ?? 'LAPI has not answered yet'];
    for (const reconciler of this.#reconcilers.values()) reconciler.changed(true);
    const deadline = this.#clock.monotonic() + CONFIRM_LIMIT_MS;
    const waits = [...this.#reconcilers.values()].map((reconciler) =>
      settled(reconciler, deadline - this.#clock.monotonic()),
    );
    await Promise.all(waits);
    return [...this.#reconcilers.values()].flatMap(({ trouble }) => (trouble === undefined ? [] : [trouble]));
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
          this.#listen(redis);
        }
        await this.#restore();
      },
      stop: () => this.#redis?.stop(),
    };
  }

  #listen(redis: RedisLink): void {
    const heard = onCommand(redis, (command) => {
      if (command.kind === 'settings') void this.#settings.look();
      else if (command.kind === 'refresh') void this.#stream.refresh();
      else void this.#stream.resync();
    });
    heard.catch((error: unknown) =>
      this.#log.warn({ error }, 'commands cannot be heard; what they announce is looked at every few seconds'),
    );
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

  #reconcilerFor(admin: string, lane: LaneKeeper | undefined): Reconciler {
    const parsed = parseAdminAddress(admin);
    if (parsed.kind === 'invalid') throw new Error(`CADDY_ADMIN: ${parsed.message}`);
    const times = { pushMs: this.#config.PUSH_INTERVAL, driftMs: this.#config.DRIFT_INTERVAL };
    const round = new CaddyRound(new CaddyAdmin(parsed.address), this.#clock);
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
      streamAgeSeconds: () => intake().ageSeconds,
      laneEntries: () => sumOf([...this.#reconcilers.values()].map(({ status }) => status.lane?.entries ?? 0)),
    });
    for (const [admin, reconciler] of this.#reconcilers) {
      reconciler.on('drift', () => metrics.drifted(admin));
      reconciler.on('pushed', (result, milliseconds) => metrics.pushed(admin, result, milliseconds));
      reconciler.on('settled', () => metrics.holds(admin, reconciler.entriesByKind));
    }
    return metrics;
  }
}

/** A Caddy that is known to be gone gets a moment to come back, and does not hold up the answer of the others. */
const BROKEN_LIMIT_MS = 1_500;

async function settled(reconciler: Reconciler, limitMs: number): Promise<void> {
  if (reconciler.isSettled) return;
  const { state } = reconciler.status;
  const isBroken = state === 'unreachable' || state === 'rejected';
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      reconciler.off('settled', look);
      resolve();
    };
    const look = () => {
      if (reconciler.isSettled) end();
    };
    const timer = setTimeout(end, isBroken ? Math.min(limitMs, BROKEN_LIMIT_MS) : limitMs);
    reconciler.on('settled', look);
  });
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
