export interface Backoff {
  /** The first wait's upper end. */
  readonly firstMs: number;
  /** No wait is longer. */
  readonly longestMs: number;
}

/**
 * How long to wait before try number `attempt` (from 1): doubling, capped, and drawn from its upper half, so that
 * many clients do not come back at the same instant and none comes back at once.
 */
export function backoffDelay(
  attempt: number,
  { firstMs, longestMs }: Backoff,
  random: () => number = Math.random,
): number {
  const ceiling = Math.min(longestMs, firstMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(ceiling * (0.5 + random() / 2));
}
