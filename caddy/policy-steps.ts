/** The policies of a server's sites as one list of questions, of which the first that is answered yes decides. */
import type { Policy } from '../bouncer/shared/domain/policy.ts';
import type { MatcherSet } from './config-types.ts';
import type { Site } from './directives.ts';
import { bothMatch } from './site-match.ts';

export interface PolicyStep {
  /** Any of these; empty: every request that is still undecided. */
  readonly match: readonly MatcherSet[];
  readonly policy: Policy;
}

/** The last step decides over every request. */
export function policySteps(sites: readonly Site[], byDefault: Policy): readonly PolicyStep[] {
  const steps = [...sites.flatMap((site) => stepsOfSite(site, byDefault)), { match: [], policy: byDefault }];
  const end = steps.findIndex(({ match }) => match.length === 0);
  return merged(withoutNeedlessTail(steps.slice(0, end + 1)));
}

function stepsOfSite({ match, rules }: Site, byDefault: Policy): readonly PolicyStep[] {
  const steps: PolicyStep[] = [];
  // In `vars` the last rule counts, here the first step.
  for (const rule of [...rules].reverse()) {
    steps.push({ match: bothMatch(match, rule.match), policy: rule.policy });
    if (rule.match.length === 0) return steps;
  }
  // What no rule of this site decides must not reach the rules of the next: Caddy gives it to this site.
  return [...steps, { match, policy: byDefault }];
}

/** A step that decides as the last one does is not needed just before it. */
function withoutNeedlessTail(steps: readonly PolicyStep[]): readonly PolicyStep[] {
  const last = steps.at(-1);
  if (last === undefined) return steps;
  const different = steps.findLastIndex(({ policy }) => policy !== last.policy);
  return [...steps.slice(0, different + 1), last];
}

/** Neighbours that decide alike become one step; the last step is never one of them. */
function merged(steps: readonly PolicyStep[]): readonly PolicyStep[] {
  const result: PolicyStep[] = [];
  for (const step of steps) {
    const previous = result.at(-1);
    if (previous?.policy === step.policy) result[result.length - 1] = both(previous, step);
    else result.push(step);
  }
  return result;
}

function both(first: PolicyStep, second: PolicyStep): PolicyStep {
  return { policy: first.policy, match: [...first.match, ...second.match] };
}
