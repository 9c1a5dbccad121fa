import type { Need } from './step.ts';

/** Which parts were there, and when; times are monotonic milliseconds. */
export class Presence {
  readonly #outages = new Map<Need, { readonly from: number; to: number }[]>();

  gone(part: Need, at: number): void {
    const outages = this.#outages.get(part) ?? [];
    this.#outages.set(part, [...outages, { from: at, to: Infinity }]);
  }

  /** @param at when the others will have noticed, which may be later than now. */
  back(part: Need, at: number): void {
    const last = this.#outages.get(part)?.at(-1);
    if (last?.to !== Infinity) throw new Error(`${part} comes back and was never gone`);
    last.to = at;
  }

  isGone(part: Need, at: number): boolean {
    const last = this.#outages.get(part)?.at(-1);
    return last !== undefined && last.from <= at && at < last.to;
  }

  /** How long not all of these parts have been there, whichever of them was missing. */
  missedFor(parts: readonly Need[], at: number): number {
    const outages = parts.flatMap((part) => this.#outages.get(part) ?? []);
    let since = at;
    for (;;) {
      const earlier = outages.find(({ from, to }) => from < since && to >= since);
      if (earlier === undefined) return at - since;
      since = earlier.from;
    }
  }

  /** For how long, between two times, all of these parts were there together. */
  together(parts: readonly Need[], from: number, to: number): number {
    if (to <= from) return 0;
    const outages = parts.flatMap((part) => this.#outages.get(part) ?? []).sort((a, b) => a.from - b.from);
    let there = 0;
    let seen = from;
    for (const outage of outages) {
      if (outage.from >= to) break;
      there += Math.max(0, outage.from - seen);
      seen = Math.max(seen, outage.to);
    }
    return there + Math.max(0, to - seen);
  }
}
