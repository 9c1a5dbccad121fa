import type { Prefix } from '../net/prefix.ts';

/** What CrowdSec asks for: `ban`, `captcha`, or a type of somebody's own profile. Lower case. */
export type DecisionType = string;

/**
 * One decision of CrowdSec, parsed once at the edge.
 *
 * Decisions are kept apart by LAPI's id and never merged: lifting one must not lift a ban that another asks for.
 */
export interface Decision {
  /** LAPI's id; unique within one LAPI database. */
  readonly id: number;
  /** Who asked: `crowdsec`, `cscli`, `cscli-import`, `CAPI`, `lists`, `console`, … as LAPI spells it. */
  readonly origin: string;
  /** Why: a scenario's name or a person's words. Comes from outside: hostile text. */
  readonly scenario: string;
  readonly type: DecisionType;
  readonly prefix: Prefix;
  /** When it runs out: milliseconds on the monotonic clock of this process. */
  readonly expiresAt: number;
}

/** Where decisions come from, in the three words that people understand. */
export type OriginKind = 'local' | 'community' | 'lists';

/** `CAPI` is the community blocklist; `lists` (and `lists:NAME`) are subscriptions; all else was decided here. */
export function originKind(origin: string): OriginKind {
  const lower = origin.toLowerCase();
  if (lower === 'capi') return 'community';
  return lower === 'lists' || lower.startsWith('lists:') ? 'lists' : 'local';
}
