import type { DecisionSample } from './decision-sample.ts';

/** One part of the time, and what was true in it; no sample where nobody counted. */
export interface HistorySlot {
  /** Where it begins, in milliseconds since the epoch. */
  readonly at: number;
  readonly sample: DecisionSample | undefined;
}

export interface SlotPlan {
  readonly now: number;
  readonly slotMs: number;
  readonly slots: number;
}

/** A sample says nothing about later than this: three that should have followed it are missing. */
const HOLDS_MS = 15 * 60_000;

/** Slots begin at multiples of their length, so that the same moment is in the same slot whenever it is asked for. */
export function startOfSlots({ now, slotMs, slots }: SlotPlan): number {
  return Math.floor(now / slotMs) * slotMs - (slots - 1) * slotMs;
}

/**
 * Of each slot the most of each origin: a short wave of bans is not lost between two others, nor beside a community
 * list that has become shorter. A slot without any sample has what was known just before it.
 * @param samples oldest first.
 */
export function downSample(samples: readonly DecisionSample[], plan: SlotPlan): HistorySlot[] {
  const start = startOfSlots(plan);
  const found: (DecisionSample | undefined)[] = Array.from({ length: plan.slots }, () => undefined);
  for (const sample of samples) {
    const slot = Math.floor((sample.at - start) / plan.slotMs);
    if (slot < 0 || slot >= plan.slots) continue;
    found[slot] = mostOf(found[slot] ?? sample, sample);
  }
  let next = 0;
  let before: DecisionSample | undefined;
  return found.map((sample, slot) => {
    const at = start + slot * plan.slotMs;
    for (let one = samples[next]; one !== undefined && one.at < at; one = samples[++next]) before = one;
    const held = before !== undefined && at - before.at <= HOLDS_MS ? before : undefined;
    return { at, sample: sample ?? held };
  });
}

function mostOf(most: DecisionSample, sample: DecisionSample): DecisionSample {
  return {
    ...sample,
    local: Math.max(most.local, sample.local),
    community: Math.max(most.community, sample.community),
    lists: Math.max(most.lists, sample.lists),
  };
}
