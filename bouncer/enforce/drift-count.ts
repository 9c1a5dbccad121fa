import { backoffDelay } from '../shared/runtime/backoff.ts';

/** Somebody else keeps removing our rules: repairing faster than this would reload that Caddy without end. */
const PAUSE = { firstMs: 500, longestMs: 30_000 };
/** Rules that stood for longer than this before they were gone again: that is a person at work, and no fight. */
const CALM_MS = 10_000;
/** A person who reloads again and again is repaired at once each time; only a fight is slowed down. */
const REPAIRED_AT_ONCE = 5;

/** How often the rules were found gone, and how long to wait before the next repair. Times are monotonic ms. */
export class DriftCount {
  #total = 0;
  #inARow = 0;
  /** When the rules were to be put back after they were last found gone. */
  #repairedAt = -Infinity;

  get total(): number {
    return this.#total;
  }

  /** The rules were found gone. @returns how long to wait before they are put back. */
  found(at: number): number {
    this.#total++;
    this.#inARow = at - this.#repairedAt < CALM_MS ? this.#inARow + 1 : 1;
    const pause = this.#inARow > REPAIRED_AT_ONCE ? backoffDelay(this.#inARow - REPAIRED_AT_ONCE, PAUSE) : 0;
    this.#repairedAt = at + pause;
    return pause;
  }
}
