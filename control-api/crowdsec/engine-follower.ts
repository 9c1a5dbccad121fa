import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { onCommand } from '../../bouncer/shared/redis/command-channel.ts';
import type { Service } from '../../bouncer/shared/runtime/service.ts';
import type { Protection } from '../protection/protection.ts';
import type { Engine } from './engine.ts';

/** Commands over pub/sub can be lost; what they announce is looked at this often anyway. */
const LOOK_MS = 5_000;

/**
 * Brings the engine to what the one key in Redis says, at boot and whenever it changes, whoever changed it. While
 * Redis is gone the engine stays as it is: a guess could start what somebody switched off.
 */
export class EngineFollower implements Service {
  readonly name = 'engine';
  readonly #engine: Engine;
  readonly #protection: Protection;
  readonly #redis: RedisLink;
  #timer: NodeJS.Timeout | undefined;

  constructor(engine: Engine, protection: Protection, redis: RedisLink) {
    this.#engine = engine;
    this.#protection = protection;
    this.#redis = redis;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#look(), LOOK_MS);
    void this.#look();
    this.#redis.on('up', () => void this.#look());
    // Subscribing waits for a connection, which may be hours away.
    void onCommand(this.#redis, ({ kind }) => {
      if (kind === 'settings') void this.#look();
    }).catch(() => undefined);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#engine.stop();
  }

  async #look(): Promise<void> {
    void this.#engine.status(); // an external one tells the log when LAPI comes and goes
    if (!this.#redis.isUp) return;
    const wanted = await this.#protection.wanted().catch(() => undefined);
    if (wanted !== undefined) this.#engine.want(wanted.enabled);
  }
}
