import type { Status } from '../api/wire.ts';

/** Whether the bouncers do what is wanted, and every Caddy with them: what keeps one from it is among the reasons. */
export function isInEffect({ enabled, policy, bouncer }: Status): boolean {
  const wanted = !enabled || policy === 'off' ? 'off' : policy === 'enforce' ? 'enforcing' : 'monitoring';
  return bouncer.state === wanted && bouncer.reasons.length === 0;
}
