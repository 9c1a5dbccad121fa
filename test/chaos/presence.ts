import type { Part } from './step.ts';

/** Which parts were there, and when; times are monotonic milliseconds. */
export class Presence {
  readonly #outages = new Map<Part, { readonly from: number; to: number }[]>();

  gone(part: Part, at: number): void {
    const outages = this.#outages.get(part) ?? [];
    this.#outages.set(part, [...outages, { from: at, to: Infinity }]);
  }

  /** @param at when the others will have noticed, which may be later than now. */
  back(part: Part, at: number): void {
    const last = this.#outages.get(part)?.at(-1);
    if (last?.to !== Infinity) throw new Error(`${part} comes back and was never gone`);
    last.to = at;
  }

  /** How long the part that is gone has been so. */
  goneFor(part: Part, at: number): number {
    return at - (this.#outages.get(part)?.at(-1)?.from ?? at);
  }

  /** For how long, between two times, all of these parts were there together. */
  together(parts: readonly Part[], from: number, to: number): number {
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
