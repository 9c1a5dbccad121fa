/**
 * What a site's `handle_errors` could do to a ban. An error handed to it must come out as that error: error routes
 * that proxy, redirect or answer with a status of their own would let a banned request through.
 */
import { isObject, listOf, type JsonObject } from './config-types.ts';

export type ErrorRoutes =
  /** There are none: Caddy answers with the bare status. */
  | { readonly kind: 'none' }
  /** They only dress the error up: a page, headers, a template. */
  | { readonly kind: 'harmless' }
  | { readonly kind: 'risky'; readonly why: string };

/** Handlers that neither answer with another status nor call anything outside. */
const DRESSING = new Set(['headers', 'vars', 'rewrite', 'templates', 'encode', 'log_append']);

/** Handlers that answer, with the status of the error unless they name one. */
const ANSWERS = new Set(['static_response', 'file_server']);

export function classifyErrorRoutes(errors: unknown): ErrorRoutes {
  const routes = isObject(errors) ? listOf(errors['routes']) : [];
  if (routes.length === 0) return { kind: 'none' };
  const why = riskOfRoutes(routes);
  return why === undefined ? { kind: 'harmless' } : { kind: 'risky', why };
}

function riskOfRoutes(routes: readonly unknown[]): string | undefined {
  return firstRisk(routes, (route) =>
    isObject(route) ? firstRisk(listOf(route['handle']), riskOfHandler) : 'no route',
  );
}

function riskOfHandler(handler: unknown): string | undefined {
  const name = isObject(handler) ? handler['handler'] : undefined;
  if (!isObject(handler) || typeof name !== 'string') return 'it holds a handler without a name';
  if (name === 'subroute') return riskOfSubroute(handler);
  if (DRESSING.has(name)) return undefined;
  if (ANSWERS.has(name)) return riskOfStatus(name, handler['status_code']);
  return `it runs \`${name}\``;
}

function riskOfSubroute(subroute: JsonObject): string | undefined {
  const inner = isObject(subroute['errors']) ? listOf(subroute['errors']['routes']) : [];
  return riskOfRoutes(listOf(subroute['routes'])) ?? riskOfRoutes(inner);
}

function riskOfStatus(name: string, status: unknown): string | undefined {
  const ofTheError = status === undefined || status === '' || status === '{http.error.status_code}';
  return ofTheError ? undefined : `its \`${name}\` sets the status ${JSON.stringify(status)}`;
}

function firstRisk(items: readonly unknown[], riskOf: (item: unknown) => string | undefined): string | undefined {
  for (const item of items) {
    const risk = riskOf(item);
    if (risk !== undefined) return risk;
  }
  return undefined;
}
