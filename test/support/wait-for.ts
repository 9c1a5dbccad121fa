import { inspect } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  /** What is awaited, as the end of a sentence: "203.0.113.9 to be blocked". */
  readonly what: string;
  readonly withinMs?: number;
  /** How often to ask; a request each time is worth 25 ms, a look at a field is not. */
  readonly everyMs?: number;
}

const WITHIN_MS = 15_000;
const POLL_MS = 25;

/**
 * Asks again and again until `condition` answers with something that is neither `false` nor `undefined`. A condition
 * may also throw, as `expect` does: that means "not yet". Fails with what it saw last.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  { what, withinMs = WITHIN_MS, everyMs = POLL_MS }: WaitOptions,
): Promise<Exclude<T, false | undefined>> {
  const until = performance.now() + withinMs;
  for (;;) {
    let saw: unknown;
    try {
      const value = await condition();
      if (value !== false && value !== undefined) return value as Exclude<T, false | undefined>;
      saw = value;
    } catch (error) {
      saw = error instanceof Error ? error.message : error;
    }
    if (performance.now() >= until) {
      const last = typeof saw === 'string' ? saw : inspect(saw, { depth: 4 });
      throw new Error(`waited ${withinMs} ms for ${what}, and saw last: ${last}`);
    }
    await sleep(everyMs);
  }
}
