interface Stoppable {
  stop(): Promise<void>;
}

/** What a section started: stopped in reverse order when it ends, or when somebody presses Ctrl-C. */
export class Stops {
  readonly #open: Stoppable[] = [];
  /** Somebody wants the whole run to end: nothing more may be started. */
  isHalted = false;

  readonly also = <T extends Stoppable>(started: T): T => {
    this.#open.push(started);
    return started;
  };

  async stopAll(): Promise<void> {
    for (const part of this.#open.splice(0).reverse()) await part.stop();
  }
}

/** Ctrl-C stops everything in order, and ends this process then. */
export function stopOnSignal(stops: Stops, say: (text: string) => void): void {
  const onSignal = () => {
    if (stops.isHalted) return;
    stops.isHalted = true;
    say('stopping what this run has started');
    void stops
      .stopAll()
      .catch((error: unknown) => say(String(error)))
      .finally(() => process.exit(130));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
}
