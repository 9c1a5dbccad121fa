import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { appendEvent } from '../../bouncer/shared/redis/event-log.ts';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';

/** Tells the log of the page what happened here. Never fails: an event that Redis cannot take is only not shown. */
export class EventWriter {
  readonly #redis: RedisLink;
  readonly #clock: Clock;

  constructor(redis: RedisLink, clock: Clock) {
    this.#redis = redis;
    this.#clock = clock;
  }

  write(kind: string, message: string, data?: Record<string, unknown>): void {
    if (!this.#redis.isUp) return;
    const at = new Date(this.#clock.wall()).toISOString();
    const event = { at, by: 'control-api', kind, message, ...(data === undefined ? {} : { data }) };
    appendEvent(this.#redis, event).catch(() => undefined);
  }
}
