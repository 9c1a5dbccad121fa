/** The interval between reloads is at least this many times what one takes: reloads cost Caddy memory. */
const COST_FACTOR = 10;
/** What one takes is the quickest of so many: a machine that stood still for a moment says nothing about the next. */
const REMEMBERED = 3;

/** How often Caddy may be reloaded: once an interval, which grows with what a reload costs. Times are monotonic ms. */
export class PushPace {
  readonly #intervalMs: number;
  #lastAt = -Infinity;
  /** Newest first. */
  #took: readonly number[] = [];

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** How long the last push took; undefined before the first. */
  get lastMs(): number | undefined {
    return this.#took[0];
  }

  get nextAt(): number {
    const cost = this.#took.length === 0 ? 0 : COST_FACTOR * Math.min(...this.#took);
    return this.#lastAt + Math.max(this.#intervalMs, cost);
  }

  pushed(at: number, tookMs: number): void {
    this.#lastAt = at;
    this.#took = [tookMs, ...this.#took].slice(0, REMEMBERED);
  }
}
