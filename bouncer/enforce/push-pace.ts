import type { CaddyStatus } from '../shared/domain/status.ts';

/** The interval between reloads is at least this many times what one takes: reloads cost Caddy memory. */
const COST_FACTOR = 10;
/** What one takes is the quickest of so many: a machine that stood still for a moment says nothing about the next. */
const REMEMBERED = 3;

/** How often Caddy may be reloaded, and was: once an interval, which grows with what a reload costs. Monotonic ms. */
export class PushPace {
  readonly #intervalMs: number;
  #lastAt = -Infinity;
  /** Newest first. */
  #took: readonly number[] = [];
  #lastWall: number | undefined;
  #count = 0;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** How long the last push took; undefined before the first. */
  get lastMs(): number | undefined {
    return this.#took[0];
  }

  get status(): Pick<CaddyStatus, 'last_push_at' | 'last_push_ms' | 'pushes'> {
    const at = this.#lastWall === undefined ? undefined : new Date(this.#lastWall).toISOString();
    return { last_push_at: at, last_push_ms: this.lastMs, pushes: this.#count };
  }

  get nextAt(): number {
    const cost = this.#took.length === 0 ? 0 : COST_FACTOR * Math.min(...this.#took);
    return this.#lastAt + Math.max(this.#intervalMs, cost);
  }

  /** @param wall the same moment, for people. */
  pushed(at: number, tookMs: number, wall?: number): void {
    this.#count++;
    this.#lastWall = wall;
    this.#lastAt = at;
    this.#took = [tookMs, ...this.#took].slice(0, REMEMBERED);
  }
}
