import { backoffDelay } from '../shared/runtime/backoff.ts';

/** Somebody else keeps removing our rules: repairing faster than this would reload that Caddy without end. */
const PAUSE = { firstMs: 500, longestMs: 30_000 };
const CALM_MS = 60_000;
/** A person who reloads again and again is repaired at once each time; only a fight is slowed down. */
const REPAIRED_AT_ONCE = 5;

/** How often the rules were found gone, and how long to wait before the next repair. Times are monotonic ms. */
export class DriftCount {
  #total = 0;
  #inARow = 0;
  #lastAt = -Infinity;

  get total(): number {
    return this.#total;
  }

  /** The rules were found gone. @returns how long to wait before they are put back. */
  found(at: number): number {
    this.#total++;
    this.#inARow = at - this.#lastAt < CALM_MS ? this.#inARow + 1 : 1;
    this.#lastAt = at;
    return this.#inARow > REPAIRED_AT_ONCE ? backoffDelay(this.#inARow - REPAIRED_AT_ONCE, PAUSE) : 0;
  }
}
