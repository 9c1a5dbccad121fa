import { z } from 'zod';
import { POLICIES } from './policy.ts';

/** Whether a Caddy blocks an address now; `pending` while it does not yet hold the newest rules. */
const enforcedSchema = z.enum(['yes', 'no', 'pending']);
export type Enforced = z.output<typeof enforcedSchema>;

/** A decision that covers the address. */
const lookupDecisionSchema = z.object({
  id: z.number().int(),
  value: z.string(),
  scope: z.enum(['Ip', 'Range']),
  type: z.string(),
  origin: z.string(),
  scenario: z.string(),
  remaining: z.string(),
  until: z.string(),
});
export type LookupDecision = z.output<typeof lookupDecisionSchema>;

/** The bouncer's answer to "why is this address blocked, or not?". */
export const lookupSchema = z.object({
  verdict: z.enum(['banned', 'allowlisted', 'clear']),
  because: z.string(),
  enabled: z.boolean(),
  policy: z.enum(POLICIES),
  decisions: z.array(lookupDecisionSchema),
  allowed_by: z.array(z.string()),
  caddies: z.array(z.object({ admin: z.string(), enforced: enforcedSchema })),
});
