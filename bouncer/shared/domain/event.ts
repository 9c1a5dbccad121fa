import { z } from 'zod';

/** Something that an operator would want to have seen, for the log of the page. */
export const eventSchema = z.object({
  at: z.iso.datetime(),
  /** Which part speaks: a bouncer's id or `control-api`. */
  by: z.string(),
  kind: z.string(),
  message: z.string(),
  data: z.record(z.string(), z.unknown()).optional(),
});

export type Event = z.infer<typeof eventSchema>;
