import { z } from '@hono/zod-openapi';
import {
  BOUNCER_STATES,
  type BouncerStatus,
  caddyStatusSchema,
  STREAM_ROLES,
} from '../../bouncer/shared/domain/status.ts';

/** All bouncers as one: what the page's headline and scripts look at. */
export const bouncerSummarySchema = z.object({
  state: z
    .enum([...BOUNCER_STATES, 'offline', 'unknown'])
    .openapi({ description: 'the worst of all; unknown while Redis takes no writes, so that no bouncer can say it' }),
  /** Since when no bouncer has spoken; absent when none ever did. */
  offline_since: z.string().optional(),
  reasons: z.array(z.string()),
  ids: z.array(z.string()),
  stream: z
    .array(
      z.object({
        id: z.string(),
        role: z.enum(STREAM_ROLES),
        leader: z.string().optional(),
        reason: z.string().optional().openapi({ description: 'why it is alone' }),
      }),
    )
    .openapi({ description: 'who pulls from LAPI, for whom: each bouncer that says it' }),
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

export interface Silence {
  /** When a bouncer was last heard of. */
  readonly since: string | undefined;
  /** Why none could be heard, although it may be there. */
  readonly because: string | undefined;
}

export const HEARD: Silence = { since: undefined, because: undefined };

/** @param silence what is known where no bouncer is heard. */
export function summarize(bouncers: readonly BouncerStatus[], silence: Silence): BouncerSummary {
  const [fullest] = bouncers.toSorted((a, b) => b.decisions.total - a.decisions.total);
  const caddies = bouncers.flatMap((bouncer) => bouncer.caddies);
  const lastPull = latest(bouncers.map((bouncer) => bouncer.lapi.last_pull_at));
  const lastPush = latest(caddies.map((caddy) => caddy.last_push_at));
  return {
    ...(fullest === undefined ? unheard(silence) : heard(bouncers)),
    ids: bouncers.map((bouncer) => bouncer.id),
    stream: bouncers.flatMap(({ id, stream }) => (stream === undefined ? [] : [{ id, ...stream }])),
    decisions: { ...(fullest ?? NOTHING).decisions },
    enforced: { ...(fullest ?? NOTHING).enforced },
    ...(lastPull === undefined ? {} : { last_pull_at: lastPull }),
    ...(lastPush === undefined ? {} : { last_push_at: lastPush }),
    caddies,
  };
}

function heard(bouncers: readonly BouncerStatus[]): Pick<BouncerSummary, 'state' | 'reasons'> {
  return {
    state: bouncers.map((bouncer) => bouncer.state).reduce(worse),
    reasons: [...new Set(bouncers.flatMap(({ reasons }) => reasons))],
  };
}

function unheard({ since, because }: Silence): Pick<BouncerSummary, 'state' | 'reasons' | 'offline_since'> {
  return {
    state: because === undefined ? 'offline' : 'unknown',
    reasons: [because ?? 'no bouncer is alive'],
    ...(since === undefined ? {} : { offline_since: since }),
  };
}

/** From well to worst. */
const SEVERITY = ['off', 'enforcing', 'monitoring', 'syncing', 'starting', 'stale', 'degraded'] as const;

function worse(a: BouncerStatus['state'], b: BouncerStatus['state']): BouncerStatus['state'] {
  return SEVERITY.indexOf(b) > SEVERITY.indexOf(a) ? b : a;
}

/** ISO 8601 in UTC sorts as text. */
function latest(times: readonly (string | undefined)[]): string | undefined {
  return times
    .filter((time) => time !== undefined)
    .sort()
    .at(-1);
}
