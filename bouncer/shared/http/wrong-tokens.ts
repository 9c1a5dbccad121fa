import type { Context } from 'hono';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { callerKey } from './caller.ts';

export const WINDOW_SECONDS = 60;

/** Wrong tokens from one caller within the window before the answer is "later". */
export const MOST_WRONG_TOKENS = 20;

/**
 * Counts wrong tokens by whom they come from. The right token passes at any time: behind a proxy everybody has one
 * address, and a stranger's guesses must not lock the operator out.
 */
export class WrongTokens {
  readonly #limiter = new RateLimiterMemory({ points: MOST_WRONG_TOKENS, duration: WINDOW_SECONDS });

  /** Counts one more. @returns whether these are too many by now. */
  async add(c: Context): Promise<boolean> {
    const { consumedPoints } = await this.#limiter.penalty(callerKey(c));
    return consumedPoints > MOST_WRONG_TOKENS;
  }
}
