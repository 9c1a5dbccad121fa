import { z } from 'zod';

/** Absent, null and empty are the same to us, and differ between versions. */
const listOf = <Item extends z.ZodType>(item: Item) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);

const decisionSchema = z.object({
  id: z.number().int(),
  origin: z.string(),
  type: z.string(),
  scope: z.string(),
  value: z.string(),
  duration: z.string(),
  scenario: z.string(),
  simulated: z.boolean().optional(),
});

/** One alert of LAPI, as far as we read it; everything in it may come from an attacker's request. */
export const alertSchema = z.object({
  id: z.number().int(),
  created_at: z.string(),
  scenario: z.string(),
  message: z.string().default(''),
  machine_id: z.string().optional(),
  events_count: z.number().int().default(0),
  start_at: z.string().default(''),
  stop_at: z.string().default(''),
  simulated: z.boolean().default(false),
  source: z
    .object({
      scope: z.string().default(''),
      value: z.string().default(''),
      ip: z.string().optional(),
      range: z.string().optional(),
      cn: z.string().optional(),
      as_name: z.string().optional(),
      as_number: z.string().optional(),
    })
    .prefault({}),
  events: listOf(
    z.object({
      timestamp: z.string().optional(),
      meta: listOf(z.object({ key: z.string(), value: z.string() })),
    }),
  ),
  decisions: listOf(decisionSchema),
});

export type Alert = z.infer<typeof alertSchema>;

/** `null` when there is none. */
export const alertsSchema = listOf(alertSchema);
