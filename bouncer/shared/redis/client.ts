import { EventEmitter } from 'node:events';
import { Redis } from 'ioredis';
import { backoffDelay } from '../runtime/backoff.ts';
import type { Logger } from '../runtime/logger.ts';
import { reasonOf } from '../runtime/reason.ts';
import { keys } from './keys.ts';
import { sentinelsOf } from './redis-url.ts';

/** The schema that this version writes: the number in every key's prefix. */
const SCHEMA = 1;

/** One command's limit; Redis is on the same machine or network, and no caller may hang on it. */
const COMMAND_TIMEOUT_MS = 5_000;

/** What Redis says to a connection that it does not take, before it closes it. The first sentence is enough. */
const REFUSAL = /^-((?:DENIED|ERR max number of clients)[^.\r\n]*)/;

/** How a connection ends that Redis closed while we were still greeting it. */
const CUT = /EPIPE|ECONNRESET|closed/;

/** What tells the connection for commands from the one that listens. */
interface ConnectionOptions {
  readonly commandTimeout?: number;
  readonly enableOfflineQueue?: boolean;
  readonly maxRetriesPerRequest?: null;
}

interface RedisLinkEvents {
  up: [];
  down: [reason: string];
}

/**
 * A connection to Redis that comes and goes. Commands fail at once while it is gone (nothing queues up behind an
 * outage); `up` is emitted whenever it is back, so that owners write what a wiped Redis lost.
 */
export class RedisLink extends EventEmitter<RedisLinkEvents> {
  readonly #redis: Redis;
  readonly #subscriber: Redis;
  readonly #log: Logger;
  #error: string | undefined = 'not connected yet';
  #refusal: string | undefined;
  #isStopped = false;

  constructor(url: string, log: Logger) {
    super();
    this.#log = log;
    const options = {
      lazyConnect: true,
      // Nothing here needs the third one, and over its greeting ioredis prints that a password was given when none was.
      protocol: 2 as const,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      connectTimeout: COMMAND_TIMEOUT_MS,
      // A connection over which no answer comes is a dead one, however long TCP still believes in it.
      socketTimeout: COMMAND_TIMEOUT_MS,
      keepAlive: 10_000,
      retryStrategy: (attempt: number) => backoffDelay(attempt, { firstMs: 100, longestMs: 2_000 }),
    };
    const sentinels = sentinelsOf(url);
    const open = (more: ConnectionOptions) =>
      sentinels === undefined
        ? new Redis(url, { ...options, ...more })
        : new Redis({ ...sentinels, sentinelRetryStrategy: options.retryStrategy, ...options, ...more });
    this.#redis = open({ commandTimeout: COMMAND_TIMEOUT_MS });
    // A subscription waits for Redis as long as it takes: it is asked for once, and holds over every reconnection.
    this.#subscriber = open({ enableOfflineQueue: true, maxRetriesPerRequest: null });
    this.#redis.on('ready', () => void this.#ready());
    this.#redis.on('connect', () => this.#hearRefusal());
    this.#redis.on('error', (error: Error) => this.#failed(error.message || error.name));
    this.#redis.on('close', () => this.#lost(this.#error ?? 'the connection was closed'));
    this.#subscriber.on('error', () => undefined); // the first connection reports; this one follows it
  }

  /** Starts connecting; never fails: an unreachable Redis is a state, not an error. */
  start(): void {
    this.#redis.connect().catch(() => undefined);
    this.#subscriber.connect().catch(() => undefined);
  }

  /** Waits until Redis is there, for at most so long: a start that needs it need not begin with an error. */
  async untilUp(limitMs: number): Promise<void> {
    if (this.isUp) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.once('up', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.removeAllListeners();
    this.#redis.disconnect();
    this.#subscriber.disconnect();
  }

  get isUp(): boolean {
    return this.#error === undefined;
  }

  /** Why Redis cannot be used now; undefined when it can. */
  get error(): string | undefined {
    return this.#error;
  }

  /** For the stores beside this file; throws when Redis is gone. */
  get commands(): Redis {
    if (this.#error !== undefined) throw new Error(`Redis is not available: ${this.#error}`);
    return this.#redis;
  }

  /** Calls `listener` with each message of `channel`, over every reconnection. */
  async subscribe(channel: string, listener: (message: string) => void): Promise<void> {
    this.#subscriber.on('message', (from: string, message: string) => {
      if (from === channel) listener(message);
    });
    await this.#subscriber.subscribe(channel);
  }

  async #ready(): Promise<void> {
    const problem = await this.#schemaProblem();
    if (problem !== undefined) {
      this.#lost(problem.reason);
      // No other event would have it looked at again.
      if (problem.isPassing) this.#redis.disconnect(true);
      return;
    }
    this.#refusal = undefined;
    if (this.#error === undefined) return;
    this.#error = undefined;
    this.#log.info('Redis is connected');
    this.emit('up');
  }

  /** Refuses data of a newer version: we would read it wrongly, and overwrite it. */
  async #schemaProblem(): Promise<{ readonly reason: string; readonly isPassing: boolean } | undefined> {
    try {
      const found = await this.#redis.get(keys.schema);
      // One that takes no writes now (its memory or disk is full) can still be read from.
      if (found === null) await this.#redis.setnx(keys.schema, String(SCHEMA)).catch(() => undefined);
      if (found === null || Number(found) <= SCHEMA) return undefined;
      const reason = `its data is of schema ${found}, this version knows ${SCHEMA}: upgrade this program, or give it a database of its own in REDIS_URL`;
      return { reason, isPassing: false };
    } catch (error) {
      return { reason: reasonOf(error), isPassing: true };
    }
  }

  /** Often it is read only after a write has failed; then it stands for the same failure of later attempts. */
  #hearRefusal(): void {
    this.#redis.stream.once('data', (bytes: Buffer) => {
      const said = REFUSAL.exec(bytes.toString('latin1'))?.[1];
      if (said === undefined) return;
      this.#refusal = `it refuses the connection: ${said}`;
      this.#lost(this.#refusal);
    });
  }

  #failed(message: string): void {
    if (!CUT.test(message)) this.#refusal = undefined;
    this.#lost(this.#refusal ?? message);
  }

  #lost(reason: string): void {
    if (this.#isStopped) return;
    const wasUp = this.#error === undefined;
    const changed = this.#error !== reason;
    this.#error = reason;
    if (wasUp || changed) this.#log.warn({ reason }, 'Redis is not available; going on without it');
    if (wasUp) this.emit('down', reason);
  }
}
