import type { RouteConfig } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import { hasBody } from './json-only.ts';
import { Problem } from './problem.ts';

interface Declared {
  readonly takesBody: boolean;
  readonly parameters: ReadonlySet<string>;
}

/**
 * Refuses what a route says nothing of: a misspelt `?preveiw=true` would otherwise be a change that somebody only
 * meant to look at.
 *
 * @param routes asked at the first request, when all of them are known.
 */
export function declaredInput(routes: () => Iterable<RouteConfig>): MiddlewareHandler {
  let known: ReadonlyMap<string, Declared> | undefined;
  return async (c, next) => {
    known ??= new Map([...routes()].map((route) => [keyOf(route), declared(route)]));
    // The first is the one that answers: /decisions/export also looks like /decisions/:id.
    const name = matchedRoutes(c).find(({ path }) => known?.has(`${c.req.method} ${path}`))?.path;
    const route = known.get(`${c.req.method} ${name ?? ''}`);
    if (route !== undefined) {
      if (!route.takesBody && hasBody(c)) throw unexpected('json', 'this request takes no body');
      const stranger = Object.keys(c.req.queries()).find((name) => !route.parameters.has(name));
      if (stranger !== undefined) {
        throw unexpected(`query.${stranger.slice(0, 50)}`, 'there is no such parameter here');
      }
    }
    await next();
  };
}

/** As the router spells it. */
function keyOf({ method, path }: RouteConfig): string {
  return `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`;
}

function declared({ request = {} }: RouteConfig): Declared {
  const { query } = request;
  const shape = query !== undefined && 'shape' in query ? (query.shape as object) : {};
  return { takesBody: request.body !== undefined, parameters: new Set(Object.keys(shape)) };
}

function unexpected(path: string, message: string): Problem {
  return new Problem({
    status: 400,
    code: 'invalid_request',
    title: 'The request is not valid',
    detail: `${path}: ${message}`,
    hint: 'Compare the request with /openapi.json; nothing was changed.',
    errors: [{ path, message }],
  });
}
