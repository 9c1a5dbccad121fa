import type { Context, MiddlewareHandler } from 'hono';
import { Problem, unsupportedMediaType } from './problem.ts';

/** A form can be posted across origins without the browser asking first; JSON cannot. */
export const jsonOnly: MiddlewareHandler = async (c, next) => {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (hasBody(c) && type !== 'application/json') throw new Problem(unsupportedMediaType());
  await next();
};

export function hasBody(c: Context): boolean {
  return Number(c.req.header('content-length') ?? 0) > 0 || c.req.header('transfer-encoding') !== undefined;
}
