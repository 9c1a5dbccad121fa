import { z } from '@hono/zod-openapi';

/** How a change of what is wanted ended. */
export const changeOutcome = {
  confirmed: z.boolean().openapi({ description: 'whether every Caddy follows it already' }),
  took_ms: z.number().int(),
  missing: z.array(z.string()).openapi({ description: 'what is still missing, in words; empty when confirmed' }),
  overtaken: z.boolean().openapi({
    description:
      'whether somebody has wanted otherwise since; `missing` then says what holds now, and nothing confirms this one',
  }),
};
