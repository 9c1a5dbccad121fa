/** What happens to a request from an address that must be banned. */
export type Policy = 'enforce' | 'monitor' | 'off';

export const POLICIES = ['enforce', 'monitor', 'off'] as const satisfies readonly Policy[];

export function isPolicy(value: unknown): value is Policy {
  return POLICIES.some((policy) => policy === value);
}
