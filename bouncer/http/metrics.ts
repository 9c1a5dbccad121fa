import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { CountRow } from '../decisions/counts.ts';
import type { PullFailure } from '../lapi/failure.ts';
import { STREAM_ROLES, type StreamRole } from '../shared/domain/status.ts';
import type { RejectReason } from '../lapi/decode.ts';

/** Prometheus metrics of the bouncer; never an address in a label. Names are contracts (CHANGELOG.md). */
export class BouncerMetrics {
  readonly registry = new Registry();
  readonly #rejected: Counter<'reason'>;
  readonly #streamErrors: Counter<'reason'>;
  readonly #pushes: Counter<'caddy' | 'result'>;
  readonly #pushSeconds: Gauge<'caddy'>;
  readonly #drifts: Counter<'caddy'>;
  readonly #entries: Gauge<'caddy' | 'kind'>;

  constructor(sources: {
    readonly decisions: () => readonly Readonly<CountRow>[];
    readonly streamAgeSeconds: () => number | undefined;
    readonly streamRole: () => StreamRole;
    readonly laneEntries: () => number;
  }) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    new Gauge({
      name: 'crowdsec_decisions',
      help: 'Live decisions',
      labelNames: ['origin', 'type', 'ip_version'],
      registers,
      collect() {
        this.reset();
        for (const { origin, type, family, count } of sources.decisions())
          this.set({ origin, type, ip_version: `ipv${family}` }, count);
      },
    });
    new Gauge({
      name: 'crowdsec_stream_age_seconds',
      help: 'Seconds since LAPI last answered a pull',
      registers,
      collect() {
        const age = sources.streamAgeSeconds();
        if (age === undefined)
          this.remove(); // a gauge begins at 0, which would say "just now"
        else this.set(age);
      },
    });
    new Gauge({
      name: 'crowdsec_stream_role',
      help: 'Who pulls from LAPI: 1 at what this bouncer is now',
      labelNames: ['role'],
      registers,
      collect() {
        const current = sources.streamRole();
        for (const role of STREAM_ROLES) this.set({ role }, role === current ? 1 : 0);
      },
    });
    new Gauge({
      name: 'crowdsec_lane_entries',
      help: 'Entries in the lanes: changes that Caddy follows without a reload',
      registers,
      collect() {
        this.set(sources.laneEntries());
      },
    });
    this.#rejected = new Counter({
      name: 'crowdsec_decisions_rejected_total',
      help: 'Decisions that could not be read',
      labelNames: ['reason'],
      registers,
    });
    this.#streamErrors = new Counter({
      name: 'crowdsec_stream_errors_total',
      help: 'Pulls that failed',
      labelNames: ['reason'],
      registers,
    });
    this.#pushes = new Counter({
      name: 'crowdsec_push_total',
      help: 'Pushes to Caddy',
      labelNames: ['caddy', 'result'],
      registers,
    });
    this.#pushSeconds = new Gauge({
      name: 'crowdsec_push_duration_seconds',
      help: 'How long the last push took',
      labelNames: ['caddy'],
      registers,
    });
    this.#drifts = new Counter({
      name: 'crowdsec_drift_total',
      help: 'Times the rules were found missing or changed',
      labelNames: ['caddy'],
      registers,
    });
    this.#entries = new Gauge({
      name: 'crowdsec_enforced_entries',
      help: 'Entries that a Caddy holds',
      labelNames: ['caddy', 'kind'],
      registers,
    });
  }

  rejected(reason: RejectReason, count: number): void {
    this.#rejected.inc({ reason }, count);
  }

  streamFailed(reason: PullFailure['reason']): void {
    this.#streamErrors.inc({ reason });
  }

  pushed(caddy: string, result: string, milliseconds: number): void {
    this.#pushes.inc({ caddy, result });
    this.#pushSeconds.set({ caddy }, milliseconds / 1_000);
  }

  drifted(caddy: string): void {
    this.#drifts.inc({ caddy });
  }

  holds(caddy: string, entries: Readonly<Record<string, number>>): void {
    for (const [kind, count] of Object.entries(entries)) this.#entries.set({ caddy, kind }, count);
  }
}
