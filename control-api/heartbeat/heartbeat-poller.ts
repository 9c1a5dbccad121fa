import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import type { Logger } from '../../bouncer/shared/runtime/logger.ts';
import type { Service } from '../../bouncer/shared/runtime/service.ts';
import { Wake } from '../../bouncer/shared/runtime/wake.ts';
import { HEARTBEAT_PREFIX, type Heartbeat } from './heartbeat.ts';

/** The first heartbeat waits for CrowdSec to be up, and for a crash loop not to become a login loop. */
const FIRST_AFTER_MS = 60_000;

export interface PollerPorts {
  readonly heartbeat: Heartbeat;
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: () => number;
}

/** Sends a heartbeat every so often, never on the same beat as other machines. */
export class HeartbeatPoller implements Service {
  readonly name = 'heartbeat poller';
  readonly #ports: PollerPorts;
  readonly #stopped = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(ports: PollerPorts) {
    this.#ports = ports;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { heartbeat, intervalMs, clock, log } = this.#ports;
    const wake = new Wake();
    for (let waitMs = FIRST_AFTER_MS; ; waitMs = intervalMs) {
      const jittered = this.#jitter(Math.min(waitMs, intervalMs));
      await heartbeat.planned(new Date(clock.wall() + jittered));
      await wake.sleep(jittered, this.#stopped.signal);
      if (this.#stopped.signal.aborted) return;
      await heartbeat
        .send()
        .catch((error: unknown) => log.error({ err: error }, `${HEARTBEAT_PREFIX} heartbeat broke`));
    }
  }

  /** ±10 %. */
  #jitter(milliseconds: number): number {
    return Math.round(milliseconds * (0.9 + (this.#ports.random ?? Math.random)() * 0.2));
  }
}
