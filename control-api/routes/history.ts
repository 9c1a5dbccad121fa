import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { BOUNCER_STATES } from '../../bouncer/shared/domain/status.ts';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import { countsOf, type DecisionSample } from '../history/decision-sample.ts';
import { downSample, startOfSlots } from '../history/down-sample.ts';
import { samplesSince } from '../history/history-log.ts';
import { HEARD, summarize } from '../protection/bouncer-summary.ts';
import type { Protection } from '../protection/protection.ts';
import { viaRedis } from '../redis-access.ts';
import { BASE, problems } from './shared-responses.ts';

const HOUR_MS = 3_600_000;

const PERIODS = {
  '24h': { slotMs: HOUR_MS / 4, slots: 96 },
  '7d': { slotMs: 2 * HOUR_MS, slots: 84 },
} as const;

const historySchema = z
  .object({
    slot_seconds: z.number().int(),
    slots: z.array(
      z.object({
        at: z.string().openapi({ description: 'where this part of the time begins' }),
        counts: z
          .object({ local: z.number().int(), community: z.number().int(), lists: z.number().int() })
          .nullable()
          .openapi({ description: 'the most that there were in it; null where nobody counted' }),
        state: z.enum(BOUNCER_STATES).nullable().openapi({ description: 'what the bouncer did with them' }),
      }),
    ),
  })
  .openapi('DecisionHistory');

const getHistory = createRoute({
  method: 'get',
  path: `${BASE}/decisions/history`,
  summary: 'How many decisions there were, over time, up to now; written down every five minutes, and when it changes',
  request: { query: z.strictObject({ period: z.enum(['24h', '7d']).default('24h') }) },
  responses: {
    200: { description: 'Oldest first', content: { 'application/json': { schema: historySchema } } },
    ...problems,
  },
});

export interface HistoryPorts {
  readonly redis: RedisLink;
  readonly protection: Protection;
  readonly clock: Clock;
}

export function historyRoutes({ redis, protection, clock }: HistoryPorts) {
  /** What holds now; it is written down only when it has held for some time. */
  async function samplesUpToNow(since: number, now: number): Promise<DecisionSample[]> {
    const written = await viaRedis(redis, (link) => samplesSince(link, since));
    const counts = countsOf(summarize(await protection.bouncers(), HEARD));
    return counts === undefined ? written : [...written, { ...counts, at: now }];
  }

  return new OpenAPIHono().openapi(getHistory, async (c) => {
    const plan = { ...PERIODS[c.req.valid('query').period], now: clock.wall() };
    // From one slot earlier on: what was known just before the first one may still hold in it.
    const since = startOfSlots(plan) - plan.slotMs;
    const slots = downSample(await samplesUpToNow(since, plan.now), plan);
    return c.json(
      {
        slot_seconds: plan.slotMs / 1_000,
        slots: slots.map(({ at, sample }) => ({
          at: new Date(at).toISOString(),
          counts:
            sample === undefined ? null : { local: sample.local, community: sample.community, lists: sample.lists },
          state: sample?.state ?? null,
        })),
      },
      200,
    );
  });
}
