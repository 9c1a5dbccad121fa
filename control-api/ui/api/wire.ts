/** What the API answers, as far as the page reads it; `/openapi.json` describes all of it. */

export type PolicyName = 'enforce' | 'monitor' | 'off';

export interface ProblemBody {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly hint: string;
}

export interface Session {
  readonly signed_in: boolean;
  readonly needed_for: 'everything' | 'changes';
  readonly token_path?: string;
}

export interface SitePolicy {
  readonly server: string;
  readonly hosts: readonly string[];
  readonly paths: readonly string[];
  readonly policy: PolicyName;
}

export interface Caddy {
  readonly admin: string;
  readonly state: 'unknown' | 'pushing' | 'in_sync' | 'unreachable' | 'rejected' | 'foreign' | 'no_http_app';
  readonly version?: string;
  readonly entries: number;
  readonly servers: number;
  readonly last_push_at?: string;
  readonly last_push_ms?: number;
  readonly error?: string;
  readonly hint?: string;
  readonly lane?: { readonly state: 'unproven' | 'joining' | 'proven'; readonly reason?: string };
  readonly warnings: readonly string[];
  readonly sites: readonly SitePolicy[];
  readonly refused: readonly { readonly where: string; readonly reason: string; readonly hint: string }[];
}

export interface BouncerSummary {
  readonly state:
    'starting' | 'syncing' | 'enforcing' | 'monitoring' | 'stale' | 'degraded' | 'off' | 'offline' | 'unknown';
  readonly offline_since?: string;
  readonly reasons: readonly string[];
  readonly ids: readonly string[];
  /** Who pulls from LAPI, for whom. */
  readonly stream: readonly {
    readonly id: string;
    readonly role: 'alone' | 'leader' | 'follower';
    readonly leader?: string;
    readonly reason?: string;
  }[];
  readonly decisions: {
    readonly total: number;
    readonly local: number;
    readonly community: number;
    readonly lists: number;
  };
  readonly enforced: { readonly addresses: number; readonly ranges: number; readonly exceptions: number };
  readonly last_pull_at?: string;
  readonly last_push_at?: string;
  readonly caddies: readonly Caddy[];
}

export interface Engine {
  readonly mode: 'external' | 'managed';
  readonly state: 'stopped' | 'starting' | 'running' | 'stopping' | 'crashed' | 'unreachable';
  readonly since: string;
  readonly version?: string;
  readonly error?: string;
}

export interface Enrollment {
  readonly state: 'not_enrolled' | 'enrolling' | 'pending_acceptance' | 'enrolled' | 'failed';
  readonly since?: string;
  readonly reason?: string;
  /** Whether it was accepted, this CrowdSec cannot tell for certain. */
  readonly may_be_accepted?: boolean;
  readonly message?: string;
  readonly next_step?: string;
  readonly command?: string;
  readonly retry_helps?: boolean;
  readonly attempts?: number;
  readonly name?: string;
  readonly tags?: readonly string[];
}

export interface Heartbeat {
  readonly state: 'unknown' | 'online' | 'degraded' | 'offline' | 'not_registered';
  readonly last_heartbeat_at?: string;
  readonly last_latency_ms?: number;
  readonly failures_in_a_row: number;
  readonly last_error?: string;
  readonly hint?: string;
  readonly next_at?: string;
}

export interface Status {
  readonly enabled: boolean;
  readonly policy: PolicyName;
  readonly engine: Engine;
  readonly bouncer: BouncerSummary;
  readonly enrollment: Enrollment;
  readonly heartbeat: Heartbeat;
}

/** Whether every Caddy follows already, and what is missing. */
export interface Outcome {
  readonly confirmed: boolean;
  readonly took_ms: number;
  readonly missing: readonly string[];
}

/** How a change of what is wanted ended: the switch, the policy, the allowlist. */
export interface ChangeReply extends Outcome {
  /** Somebody has wanted otherwise since: `missing` says what holds now. */
  readonly overtaken: boolean;
}

export interface LiveEvent {
  readonly at: string;
  readonly by: string;
  readonly kind: string;
  readonly message: string;
}

