/** The longest that a Node timer can wait. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * A loop's alarm clock: sleep until a time comes or somebody knocks. A knock while the loop is busy is not lost; many
 * knocks are one.
 */
export class Wake {
  #isKnocked = false;
  #rouse: (() => void) | undefined;

  knock(): void {
    this.#isKnocked = true;
    this.#rouse?.();
  }

  /** Waits at most `milliseconds`, or until `knock` or `signal`. @returns whether it was knocked. */
  async sleep(milliseconds: number, signal: AbortSignal): Promise<boolean> {
    if (!this.#isKnocked && !signal.aborted) await this.#wait(Math.min(LONGEST_MS, Math.max(0, milliseconds)), signal);
    const wasKnocked = this.#isKnocked;
    this.#isKnocked = false;
    return wasKnocked;
  }

  #wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const rouse = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', rouse); // the signal outlives thousands of sleeps
        this.#rouse = undefined;
        resolve();
      };
      const timer = setTimeout(rouse, milliseconds);
      signal.addEventListener('abort', rouse);
      this.#rouse = rouse;
    });
  }
}
