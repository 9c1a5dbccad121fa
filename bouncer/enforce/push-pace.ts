/** The interval between reloads is at least this many times what the last one took: reloads cost Caddy memory. */
const COST_FACTOR = 10;

/** How often Caddy may be reloaded: once an interval, which grows with what a reload costs. Times are monotonic ms. */
export class PushPace {
  readonly #intervalMs: number;
  #lastAt = -Infinity;
  #lastMs: number | undefined;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** How long the last push took; undefined before the first. */
  get lastMs(): number | undefined {
    return this.#lastMs;
  }

  get nextAt(): number {
    return this.#lastAt + Math.max(this.#intervalMs, COST_FACTOR * (this.#lastMs ?? 0));
  }

  pushed(at: number, tookMs: number): void {
    this.#lastAt = at;
    this.#lastMs = tookMs;
  }
}
