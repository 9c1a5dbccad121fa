import { z } from 'zod';
import { BOUNCER_STATES } from '../../bouncer/shared/domain/status.ts';
import type { BouncerSummary } from '../protection/bouncer-summary.ts';

/** How many decisions the bouncers held, by where they come from, and what they did with them. */
export const sampleSchema = z.object({
  local: z.number().int().nonnegative(),
  community: z.number().int().nonnegative(),
  lists: z.number().int().nonnegative(),
  state: z.enum(BOUNCER_STATES),
});

export type DecisionCounts = z.infer<typeof sampleSchema>;

export interface DecisionSample extends DecisionCounts {
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Written at least this often, so that a gap means that nobody was there to count. */
const EVERY_MS = 5 * 60_000;

/** A change is written at most this often: a busy site changes with every attack. */
export const CHANGE_EVERY_MS = 2 * 60_000;

/** Undefined while nobody can say: no bouncer is heard, or none has heard of any decision since it began. */
export function countsOf({ state, decisions, last_pull_at }: BouncerSummary): DecisionCounts | undefined {
  if (state === 'offline' || state === 'unknown') return undefined;
  if (decisions.total === 0 && last_pull_at === undefined) return undefined;
  const { local, community, lists } = decisions;
  return { local, community, lists, state };
}

/** @param last the newest that is written, by whichever process. */
export function isDue(counts: DecisionCounts, last: DecisionSample | undefined, now: number): boolean {
  if (last === undefined) return true;
  // Also when it lies in the future: a clock that was set back must not silence the series until then.
  const passedMs = Math.abs(now - last.at);
  if (passedMs >= EVERY_MS) return true;
  const isSame =
    counts.local === last.local &&
    counts.community === last.community &&
    counts.lists === last.lists &&
    counts.state === last.state;
  return !isSame && passedMs >= CHANGE_EVERY_MS;
}
