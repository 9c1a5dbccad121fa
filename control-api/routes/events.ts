import { setMaxListeners } from 'node:events';
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { streamSSE } from 'hono/streaming';
import { hangUp } from '../../bouncer/shared/http/caller.ts';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { linkedAbort } from '../../bouncer/shared/runtime/linked-abort.ts';
import { EVENT_ID, followEvents, positionBefore } from '../events/event-feed.ts';
import { Problem } from '../http/problem.ts';
import { viaRedis } from '../redis-access.ts';
import { BASE, problems } from './shared-responses.ts';

/**
 * Some proxies cut a connection that says nothing for half a minute. Who has not taken one ping when the next is due
 * reads nothing, and loses the connection: it would hold a place, and memory for what waits for it.
 */
const PING_MS = 15_000;

/** More open pages than people; each costs a question to Redis twice a second. */
const MOST_CLIENTS = 50;

const getEvents = createRoute({
  method: 'get',
  path: `${BASE}/events`,
  summary: 'What happens, as it happens (server-sent events); goes on after Last-Event-ID',
  request: {
    query: z.strictObject({
      replay: z
        .string()
        .regex(/^\d{1,4}$/)
        .transform(Number)
        .optional()
        .openapi({ type: 'integer', description: 'how many past events to begin with' }),
    }),
    headers: z.object({ 'last-event-id': z.string().regex(EVENT_ID, 'this is no id of ours').optional() }),
  },
  responses: {
    200: { description: 'A stream that does not end', content: { 'text/event-stream': { schema: z.string() } } },
    ...problems,
  },
});

export interface EventPorts {
  readonly redis: RedisLink;
  /** Aborted when the process is asked to stop: streams end then. */
  readonly stopping: AbortSignal;
  readonly eventPingMs?: number | undefined;
}

export function eventRoutes({ redis, stopping, eventPingMs = PING_MS }: EventPorts) {
  let clients = 0;
  // Each listens to it; without this Node would warn of a leak at the eleventh.
  setMaxListeners(2 * MOST_CLIENTS, stopping);
  return new OpenAPIHono().openapi(getEvents, async (c) => {
    if (clients >= MOST_CLIENTS) throw tooManyClients();
    const { replay = 0 } = c.req.valid('query');
    const after =
      c.req.valid('header')['last-event-id'] ?? (await viaRedis(redis, (link) => positionBefore(link, replay)));
    clients++;
    c.header('x-accel-buffering', 'no');
    return streamSSE(c, async (stream) => {
      const gone = new AbortController();
      stream.onAbort(() => gone.abort());
      const ended = linkedAbort(gone.signal, stopping);
      let isTaken = true;
      const ping = setInterval(() => {
        if (!isTaken) hangUp(c);
        isTaken = false;
        void stream.write(': ping\n\n').then(() => (isTaken = true));
      }, eventPingMs);
      try {
        await stream.write(': connected\nretry: 2000\n\n');
        for await (const message of followEvents(redis, after, ended.signal)) await stream.writeSSE(message);
      } finally {
        clearInterval(ping);
        ended.release();
        clients--;
      }
    });
  });
}

function tooManyClients(): Problem {
  return new Problem({
    status: 503,
    code: 'too_many_streams',
    title: 'Too many open streams',
    detail: `${MOST_CLIENTS} clients follow the events already.`,
    hint: 'Close pages that nobody looks at, and try again.',
    headers: { 'retry-after': '30' },
  });
}
