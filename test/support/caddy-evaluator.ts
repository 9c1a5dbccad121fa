/**
 * A slow and obvious reading of Caddy: which of the emitted routes decides over a request. Follows Caddy's documents,
 * not our compiler.
 */
import { covers, parsePrefix } from '../../bouncer/shared/net/prefix.ts';
import { AddressList } from '../../caddy/address-list.ts';
import type { Handler, MatcherSet, Route } from '../../caddy/config-types.ts';

export interface FakeRequest {
  readonly client: string;
  readonly host: string;
  readonly path: string;
}

export type Outcome = 'passed' | 'marked' | 'answered';

/** What becomes of a request that runs through our three routes, and the Host that it would arrive with. */
export function runRoutes(routes: readonly Route[], request: FakeRequest): { outcome: Outcome; host: string } {
  const { client } = request;
  const state = {
    host: request.host,
    saved: undefined as string | undefined,
    marked: false,
    groups: new Set<string>(),
  };

  const answered = runList(routes);
  return { outcome: answered ? 'answered' : state.marked ? 'marked' : 'passed', host: state.host };

  function runList(list: readonly Route[]): boolean {
    return list.some((route) => {
      if (route.match && route.match.length > 0 && !route.match.some(matches)) return false;
      if (route.group !== undefined) {
        if (state.groups.has(route.group)) return false;
        state.groups.add(route.group);
      }
      return route.handle.some(runHandler);
    });
  }

  function runHandler(handler: Handler): boolean {
    switch (handler.handler) {
      case 'headers':
        changeHost(handler.request);
        return false;
      case 'subroute':
        return runList(handler.routes);
      case 'log_append':
        state.marked = handler.value === 'monitor';
        return false;
      case 'vars':
        return false;
      case 'static_response':
      case 'error':
        return true;
    }
  }

  /** Values are computed from what was before, `set` runs before `delete`. */
  function changeHost(request: Extract<Handler, { handler: 'headers' }>['request']): void {
    const previous = state.host;
    state.host = request.set['Host']?.[0]?.includes('X-Ccs-Host') ? (state.saved ?? '') : client;
    if (request.set['X-Ccs-Host']) state.saved = previous;
    if (request.delete) state.saved = undefined;
  }

  function matches(set: MatcherSet): boolean {
    return Object.entries(set).every(([name, value]) => {
      switch (name) {
        case 'host':
          return (value instanceof AddressList ? [...value.values] : (value as string[])).some((host) =>
            hostMatches(host, state.host),
          );
        case 'path':
          return (value as string[]).some((pattern) => pathMatches(pattern, request.path));
        case 'client_ip':
        case 'remote_ip':
          return (value as { ranges: string[] }).ranges.some((range) => inRange(range, client));
        case 'not':
          return !(value as MatcherSet[]).some(matches);
        default:
          throw new Error(`the evaluator does not know the matcher ${name}`);
      }
    });
  }
}

export function hostMatches(pattern: string, host: string): boolean {
  const wanted = pattern.toLowerCase().split('.');
  const given = host.toLowerCase().split('.');
  return wanted.length === given.length && wanted.every((label, i) => label === '*' || label === given[i]);
}

export function pathMatches(pattern: string, path: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}

function inRange(range: string, client: string): boolean {
  // Caddy never takes an IPv4-mapped address for the IPv4 one.
  if (range.startsWith('::ffff:')) return false;
  const [outer, inner] = [parsePrefix(range), parsePrefix(client)];
  return outer !== undefined && inner !== undefined && covers(outer, inner);
}
