import { isObject, listOf } from '../../caddy/config-types.ts';
import { managedIds, type ManagedIds, markOf, type RulesMark } from '../../caddy/managed-id.ts';
import type { LiveServers } from '../../caddy/servers.ts';

type LiveServer = LiveServers['servers'][number];

/** The ids of the rules that a server runs before everything else; undefined when it does not. */
export function idsAtTop(server: LiveServer): ManagedIds | undefined {
  const [enter, block, leave] = routeIds(server);
  const mark = markOf(leave);
  if (mark === undefined) return undefined;
  const wanted = managedIds(server.key, mark);
  return enter === wanted.enter && block === wanted.block && leave === wanted.leave ? wanted : undefined;
}

/** Of all rules that stand in these servers, whoever wrote them. */
export function marksIn(servers: readonly LiveServer[]): RulesMark[] {
  return servers.flatMap((server) => routeIds(server).flatMap((id) => markOf(id) ?? []));
}

function routeIds({ running }: LiveServer): unknown[] {
  return listOf(running.routes).map((route) => (isObject(route) ? route['@id'] : undefined));
}
