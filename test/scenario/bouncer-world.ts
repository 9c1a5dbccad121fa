import { vi } from 'vitest';
import type { Desired } from '../../bouncer/enforce/desired.ts';
import { Reconciler } from '../../bouncer/enforce/reconciler.ts';
import { systemClock } from '../../bouncer/shared/runtime/clock.ts';
import { FakeCaddyRound } from '../support/fake-caddy-round.ts';
import { fakeDesired } from '../support/fake-desired.ts';
import { fakeLog } from '../support/fake-log.ts';

export const PUSH_MS = 5_000;
export const DRIFT_MS = 1_000;

/** One reconciler and one Caddy under a clock that the test moves. */
export function worldOf() {
  const caddy = new FakeCaddyRound();
  const logger = fakeLog();
  let wish: Desired | undefined;
  let version = 0;
  const reconciler = new Reconciler({
    admin: 'http://127.0.0.1:2019',
    round: caddy.asRound,
    desired: () => wish,
    times: { pushMs: PUSH_MS, driftMs: DRIFT_MS },
    clock: systemClock,
    log: logger.log,
  });
  const began = performance.now();
  const events: string[] = [];
  for (const event of ['pushed', 'drift', 'settled', 'state'] as const)
    reconciler.on(event, (...details: unknown[]) => void events.push([event, ...details].join(' ').trim()));

  const wait = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);
  return {
    caddy,
    reconciler,
    events,
    ...logger,
    wait,
    /** Starts the reconciler and lets its first turn end. */
    async start(): Promise<void> {
      reconciler.start();
      await wait(0);
    },
    /** Something else is wanted from now on. */
    async wants(changes: Partial<Desired> & { isUrgent?: boolean } = {}): Promise<void> {
      const { isUrgent = false, ...rest } = changes;
      version++;
      wish = fakeDesired({ version, ...rest });
      reconciler.changed(isUrgent);
      await wait(0);
    },
    /** A user's own reload took our rules out. */
    takeOut(): void {
      caddy.holds = undefined;
    },
    /** When pushes were written, in ms since the start. */
    pushTimes: () => caddy.pushes.map(({ at }) => Math.round(at - began)),
  };
}

export type World = ReturnType<typeof worldOf>;
