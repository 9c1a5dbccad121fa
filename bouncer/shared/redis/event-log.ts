import type { Event } from '../domain/event.ts';
import type { RedisLink } from './client.ts';
import { keys } from './keys.ts';

/** How many events are kept, about: enough for a day of a busy site, under a megabyte. */
const KEPT = 2_000;

export async function appendEvent(redis: RedisLink, event: Event): Promise<void> {
  await redis.commands.xadd(keys.events, 'MAXLEN', '~', KEPT, '*', 'event', JSON.stringify(event));
}
