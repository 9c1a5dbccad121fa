import type { Clock } from '../../bouncer/shared/runtime/clock.ts';

/** Limits of single calls stay long enough for a busy machine. */
const SHORTEST_LIMIT_MS = 1_000;

/**
 * Makes time run so many times faster for whatever this process starts from now on: timers, limits and clock. What is
 * on the wire takes the time that it takes.
 */
export function speedUp(factor: number): { readonly clock: Clock; readonly restore: () => void } {
  const { setTimeout: timeout, setInterval: interval } = globalThis;
  const limit = AbortSignal.timeout.bind(AbortSignal);
  const faster = <Timer extends typeof timeout | typeof interval>(timer: Timer) =>
    Object.assign(
      (act: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => timer(act, ms / factor, ...args),
      timer,
    );
  globalThis.setTimeout = faster(timeout);
  globalThis.setInterval = faster(interval);
  AbortSignal.timeout = (ms) => limit(Math.max(SHORTEST_LIMIT_MS, ms / factor));
  const began = { monotonic: performance.now(), wall: Date.now() };
  const passed = () => (performance.now() - began.monotonic) * factor;
  return {
    clock: { monotonic: () => began.monotonic + passed(), wall: () => began.wall + passed() },
    restore: () => {
      globalThis.setTimeout = timeout;
      globalThis.setInterval = interval;
      AbortSignal.timeout = limit;
    },
  };
}
