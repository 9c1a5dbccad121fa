import type { DecisionType } from '../shared/domain/decision.ts';

/** What a stock Caddy can do with an address. */
export type Remediation = 'ban' | 'allow';

/**
 * What a decision's type comes to. A stock Caddy knows only `ban`; `captcha`, `throttle` and types of people's own
 * become FALLBACK_REMEDIATION.
 */
export function remediationOf(type: DecisionType, fallback: Remediation): Remediation {
  return type === 'ban' ? 'ban' : fallback;
}
