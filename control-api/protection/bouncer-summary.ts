import { z } from '@hono/zod-openapi';
import { BOUNCER_STATES, type BouncerStatus, caddyStatusSchema } from '../../bouncer/shared/domain/status.ts';

/** All bouncers as one: what the page's headline and scripts look at. */
export const bouncerSummarySchema = z.object({
  state: z.enum([...BOUNCER_STATES, 'offline']),
  /** Since when no bouncer has spoken; absent when none ever did. */
  offline_since: z.string().optional(),
  reasons: z.array(z.string()),
  ids: z.array(z.string()),
  decisions: z.object({ total: z.number(), local: z.number(), community: z.number(), lists: z.number() }),
  enforced: z.object({ addresses: z.number(), ranges: z.number(), exceptions: z.number() }),
  last_pull_at: z.string().optional(),
  last_push_at: z.string().optional(),
  caddies: z.array(caddyStatusSchema),
});

export type BouncerSummary = z.infer<typeof bouncerSummarySchema>;

const NOTHING = {
  decisions: { total: 0, local: 0, community: 0, lists: 0 },
  enforced: { addresses: 0, ranges: 0, exceptions: 0 },
} as const;

export function summarize(bouncers: readonly BouncerStatus[], offlineSince: string | undefined): BouncerSummary {
  const [fullest] = bouncers.toSorted((a, b) => b.decisions.total - a.decisions.total);
  const caddies = bouncers.flatMap((bouncer) => bouncer.caddies);
  const lastPull = latest(bouncers.map((bouncer) => bouncer.lapi.last_pull_at));
  const lastPush = latest(caddies.map((caddy) => caddy.last_push_at));
  return {
    state: bouncers.map((bouncer) => bouncer.state).reduce(worse, fullest?.state) ?? 'offline',
    ...(fullest === undefined && offlineSince !== undefined ? { offline_since: offlineSince } : {}),
    reasons: fullest === undefined ? ['no bouncer is alive'] : [...new Set(bouncers.flatMap(({ reasons }) => reasons))],
    ids: bouncers.map((bouncer) => bouncer.id),
    decisions: { ...(fullest ?? NOTHING).decisions },
    enforced: { ...(fullest ?? NOTHING).enforced },
    ...(lastPull === undefined ? {} : { last_pull_at: lastPull }),
    ...(lastPush === undefined ? {} : { last_push_at: lastPush }),
    caddies,
  };
}

/** From well to worst. */
const SEVERITY = ['off', 'enforcing', 'monitoring', 'syncing', 'starting', 'stale', 'degraded'] as const;

function worse(a: BouncerStatus['state'] | undefined, b: BouncerStatus['state']): BouncerStatus['state'] {
  return a === undefined || SEVERITY.indexOf(b) > SEVERITY.indexOf(a) ? b : a;
}

/** ISO 8601 in UTC sorts as text. */
function latest(times: readonly (string | undefined)[]): string | undefined {
  return times
    .filter((time) => time !== undefined)
    .sort()
    .at(-1);
}
