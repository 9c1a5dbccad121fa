import type { Decision } from '../../bouncer/shared/domain/decision.ts';
import { type Prefix, parsePrefix } from '../../bouncer/shared/net/prefix.ts';

/** A prefix that the test knows to be one. */
export function prefixOf(text: string): Prefix {
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw new Error(`the test says "${text}" is a prefix`);
  return prefix;
}

/** A live decision; what a test does not name does not matter to it. */
export function decisionOf(
  id: number,
  value: string,
  changes: Partial<Omit<Decision, 'id' | 'prefix'>> = {},
): Decision {
  return {
    id,
    prefix: prefixOf(value),
    type: 'ban',
    origin: 'cscli',
    scenario: 'manual ban',
    expiresAt: 4 * 3_600_000,
    ...changes,
  };
}

/** A decision as LAPI writes it in its stream. */
export function rawDecision(id: number, value: string, changes: Readonly<Record<string, unknown>> = {}) {
  return { duration: '4h', id, origin: 'cscli', scenario: 'manual ban', scope: 'Ip', type: 'ban', value, ...changes };
}
