import { formatDuration } from '../../bouncer/shared/domain/duration.ts';
import { isAddress, type Prefix } from '../../bouncer/shared/net/prefix.ts';

export interface ManualBan {
  readonly prefix: Prefix;
  readonly durationMs: number;
  readonly type: string;
  readonly reason: string;
}

/**
 * The alert that `cscli decisions add` would send. LAPI reckons the end from `stop_at`, and refuses an alert without
 * any of these fields; current versions also read `remediation` and `kind`, which 1.4.6 passes over.
 */
export function manualBanAlert({ prefix, durationMs, type, reason }: ManualBan, now: Date): unknown {
  const at = `${now.toISOString().slice(0, 19)}Z`;
  // Any other spelling of the scope is stored as it is and never delivered to bouncers.
  const scope = isAddress(prefix) ? 'Ip' : 'Range';
  return {
    capacity: 0,
    decisions: [
      { duration: formatDuration(durationMs), origin: 'cscli', scenario: reason, scope, type, value: prefix },
    ],
    events: [],
    events_count: 1,
    kind: 'cscli',
    labels: null,
    leakspeed: '0',
    message: reason,
    remediation: true,
    scenario: reason,
    scenario_hash: '',
    scenario_version: '',
    simulated: false,
    source: { scope, value: prefix, ...(scope === 'Ip' ? { ip: prefix } : { range: prefix }) },
    start_at: at,
    stop_at: at,
  };
}
