import type { Clock } from '../../bouncer/shared/runtime/clock.ts';

/** A clock that stands still until a test moves it. Its two hands can be moved apart, as real ones drift. */
export class FakeClock implements Clock {
  #monotonic: number;
  #wall: number;

  constructor(monotonic = 5_000, wall = Date.parse('2026-01-01T00:00:00Z')) {
    this.#monotonic = monotonic;
    this.#wall = wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  wall(): number {
    return this.#wall;
  }

  advance(milliseconds: number): void {
    this.#monotonic += milliseconds;
    this.#wall += milliseconds;
  }

  /** Somebody set the time of day; durations do not notice. */
  jumpWall(milliseconds: number): void {
    this.#wall += milliseconds;
  }
}
