import type { Decision } from '../shared/domain/decision.ts';
import type { Prefix } from '../shared/net/prefix.ts';
import { type Remediation, remediationOf } from './remediation.ts';

/** What an address gets, and everything that has a say in it. */
export interface Verdict {
  readonly outcome: 'banned' | 'allowlisted' | 'clear';
  /** The decision that weighs most, when there is any: the strictest, and of those the one that lasts longest. */
  readonly decidedBy: Decision | undefined;
  /** Every decision that covers the address, weightiest first. */
  readonly decisions: readonly Decision[];
  /** Allowlist entries that cover it. */
  readonly allowedBy: readonly Prefix[];
}

/** The strictest of all decisions that cover an address, after the allowlist, which no decision outweighs. */
export function judge(decisions: readonly Decision[], allowedBy: readonly Prefix[], fallback: Remediation): Verdict {
  const weightiestFirst = [...decisions].sort((a, b) => weight(b) - weight(a) || b.expiresAt - a.expiresAt);
  const decidedBy = weightiestFirst[0];
  const isBanned = decidedBy !== undefined && remediationOf(decidedBy.type, fallback) === 'ban';
  return {
    outcome: !isBanned ? 'clear' : allowedBy.length > 0 ? 'allowlisted' : 'banned',
    decidedBy,
    decisions: weightiestFirst,
    allowedBy,
  };
}

/** A ban before all other types, which come to one and the same. */
function weight({ type }: Decision): number {
  return type === 'ban' ? 1 : 0;
}
