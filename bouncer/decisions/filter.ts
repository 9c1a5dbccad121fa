import type { Decision } from '../shared/domain/decision.ts';
import { isAddress } from '../shared/net/prefix.ts';
import { type DecisionList, pick } from '../shared/decisions/decision-list.ts';

/** Takes the decisions that a user wants out of a list. */
export type Filter = (decisions: DecisionList) => DecisionList;

/** Which decisions a user wants; an empty list means all. Applied here, since LAPI drops duplicates before it filters. */
export interface DecisionFilter {
  readonly scopes: readonly string[];
  readonly origins: readonly string[];
  readonly scenariosContaining: readonly string[];
  readonly scenariosNotContaining: readonly string[];
}

/**
 * Compares without case, as LAPI's own filters do.
 * A filter that wants everything returns the list itself, which may hold a million.
 */
export function createFilter(filter: DecisionFilter): Filter {
  const lists: readonly (readonly string[])[] = Object.values(filter);
  const isEmpty = lists.every(({ length }) => length === 0);
  const isWanted = createPredicate(filter);
  return (decisions) => (isEmpty ? decisions : pick(decisions, isWanted));
}

function createPredicate(filter: DecisionFilter): (decision: Decision) => boolean {
  const lower = (words: readonly string[]) => words.map((word) => word.toLowerCase());
  const scopes = lower(filter.scopes);
  const origins = lower(filter.origins);
  const wanted = lower(filter.scenariosContaining);
  const unwanted = lower(filter.scenariosNotContaining);
  return ({ prefix, origin, scenario }) => {
    if (scopes.length > 0 && !scopes.includes(isAddress(prefix) ? 'ip' : 'range')) return false;
    if (origins.length > 0 && !matchesOrigin(origins, origin.toLowerCase())) return false;
    const name = scenario.toLowerCase();
    if (wanted.length > 0 && !wanted.some((word) => name.includes(word))) return false;
    return !unwanted.some((word) => name.includes(word));
  };
}

/** `lists` also means every `lists:NAME`. */
function matchesOrigin(wanted: readonly string[], origin: string): boolean {
  return wanted.includes(origin) || wanted.includes(origin.split(':', 1)[0] ?? origin);
}
