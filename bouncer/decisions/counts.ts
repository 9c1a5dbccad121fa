import { type OriginKind, originKind } from '../shared/domain/decision.ts';
import type { Family } from '../shared/net/prefix.ts';
import type { Labels } from '../shared/decisions/labels.ts';

/** How many decisions share these three; never an address, which has no place in a metric's labels. */
export interface CountRow {
  readonly origin: string;
  readonly type: string;
  readonly family: Family;
  readonly count: number;
}

/** Counts of live decisions, which their labels keep as they come and go. */
export class DecisionCounts {
  readonly #labels: Labels;

  constructor(labels: Labels) {
    this.#labels = labels;
  }

  get rows(): readonly CountRow[] {
    const rows = new Map<string, CountRow>();
    for (const { origin, type, count } of this.#labels) {
      for (const family of [4, 6] as const) {
        if (count[family] === 0) continue;
        const key = `${family} ${type} ${origin}`;
        rows.set(key, { origin, type, family, count: (rows.get(key)?.count ?? 0) + count[family] });
      }
    }
    return [...rows.values()];
  }

  get byOrigin(): Readonly<Record<OriginKind, number>> {
    const totals = { local: 0, community: 0, lists: 0 };
    for (const { origin, count } of this.#labels) totals[originKind(origin)] += count[4] + count[6];
    return totals;
  }
}