export interface Alert {
  readonly id: number;
  readonly created_at: string;
  /** When the attack began; an alert that came late was created later. */
  readonly start_at: string;
  readonly scenario: string;
  readonly message: string;
  readonly events_count: number;
  readonly simulated: boolean;
  readonly source: { readonly value: string; readonly cn?: string; readonly as_name?: string };
  readonly events: readonly {
    readonly timestamp?: string;
    readonly meta: readonly { readonly key: string; readonly value: string }[];
  }[];
  readonly decisions: readonly { readonly value: string; readonly type: string; readonly duration: string }[];
}

export interface AllowlistEntry {
  readonly value: string;
  readonly reason: string;
  readonly by: string;
  readonly created_at: string;
  readonly expires_at?: string;
}

export interface Decision {
  readonly id: number;
  readonly value: string;
  readonly scope: 'Ip' | 'Range';
  readonly type: string;
  readonly origin: string;
  readonly scenario: string;
  readonly country: string | null;
  readonly as_name: string | null;
  readonly until: string;
  readonly enforced: boolean | 'pending';
}

export interface DecisionPage {
  readonly decisions: readonly Decision[];
  readonly total: number;
  readonly matching: number;
  readonly facets: Readonly<Record<'origin' | 'type' | 'country', Readonly<Record<string, number>>>>;
  readonly table: {
    readonly state: 'loading' | 'live' | 'stale';
    readonly as_of?: string;
    readonly reason?: string;
  };
  readonly enforcement: { readonly state: 'on' | 'off' | 'pending'; readonly reason?: string };
  readonly next_cursor?: string;
}

export interface DecisionHistory {
  readonly slot_seconds: number;
  readonly slots: readonly {
    readonly at: string;
    readonly counts: Readonly<Record<'local' | 'community' | 'lists', number>> | null;
    readonly state: BouncerSummary['state'] | null;
  }[];
}

export interface Cover {
  readonly id: number;
  readonly value: string;
  readonly origin: string;
  readonly scenario: string;
  readonly until: string;
}

export interface UnbanReply extends Outcome {
  readonly summary: string;
  readonly deleted: number;
  readonly allowed_again: boolean;
  readonly still_covered_by: readonly Cover[];
  readonly lifted: readonly (Cover & { readonly type: string })[];
  readonly failed?: readonly { readonly id: number; readonly value?: string; readonly reason: string }[];
}

/** How one half of a drill went. */
export interface DrillStep {
  readonly confirmed: boolean;
  readonly took_ms: number;
  readonly missing: readonly string[];
  readonly caddies: readonly { readonly admin: string; readonly took_ms: number | null }[];
}

export interface BanDrill {
  readonly address: string;
  readonly proven: boolean;
  readonly ban: DrillStep;
  readonly lift: DrillStep;
}

export interface BanPreview {
  readonly summary: string;
  readonly values: readonly string[];
  readonly refused: readonly { readonly value: string; readonly code: string; readonly reason: string }[];
  readonly allowlisted: readonly { readonly value: string; readonly by: string }[];
  readonly already_banned: readonly { readonly value: string; readonly by: Cover }[];
}

export interface BanReply extends BanPreview, Outcome {
  readonly added: number;
  /** The decisions that this made. */
  readonly ids: readonly number[];
  readonly failed: readonly { readonly value: string; readonly reason: string }[];
}

export interface Lookup {
  readonly address: string;
  readonly verdict: 'banned' | 'allowlisted' | 'clear' | 'unknown';
  readonly because: string;
  readonly enabled: boolean;
  readonly policy: PolicyName;
  readonly decisions: readonly (Cover & { readonly type: string; readonly scope: 'Ip' | 'Range' })[];
  readonly allowed_by: readonly string[];
  readonly caddies: readonly { readonly admin: string; readonly enforced: 'yes' | 'no' | 'pending' }[];
  readonly notes: readonly string[];
  readonly country: string | null;
  readonly as_name: string | null;
  readonly alert: {
    readonly id: number;
    readonly created_at: string;
    readonly scenario: string;
    readonly message: string;
    readonly events_count: number;
  } | null;
}
