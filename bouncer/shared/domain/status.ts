import { z } from 'zod';
import { POLICIES } from './policy.ts';

/** What the bouncer says of itself, once every few seconds, in Redis and at `/readyz`. Times are ISO 8601. */

const time = z.iso.datetime();

/**
 * In the order in which a start goes through them:
 * `starting` nothing known yet · `syncing` first complete pull, or a push of the first rules or of settings under way · `enforcing` · `monitoring` ·
 * `stale` enforcing the last set, LAPI gone · `degraded` a Caddy does not hold the rules · `off` switched off.
 */
export const BOUNCER_STATES = ['starting', 'syncing', 'enforcing', 'monitoring', 'stale', 'degraded', 'off'] as const;

/**
 * Who pulls from LAPI: `leader` this bouncer, for all on this Redis · `follower` another one, whose decisions this one
 * takes from Redis · `alone` this one, for itself, since there is no Redis or it does not answer.
 */
export const STREAM_ROLES = ['alone', 'leader', 'follower'] as const;

/** What is known of one Caddy; `foreign`: another bouncer looks after it, and this one leaves it alone. */
export const CADDY_STATES = [
  'unknown',
  'pushing',
  'in_sync',
  'unreachable',
  'rejected',
  'foreign',
  'no_http_app',
] as const;

/** Changes without a reload; `joining` while Caddy does not yet ask a lane that it was seen to see. */
const laneStatusSchema = z.object({
  state: z.enum(['unproven', 'joining', 'proven']),
  entries: z.number().int().nonnegative(),
  /** Why it is not in use. */
  reason: z.string().optional(),
});

export const caddyStatusSchema = z.object({
  admin: z.string(),
  state: z.enum(CADDY_STATES),
  /** Revision of the rules that this Caddy was last seen to hold; absent when it holds none. */
  revision: z.string().optional(),
  /** The `change` of the settings that this Caddy was last seen to follow. */
  change: z.string().optional(),
  servers: z.number().int().nonnegative(),
  /** Addresses and ranges held, over all servers: what Caddy's memory pays for. */
  entries: z.number().int().nonnegative(),
  version: z.string().optional(),
  last_push_at: time.optional(),
  last_push_ms: z.number().nonnegative().optional(),
  pushes: z.number().int().nonnegative(),
  drifts: z.number().int().nonnegative(),
  error: z.string().optional(),
  hint: z.string().optional(),
  /** Absent where no lane is configured. */
  lane: laneStatusSchema.optional(),
  warnings: z.array(z.string()),
  /** Sites with a policy of their own, and annotations that could not be honoured. */
  sites: z.array(
    z.object({ server: z.string(), hosts: z.array(z.string()), paths: z.array(z.string()), policy: z.enum(POLICIES) }),
  ),
  refused: z.array(z.object({ where: z.string(), reason: z.string(), hint: z.string() })),
});

export const bouncerStatusSchema = z.object({
  id: z.string(),
  version: z.string(),
  started_at: time,
  updated_at: time,
  state: z.enum(BOUNCER_STATES),
  ready: z.boolean(),
  /** Why it is not ready, or not well: sentences for people. */
  reasons: z.array(z.string()),
  settings: z.object({
    enabled: z.boolean(),
    policy: z.enum(POLICIES),
    change: z.string().optional(),
    /** What this bouncer never blocks, from its configuration and from the page. */
    allowlist: z.array(z.string()).optional(),
    /** What becomes of decisions that are no bans. */
    fallback: z.enum(['ban', 'allow']).optional(),
  }),
  decisions: z.object({
    total: z.number().int().nonnegative(),
    local: z.number().int().nonnegative(),
    community: z.number().int().nonnegative(),
    lists: z.number().int().nonnegative(),
  }),
  enforced: z.object({
    addresses: z.number().int().nonnegative(),
    ranges: z.number().int().nonnegative(),
    exceptions: z.number().int().nonnegative(),
  }),
  lapi: z.object({
    url: z.string(),
    state: z.enum(['unknown', 'up', 'down']),
    last_pull_at: time.optional(),
    last_full_pull_at: time.optional(),
    error: z.string().optional(),
    hint: z.string().optional(),
    /** Which of its decisions are wanted, in the words of the settings; empty for all. Older versions do not say. */
    filter: z.string().optional(),
    rejected: z.record(z.string(), z.number().int().nonnegative()),
  }),
  /** Absent in what older versions write. */
  stream: z
    .object({
      role: z.enum(STREAM_ROLES),
      /** The id of the bouncer that pulls for all; absent where each pulls for itself. */
      leader: z.string().optional(),
      /** Why it is alone. */
      reason: z.string().optional(),
    })
    .optional(),
  redis: z.object({ state: z.enum(['none', 'up', 'down']), error: z.string().optional() }),
  caddies: z.array(caddyStatusSchema),
});

export type StreamRole = (typeof STREAM_ROLES)[number];
export type LaneStatus = z.infer<typeof laneStatusSchema>;
export type CaddyStatus = z.infer<typeof caddyStatusSchema>;
export type BouncerStatus = z.infer<typeof bouncerStatusSchema>;
