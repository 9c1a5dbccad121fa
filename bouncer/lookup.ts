import type { Verdict } from './decisions/verdict.ts';
import type { Decision } from './shared/domain/decision.ts';
import { formatDuration } from './shared/domain/duration.ts';
import type { Enforced, LookupDecision } from './shared/domain/lookup.ts';
import { type Address, isAddress } from './shared/net/prefix.ts';
import type { Clock } from './shared/runtime/clock.ts';
import type { EffectiveSettings } from './state/settings-keeper.ts';

/** The answer to "why is this address blocked, or not?", as `/lookup` and `bouncer lookup` give it. */
export interface LookupAnswer {
  readonly address: Address;
  readonly verdict: Verdict['outcome'];
  /** One sentence for people. */
  readonly because: string;
  readonly enabled: boolean;
  readonly policy: EffectiveSettings['policy'];
  readonly decisions: readonly LookupDecision[];
  readonly allowed_by: readonly string[];
  readonly caddies: readonly { readonly admin: string; readonly enforced: Enforced }[];
}

export function explain(
  address: Address,
  verdict: Verdict,
  settings: EffectiveSettings,
  caddies: readonly { readonly admin: string; readonly isSettled: boolean }[],
  clock: Clock,
): LookupAnswer {
  const isEnforced = verdict.outcome === 'banned' && settings.enabled && settings.policy === 'enforce';
  return {
    address,
    verdict: verdict.outcome,
    because: sentence(address, verdict, settings),
    enabled: settings.enabled,
    policy: settings.policy,
    decisions: verdict.decisions.map((decision) => describe(decision, clock)),
    allowed_by: verdict.allowedBy,
    caddies: caddies.map(({ admin, isSettled }) => ({
      admin,
      enforced: !isSettled ? 'pending' : isEnforced ? 'yes' : 'no',
    })),
  };
}

function sentence(
  address: Address,
  { outcome, decidedBy, allowedBy }: Verdict,
  { enabled, policy }: EffectiveSettings,
): string {
  if (decidedBy === undefined) return `${address} is not blocked: no decision covers it.`;
  const cause = `"${decidedBy.scenario}" (${decidedBy.origin}) asks for ${decidedBy.type} of ${decidedBy.prefix}`;
  if (outcome === 'clear') return `${address} is not blocked: ${cause}, which FALLBACK_REMEDIATION lets pass.`;
  if (outcome === 'allowlisted')
    return `${address} is not blocked: ${cause}, but ${allowedBy.join(', ')} is on the allowlist.`;
  if (!enabled) return `${address} is not blocked, since protection is switched off; otherwise: ${cause}.`;
  if (policy !== 'enforce') return `${address} is not blocked, since the policy is ${policy}; otherwise: ${cause}.`;
  return `${address} is blocked: ${cause}.`;
}

function describe({ id, prefix, type, origin, scenario, expiresAt }: Decision, clock: Clock): LookupDecision {
  const left = Math.max(0, expiresAt - clock.monotonic());
  return {
    id,
    value: prefix,
    scope: isAddress(prefix) ? 'Ip' : 'Range',
    type,
    origin,
    scenario,
    remaining: formatDuration(left),
    until: new Date(clock.wall() + left).toISOString(),
  };
}
