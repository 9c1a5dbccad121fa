import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import type { Service } from '../../bouncer/shared/runtime/service.ts';
import { HEARD, summarize } from '../protection/bouncer-summary.ts';
import type { Protection } from '../protection/protection.ts';
import { CHANGE_EVERY_MS, countsOf, isDue } from './decision-sample.ts';
import { appendSample, newestSample } from './history-log.ts';

const LOOK_EVERY_MS = 10_000;

/** Writes down how many decisions are in force, for the chart. What it misses while Redis is gone stays a gap. */
export class HistoryRecorder implements Service {
  readonly name = 'history';
  readonly #redis: RedisLink;
  readonly #protection: Protection;
  readonly #clock: Clock;
  #timer: NodeJS.Timeout | undefined;
  /** By this process' own steady clock: clocks that disagree must not make it write with every look. */
  #wroteAt = Number.NEGATIVE_INFINITY;

  constructor(redis: RedisLink, protection: Protection, clock: Clock) {
    this.#redis = redis;
    this.#protection = protection;
    this.#clock = clock;
  }

  start(): void {
    const look = () => void this.#look().catch(() => undefined);
    this.#timer = setInterval(look, LOOK_EVERY_MS);
    look();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const now = this.#clock.monotonic();
    if (!this.#redis.isUp || now - this.#wroteAt < CHANGE_EVERY_MS) return;
    const counts = countsOf(summarize(await this.#protection.bouncers(), HEARD));
    // Asked of Redis each time: another control API may have written meanwhile.
    if (counts !== undefined && isDue(counts, await newestSample(this.#redis), this.#clock.wall())) {
      await appendSample(this.#redis, counts);
      this.#wroteAt = now;
    }
  }
}
