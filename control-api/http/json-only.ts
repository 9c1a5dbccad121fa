import type { MiddlewareHandler } from 'hono';
import { Problem, unsupportedMediaType } from './problem.ts';

/** A form can be posted across origins without the browser asking first; JSON cannot. */
export const jsonOnly: MiddlewareHandler = async (c, next) => {
  const hasBody = Number(c.req.header('content-length') ?? 0) > 0 || c.req.header('transfer-encoding') !== undefined;
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (hasBody && type !== 'application/json') throw new Problem(unsupportedMediaType());
  await next();
};
