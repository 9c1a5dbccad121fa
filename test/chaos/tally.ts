import type { Lag } from './oracle.ts';
import { type Action, describeOutage } from './step.ts';

/** An answer that no state within the window explains. */
export interface WrongAnswer {
  readonly client: string;
  readonly status: number;
  readonly sentAt: number;
  readonly answeredAt: number;
  /** Of the step that was being taken, counted from 1. */
  readonly step: number;
  readonly history: string;
}

/** What happened in a run, in numbers. */
export class Tally {
  readonly steps = new Map<string, number>();
  readonly faults = new Map<string, number>();
  /** The longest that each kind of change took to show, at least: of several that explain an answer, the youngest. */
  readonly lags = new Map<string, number>();
  readonly wrong: WrongAnswer[] = [];
  checked = 0;
  /** Of those, answers that also had to be as before a restart without LAPI. */
  still = 0;
  /** Of the bouncer, begun and ended while LAPI was silent. */
  restarts = 0;
  /** Requests without an answer, while Caddy was gone and while it was not. */
  refused = 0;
  unanswered = 0;
  stepCount = 0;

  took(action: Action): void {
    this.stepCount++;
    if (action.kind === 'gone') {
      count(this.faults, describeOutage(action.outage));
      if (action.restart !== undefined) this.restarts++;
    } else if (action.kind === 'wipe Redis') count(this.faults, action.kind);
    else if (action.kind !== 'back') count(this.steps, action.kind);
  }

  lagged({ kind, ms }: Lag): void {
    this.lags.set(kind, Math.max(ms, this.lags.get(kind) ?? 0));
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
