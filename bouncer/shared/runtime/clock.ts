/** Time, injected so that tests can move it. */
export interface Clock {
  /** Milliseconds on a clock that never jumps: for durations and expiries. */
  monotonic(): number;
  /** Milliseconds since the Unix epoch: for what is shown, and for what outlives this process. */
  wall(): number;
}

export const systemClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
};
