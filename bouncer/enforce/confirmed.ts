import type { Clock } from '../shared/runtime/clock.ts';
import type { Reconciler } from './reconciler.ts';

/** How long `/refresh?wait` waits for every Caddy to confirm. */
const CONFIRM_LIMIT_MS = 10_000;
/** A Caddy that is known to be gone gets a moment to come back, and does not hold up the answer of the others. */
const BROKEN_LIMIT_MS = 1_500;

async function settled(reconciler: Reconciler, limitMs: number): Promise<void> {
  if (reconciler.isSettled) return;
  const { state } = reconciler.status;
  const isBroken = state === 'unreachable' || state === 'rejected' || state === 'foreign';
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      reconciler.off('settled', look);
      resolve();
    };
    const look = () => {
      if (reconciler.isSettled) end();
    };
    const timer = setTimeout(end, isBroken ? Math.min(limitMs, BROKEN_LIMIT_MS) : limitMs);
    reconciler.on('settled', look);
  });
}

/** Waits until every Caddy holds what is wanted now. @returns what keeps one from holding it, in sentences. */
export async function confirmed(reconcilers: readonly Reconciler[], clock: Clock): Promise<readonly string[]> {
  for (const reconciler of reconcilers) reconciler.changed(true);
  const deadline = clock.monotonic() + CONFIRM_LIMIT_MS;
  await Promise.all(reconcilers.map((reconciler) => settled(reconciler, deadline - clock.monotonic())));
  return reconcilers.flatMap(({ trouble }) => (trouble === undefined ? [] : [trouble]));
}
