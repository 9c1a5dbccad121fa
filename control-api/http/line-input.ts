import { z } from '@hono/zod-openapi';

const ONE_LINE = /^[^\p{Cc}]*$/u;

/** What somebody searches by: one line of text. JSON Schema’s patterns know no flags, so the flag is left out there. */
export function lineUpTo(most: number) {
  return z.string().max(most).regex(ONE_LINE, 'expected one line of text').openapi({ pattern: ONE_LINE.source });
}
