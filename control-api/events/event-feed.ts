import { setTimeout as sleep } from 'node:timers/promises';
import { eventSchema } from '../../bouncer/shared/domain/event.ts';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { keys } from '../../bouncer/shared/redis/keys.ts';
import { parseJson } from '../parse-json.ts';

/** One message to a browser, before it is written as SSE. */
export interface FeedMessage {
  /** The entry's id in Redis: what a browser sends back as Last-Event-ID. */
  readonly id?: string;
  readonly event: string;
  readonly data: string;
}

const LOOK_EVERY_MS = 400;

/** Browsers miss this many at most in one go; the log itself keeps some thousand. */
const PAGE = 500;

export const EVENT_ID = /^\d{1,15}-\d{1,10}$/;

/**
 * The event log from `after` on, and then as it grows, until `signal`. Over an outage of Redis it waits, says so, and
 * goes on where it was; a Redis that lost the log begins a new one, whose ids are later still.
 */
export async function* followEvents(
  redis: RedisLink,
  after: string,
  signal: AbortSignal,
): AsyncGenerator<FeedMessage, void> {
  let position = after;
  let wasUp = true;
  while (!signal.aborted) {
    let page: FeedMessage[] = [];
    try {
      page = await readAfter(redis, position);
      if (!wasUp) yield { event: 'redis', data: '{"available":true}' };
      wasUp = true;
    } catch {
      if (wasUp) yield { event: 'redis', data: '{"available":false}' };
      wasUp = false;
    }
    for (const message of page) {
      position = message.id ?? position;
      yield message;
    }
    if (page.length < PAGE) await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function readAfter(redis: RedisLink, position: string): Promise<FeedMessage[]> {
  const rows = await redis.commands.xrange(keys.events, `(${position}`, '+', 'COUNT', PAGE);
  return rows.map(([id, fields]) => {
    const parsed = eventSchema.safeParse(parseJson(fields[1] ?? ''));
    // One that cannot be read still moves the position on.
    return parsed.success
      ? { id, event: parsed.data.kind, data: JSON.stringify(parsed.data) }
      : { id, event: 'unknown', data: '{}' };
  });
}

/** Where "the last `count` events, and what follows" begins. */
export async function positionBefore(redis: RedisLink, count: number): Promise<string> {
  const rows = await redis.commands.xrevrange(keys.events, '+', '-', 'COUNT', count + 1);
  const first = rows.length > count ? rows.at(-1) : undefined;
  return first?.[0] ?? '0-0';
}
