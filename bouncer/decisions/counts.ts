import { type Decision, type OriginKind, originKind } from '../shared/domain/decision.ts';
import { type Family, familyOf } from '../shared/net/prefix.ts';

/** How many decisions share these three; never an address, which has no place in a metric's labels. */
export interface CountRow {
  readonly origin: string;
  readonly type: string;
  readonly family: Family;
  count: number;
}

/** Counts of live decisions, kept as they come and go. */
export class DecisionCounts {
  readonly #rows = new Map<string, CountRow>();

  add(decision: Decision): void {
    this.#change(decision, 1);
  }

  remove(decision: Decision): void {
    this.#change(decision, -1);
  }

  get rows(): readonly Readonly<CountRow>[] {
    return [...this.#rows.values()];
  }

  get byOrigin(): Readonly<Record<OriginKind, number>> {
    const totals = { local: 0, community: 0, lists: 0 };
    for (const { origin, count } of this.#rows.values()) totals[originKind(origin)] += count;
    return totals;
  }

  #change({ origin, type, prefix }: Decision, by: 1 | -1): void {
    const family = familyOf(prefix);
    const key = `${family} ${type} ${origin}`;
    const row = this.#rows.get(key) ?? { origin, type, family, count: 0 };
    row.count += by;
    if (row.count === 0) this.#rows.delete(key);
    else this.#rows.set(key, row);
  }
}
