import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import type { Logger } from '../../bouncer/shared/runtime/logger.ts';
import { sharedAnswer } from '../shared-answer.ts';
import type { Engine, EngineReload, EngineState, EngineStatus } from './engine.ts';
import { type LapiHealth, lapiHealth } from './lapi-health.ts';
import type { LapiTransport } from './lapi-transport.ts';

export interface ExternalEnginePorts {
  readonly transport: LapiTransport;
  readonly clock: Clock;
  readonly version: () => Promise<string | undefined>;
  readonly log: Logger;
  /** What can be done about an engine of somebody else's: a signal, where that is wanted, or words. */
  readonly reload: () => Promise<EngineReload>;
}

/** An engine that somebody else starts and stops: only asked whether it is there. */
export class ExternalEngine implements Engine {
  readonly #transport: LapiTransport;
  readonly #clock: Clock;
  readonly #version: () => Promise<string | undefined>;
  readonly #log: Logger;
  readonly #reload: () => Promise<EngineReload>;
  readonly status: () => Promise<EngineStatus>;
  #state: EngineState | undefined;
  #since = '';

  constructor({ transport, clock, version, log, reload }: ExternalEnginePorts) {
    this.#log = log;
    this.#transport = transport;
    this.#clock = clock;
    this.#version = version;
    this.#reload = reload;
    this.status = sharedAnswer(() => this.#ask(), clock);
  }

  want(): void {
    // External: protection is switched in the bouncer; CrowdSec itself is not ours to stop.
  }

  reload(): Promise<EngineReload> {
    return this.#reload();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  #tell(health: LapiHealth): void {
    if (health.kind === 'healthy') this.#log.info('[CROWDSEC_STARTUP] LAPI is ready');
    else this.#log.warn(`[CROWDSEC_STARTUP] LAPI not available: ${health.error}; it needs 30 to 60 seconds to start`);
  }

  async #ask(): Promise<EngineStatus> {
    const [health, version] = await Promise.all([lapiHealth(this.#transport), this.#version()]);
    const state = health.kind === 'healthy' ? 'running' : 'unreachable';
    if (state !== this.#state) {
      this.#state = state;
      this.#since = new Date(this.#clock.wall()).toISOString();
      this.#tell(health);
    }
    return {
      mode: 'external',
      state,
      since: this.#since,
      ...(version === undefined ? {} : { version }),
      ...(health.kind === 'healthy' ? {} : { error: health.error }),
    };
  }
}
