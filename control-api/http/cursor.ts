import { z } from '@hono/zod-openapi';
import { Problem } from './problem.ts';

/** Where the next page begins; opaque to clients. */
export function cursorAt(offset: number): string {
  return Buffer.from(`o${offset}`).toString('base64url');
}

export function offsetOf(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  const digits = /^o(\d{1,9})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'))?.[1];
  if (digits !== undefined) return Number(digits);
  throw new Problem({
    status: 400,
    code: 'invalid_cursor',
    title: 'The cursor is not one of ours',
    detail: 'query.cursor: this is not a cursor that an earlier answer gave.',
    hint: 'Use next_cursor of the answer before, or leave it out for the first page.',
  });
}

/** `?limit=`: text in a query, a number here. */
export function limitUpTo(most: number, fallback: number) {
  return z
    .string()
    .regex(/^\d{1,6}$/, 'expected a whole number')
    .transform(Number)
    .pipe(z.number().int().min(1).max(most))
    .optional()
    .transform((limit) => limit ?? fallback)
    .openapi({ type: 'integer', minimum: 1, maximum: most, default: fallback });
}

/** `?flag=true`, `?flag=false`. */
export const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
