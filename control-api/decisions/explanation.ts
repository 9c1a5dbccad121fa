import { covers, type Address, type Prefix } from '../../bouncer/shared/net/prefix.ts';
import type { BouncerStatus } from '../../bouncer/shared/domain/status.ts';
import { formatDuration } from '../../bouncer/shared/domain/duration.ts';
import type { BouncerLookup } from './bouncer-client.ts';
import type { DecisionRow } from './decision-rows.ts';
import { isSettled } from './enforcement.ts';

/** What stands in for the bouncer's own answer while it cannot be asked. */
export interface TableFacts {
  readonly address: Address;
  /** Undefined while the table is loading. */
  readonly rows: readonly DecisionRow[] | undefined;
  /** Undefined when Redis cannot say. */
  readonly allowlist: readonly Prefix[] | undefined;
  readonly bouncers: readonly BouncerStatus[] | undefined;
  readonly now: number;
}

export type Explanation = Omit<BouncerLookup, 'verdict'> & { readonly verdict: BouncerLookup['verdict'] | 'unknown' };

/** Why an address is blocked, or not, as far as the table and the bouncers' last words tell. */
export function explainFromTable({ address, rows, allowlist, bouncers, now }: TableFacts): Explanation {
  const allowedBy = (allowlist ?? []).filter((entry) => covers(entry, address));
  const settings = bouncers?.[0]?.settings ?? { enabled: true, policy: 'enforce' as const };
  const decisions = [...(rows ?? [])].sort((a, b) => b.until - a.until);
  const [first] = decisions;
  const verdict = rows === undefined ? 'unknown' : verdictOf(decisions, allowedBy);
  const isBlocked = verdict === 'banned' && settings.enabled && settings.policy === 'enforce';
  return {
    verdict,
    because: sentence(address, verdict, first, allowedBy, settings),
    enabled: settings.enabled,
    policy: settings.policy,
    decisions: decisions.map(({ id, value, scope, type, origin, scenario, until }) => ({
      id,
      value,
      scope,
      type,
      origin,
      scenario,
      remaining: formatDuration(until - now),
      until: new Date(until).toISOString(),
    })),
    allowed_by: allowedBy,
    caddies: (bouncers ?? []).flatMap(({ caddies }) =>
      caddies.map((caddy) => ({
        admin: caddy.admin,
        enforced: !isSettled(caddy) ? ('pending' as const) : isBlocked ? ('yes' as const) : ('no' as const),
      })),
    ),
  };
}

function verdictOf(decisions: readonly DecisionRow[], allowedBy: readonly Prefix[]): BouncerLookup['verdict'] {
  if (decisions.length === 0) return 'clear';
  return allowedBy.length > 0 ? 'allowlisted' : 'banned';
}

function sentence(
  address: Address,
  verdict: Explanation['verdict'],
  first: DecisionRow | undefined,
  allowedBy: readonly Prefix[],
  { enabled, policy }: BouncerStatus['settings'],
): string {
  if (verdict === 'unknown') return `It is not known whether ${address} is blocked: no decisions were loaded yet.`;
  if (first === undefined) return `${address} is not blocked: no decision covers it.`;
  const cause = `"${first.scenario}" (${first.origin}) asks for ${first.type} of ${first.value}`;
  if (verdict === 'allowlisted') return `${address} is not blocked: ${cause}, but ${allowedBy.join(', ')} is allowed.`;
  if (!enabled) return `${address} is not blocked, since protection is switched off; otherwise: ${cause}.`;
  if (policy !== 'enforce') return `${address} is not blocked, since the policy is ${policy}; otherwise: ${cause}.`;
  return `${address} should be blocked: ${cause}.`;
}
