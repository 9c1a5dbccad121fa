import type { DecisionRows } from './decision-rows.ts';
import { FAILS, NO_COUNTRY, rowFilter, type RowFilter } from './row-filter.ts';
import type { RowOrder } from './row-order.ts';

export interface Facets {
  readonly origin: Readonly<Record<string, number>>;
  readonly type: Readonly<Record<string, number>>;
  readonly country: Readonly<Record<string, number>>;
}

export interface RowPage {
  /** In order, at most `limit`. */
  readonly slots: readonly number[];
  readonly isLast: boolean;
  /** How many rows pass the filter, over all pages. */
  readonly matching: number;
  readonly facets: Facets;
}

/**
 * One page, counted over the whole set, in one walk along it: the page is the smallest rows after its beginning,
 * picked while counting. There is no sorted copy to keep up to date, and none to keep in memory.
 */
export function rowPage(
  rows: DecisionRows,
  filter: RowFilter,
  order: RowOrder,
  limit: number,
  isAfter: (slot: number) => boolean = () => true,
): RowPage {
  const failsOf = rowFilter(rows, filter);
  const smallest = new Smallest(limit + 1, order);
  const counts = new FacetCounts(rows);
  let matching = 0;
  // Rows stand about in the order in which they came: from this side, the first ones seen are the ones that stay.
  const [first, step] = order.isDescending ? [rows.size - 1, -1] : [0, 1];
  for (let slot = first; slot >= 0 && slot < rows.size; slot += step) {
    const fails = failsOf(slot);
    counts.add(slot, fails);
    if (fails !== 0) continue;
    matching++;
    if (isAfter(slot)) smallest.offer(slot);
  }
  const { slots } = smallest;
  return { slots: slots.slice(0, limit), isLast: slots.length <= limit, matching, facets: counts.facets };
}

/** Every row that passes the filter, in no order. */
export function matchingSlots(rows: DecisionRows, filter: RowFilter): number[] {
  const failsOf = rowFilter(rows, filter);
  const slots: number[] = [];
  for (let slot = 0; slot < rows.size; slot++) if (failsOf(slot) === 0) slots.push(slot);
  return slots;
}

/** Keeps the first few of many: a sorted list, which most rows are compared with once and never enter. */
class Smallest {
  readonly slots: number[] = [];
  readonly #most: number;
  readonly #order: RowOrder;

  constructor(most: number, order: RowOrder) {
    this.#most = most;
    this.#order = order;
  }

  offer(slot: number): void {
    const last = this.slots.at(-1);
    if (last !== undefined && this.slots.length === this.#most) {
      if (this.#order.compare(slot, last) >= 0) return;
      this.slots.pop();
    }
    this.slots.splice(this.#placeOf(slot), 0, slot);
  }

  #placeOf(slot: number): number {
    let low = 0;
    let high = this.slots.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#order.compare(this.slots[middle] ?? 0, slot) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** No facet lists more: hostile names must not make the answer grow. */
const MOST_NAMES = 300;

/** How many rows each choice of a facet would leave, the other facets' choices kept. */
class FacetCounts {
  readonly #rows: DecisionRows;
  readonly #byOrigin: Uint32Array;
  readonly #byType: Uint32Array;
  readonly #byPlace: Uint32Array;

  constructor(rows: DecisionRows) {
    this.#rows = rows;
    this.#byOrigin = new Uint32Array(rows.causes.size);
    this.#byType = new Uint32Array(rows.causes.size);
    this.#byPlace = new Uint32Array(rows.places.size);
  }

  add(slot: number, fails: number): void {
    const cause = this.#rows.cause[slot] ?? 0;
    const place = this.#rows.place[slot] ?? 0;
    if ((fails & ~FAILS.origin) === 0) this.#byOrigin[cause] = (this.#byOrigin[cause] ?? 0) + 1;
    if ((fails & ~FAILS.type) === 0) this.#byType[cause] = (this.#byType[cause] ?? 0) + 1;
    if ((fails & ~FAILS.country) === 0) this.#byPlace[place] = (this.#byPlace[place] ?? 0) + 1;
  }

  get facets(): Facets {
    const causes = this.#rows.causes.values();
    const places = this.#rows.places.values();
    return {
      origin: named(this.#byOrigin, (index) => causes[index]?.origin),
      type: named(this.#byType, (index) => causes[index]?.type),
      country: named(this.#byPlace, (index) => places[index]?.country ?? NO_COUNTRY),
    };
  }
}

/** The most frequent first. */
function named(counts: Uint32Array, nameOf: (index: number) => string | undefined): Record<string, number> {
  const sums = new Map<string, number>();
  for (const [index, count] of counts.entries()) {
    const name = nameOf(index);
    if (count > 0 && name !== undefined) sums.set(name, (sums.get(name) ?? 0) + count);
  }
  return Object.fromEntries([...sums].sort((a, b) => b[1] - a[1]).slice(0, MOST_NAMES));
}
