/** The user's servers and our rules, put together. */
import { stringify as stringifyLossless } from 'lossless-json';
import { jsonChunks } from './address-list.ts';
import type { Compilation, ServerRules } from './compile.ts';
import { isObject, listOf, type ServerConfig } from './config-types.ts';
import { sameJson } from './same-json.ts';
import type { LiveServers } from './servers.ts';

/** A server as it should run: the user's own, with our rules before everything else. */
function withRules(own: ServerConfig, rules: ServerRules): ServerConfig {
  if (rules.routes.length === 0) return own;
  const routes = [...rules.routes, ...listOf(own.routes)];
  if (rules.errorRoutes.length === 0) return { ...own, routes };
  const errors = isObject(own.errors) ? own.errors : {};
  return { ...own, routes, errors: { ...errors, routes: [...rules.errorRoutes, ...listOf(errors['routes'])] } };
}

/** Whether Caddy already runs exactly this, so that nothing need be pushed. A server that was not compiled is news. */
export function isInPlace(live: LiveServers, compilation: Compilation): boolean {
  return live.servers.every(({ name, running, own }) => {
    const rules = compilation.servers.get(name);
    return rules !== undefined && sameJson(running, withRules(own, rules));
  });
}

/** The body of the PATCH that puts the rules in place, in pieces. */
export function writeJson(live: LiveServers, compilation: Compilation): readonly Buffer[] {
  const servers = Object.fromEntries(
    live.servers.map(({ name, own }) => [name, withRules(own, rulesOf(compilation, name))]),
  );
  const text = live.lossless ? stringifyLossless(servers) : JSON.stringify(servers);
  if (text === undefined) throw new Error('an object has no JSON');
  return jsonChunks(text, compilation.lists, live.lists);
}

function rulesOf(compilation: Compilation, name: string): ServerRules {
  const rules = compilation.servers.get(name);
  if (rules === undefined) throw new Error(`server "${name}" was not compiled`);
  return rules;
}
