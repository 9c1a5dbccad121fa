/**
 * Ruleset → managed routes, three at the top of every server:
 *
 *     enter   Host becomes the client's address           (only where an index needs it)
 *     block   banned clients: Host comes back, the site's policy is found, the ban answered
 *     leave   Host comes back for everybody else
 *
 * Three routes and not one with a subroute, since Caddy compiles top-level routes once, at load, and subroutes at every
 * request. `enter` and `leave` have no conditions: either without the other would show the sites a wrong Host.
 */
import { createHash } from 'node:crypto';
import type { LaneRoutes, Ruleset } from '../bouncer/shared/domain/ruleset.ts';
import type { AddressList } from './address-list.ts';
import { handlersFor, type AnswerInput } from './answer.ts';
import type { Capabilities } from './capabilities.ts';
import type { Handler, Route } from './config-types.ts';
import { readAnnotations, type Refusal, type Site } from './directives.ts';
import { classifyErrorRoutes } from './error-routes.ts';
import { proofRoute } from './lane-routes.ts';
import { guardId, managedIds, type ManagedIds } from './managed-id.ts';
import { banMatcher, clientAddressPlaceholder, NO_ENTRIES, type BanMatcher, type EntryCounts } from './matchers.ts';
import { policySteps, type PolicyStep } from './policy-steps.ts';
import { serverWarnings, trustsProxies, type Warning } from './server-facts.ts';
import type { LiveServer } from './servers.ts';

/** What one server is to be told. */
export interface ServerRules {
  readonly name: string;
  readonly key: string;
  /** Empty when nothing is to be enforced or marked there, else enter, block and leave, and the lane's proof. */
  readonly routes: readonly Route[];
  /** At most one, for the top of the server's error routes. */
  readonly errorRoutes: readonly Route[];
  /** Of the three routes; undefined when there are none. */
  readonly ids: ManagedIds | undefined;
  readonly entries: EntryCounts;
  readonly sites: readonly Site[];
  readonly refused: readonly Refusal[];
  readonly warnings: readonly Warning[];
}

export interface Compilation {
  readonly servers: ReadonlyMap<string, ServerRules>;
  /** The long lists that routes refer to, each once. */
  readonly lists: readonly AddressList[];
}

type Owned = Pick<LiveServer, 'name' | 'key' | 'own'>;

/**
 * @param ruleset undefined: protection is switched off, and our routes go away.
 * @param lane where single addresses change without a reload; undefined where there is no such folder.
 * @param owner the bouncer that writes the rules, named in them for the others.
 * The same input gives the same bytes.
 */
export function compile(
  ruleset: Ruleset | undefined,
  capabilities: Capabilities,
  servers: readonly Owned[],
  lane?: LaneRoutes,
  owner?: string,
): Compilation {
  const matchers = new Map<boolean, BanMatcher>();
  const matcherFor = (rules: Ruleset, withMapped: boolean) => {
    const known = matchers.get(withMapped) ?? banMatcher(rules.bans, capabilities, withMapped, lane);
    matchers.set(withMapped, known);
    return known;
  };
  const compiled = servers.map((server) => {
    const found = readAnnotations(server.name, server.own);
    const warnings = [...serverWarnings(server.name, server.own, capabilities), ...unreadableWarning(server, found)];
    const facts = { name: server.name, key: server.key, sites: found.sites, refused: found.refused };
    if (ruleset === undefined) return { ...facts, ...NOTHING, warnings };
    const bans = matcherFor(ruleset, trustsProxies(server.own, capabilities));
    const rules = compileServer({ server, sites: found.sites, ruleset, capabilities, bans, lane, owner });
    return { ...facts, ...rules, warnings: [...warnings, ...rules.warnings] };
  });
  const lists = [...matchers.values()].flatMap(({ match }) => (match.kind === 'index' ? [match.list] : []));
  return { servers: new Map(compiled.map((rules) => [rules.name, rules])), lists };
}

type Emitted = Pick<ServerRules, 'routes' | 'errorRoutes' | 'ids' | 'entries' | 'warnings'>;

const NOTHING: Emitted = { routes: [], errorRoutes: [], ids: undefined, entries: NO_ENTRIES, warnings: [] };

interface ServerInput {
  readonly server: Owned;
  readonly sites: readonly Site[];
  readonly ruleset: Ruleset;
  readonly capabilities: Capabilities;
  readonly bans: BanMatcher;
  readonly lane: LaneRoutes | undefined;
  readonly owner: string | undefined;
}

function compileServer(input: ServerInput): Emitted {
  const { server, ruleset, capabilities, bans } = input;
  const steps = policySteps(input.sites, ruleset.policy);
  const { answer, warnings: refusals } = chooseAnswer(input);
  const warnings = [...refusals, ...monitorWarning(server, steps, capabilities)];
  const policies = policyHandlers(steps, answer);
  // Without any effect on any request there is nothing to tell Caddy, nor memory to spend on it.
  if (policies.length === 0) return { ...NOTHING, warnings };
  const guarded = canBan(bans, steps) && classifyErrorRoutes(server.own.errors).kind === 'risky';
  const routes = managedRoutes(bans, policies, capabilities, guarded);
  const errorRoutes = guarded ? [guardRoute(server.key)] : [];
  const proof = input.lane === undefined ? [] : [proofRoute(input.lane, server.key)];
  const revision = revisionOf([...routes, ...proof, ...errorRoutes]);
  const ids = managedIds(server.key, { owner: input.owner, revision });
  const [enter, block, leave] = routes;
  return {
    routes: [{ '@id': ids.enter, ...enter }, { '@id': ids.block, ...block }, { '@id': ids.leave, ...leave }, ...proof],
    errorRoutes,
    ids,
    entries: bans.entries,
    warnings,
  };
}

/** A proven lane makes a match of its own, so `none` means that nobody can become banned without a push. */
function canBan({ match }: BanMatcher, steps: readonly PolicyStep[]): boolean {
  return match.kind !== 'none' && steps.some(({ policy }) => policy === 'enforce');
}

/** The first 12 hex digits of a hash over all that is emitted; address lists stand in it by their own hash. */
function revisionOf(routes: readonly Route[]): string {
  return createHash('sha256').update(JSON.stringify(routes)).digest('hex').slice(0, 12);
}

const SAVED_HOST = 'X-Ccs-Host';
const RESTORED = { Host: [`{http.request.header.${SAVED_HOST}}`] };
const POLICY_GROUP = 'crowdsec_policy';

function managedRoutes(
  { match: bans }: BanMatcher,
  policies: readonly Handler[],
  capabilities: Capabilities,
  guarded: boolean,
): readonly [Route, Route, Route] {
  const passed: readonly Handler[] = guarded ? [PASSED] : [];
  switch (bans.kind) {
    case 'none':
      return [{ handle: [] }, { handle: [] }, { handle: passed }];
    case 'list':
      return [{ handle: [] }, { match: bans.match, handle: policies }, { handle: passed }];
    case 'index': {
      const client = clientAddressPlaceholder(capabilities);
      // One handler saves and swaps in one go: Caddy computes the values before it changes Host, and what the client
      // sent under our name is overwritten.
      const swap = { set: { Host: [client], [SAVED_HOST]: ['{http.request.hostport}'] } };
      return [
        { handle: [{ handler: 'headers', request: swap }] },
        // The saved Host stays, for a policy may let the request go on to `leave`.
        { match: bans.match, handle: [{ handler: 'headers', request: { set: RESTORED } }, ...policies] },
        { handle: [{ handler: 'headers', request: { set: RESTORED, delete: [SAVED_HOST] } }, ...passed] },
      ];
    }
  }
}

/** What happens to banned clients, after Host is the site's again; empty when nothing does. */
function policyHandlers(steps: readonly PolicyStep[], answer: AnswerInput): readonly Handler[] {
  const routes = steps.map(({ match, policy }): Route => {
    const decided = match.length === 0 ? {} : { match };
    return { group: POLICY_GROUP, ...decided, handle: handlersFor(policy, answer) };
  });
  const last = routes.at(-1);
  if (routes.every(({ handle }) => handle.length === 0) || last === undefined) return [];
  if (routes.length === 1) return last.handle;
  // A last step without handlers would only say "go on", which is what happens anyway.
  return [{ handler: 'subroute', routes: last.handle.length === 0 ? routes.slice(0, -1) : routes }];
}

const PASSED: Handler = { handler: 'vars', crowdsec_verdict: 'passed' };

/**
 * Some requests fail before our routes, or inside them, and go straight to the user's error routes: a method of more
 * than 32 letters, an empty Host, HTTP/3 early data at a `client_ip` matcher. Where those routes may proxy or answer
 * with a status of their own, such a request gets the bare error instead, whoever sent it.
 */
function guardRoute(key: string): Route {
  return {
    '@id': guardId(key),
    match: [{ not: [{ vars: { crowdsec_verdict: ['passed'] } }] }],
    handle: [{ handler: 'static_response', status_code: '{http.error.status_code}' }],
  };
}

/** `BAN_ACTION=error`, where the site's error routes cannot undo the ban; else Caddy's own answer with that status. */
function chooseAnswer({ server, ruleset, capabilities }: ServerInput): {
  readonly answer: AnswerInput;
  readonly warnings: readonly Warning[];
} {
  const { action, logBlocked } = ruleset;
  const errors = classifyErrorRoutes(server.own.errors);
  if (action.kind !== 'error' || errors.kind !== 'risky') {
    return { answer: { action, logBlocked, capabilities }, warnings: [] };
  }
  const instead = { kind: 'status', status: action.status } as const;
  const message = `server "${server.name}": BAN_ACTION=error is not used here, since its handle_errors could undo a ban (${errors.why}); banned clients get a bare ${action.status}`;
  return {
    answer: { action: instead, logBlocked, capabilities },
    warnings: [{ code: 'error_action_refused', server: server.name, message }],
  };
}

function monitorWarning({ name }: Owned, steps: readonly PolicyStep[], capabilities: Capabilities): readonly Warning[] {
  if (capabilities.logAppend || !steps.some(({ policy }) => policy === 'monitor')) return [];
  const message = `server "${name}": policy "monitor" leaves no trace here, since Caddy before 2.8 cannot mark its access log`;
  return [{ code: 'monitor_unmarked', server: name, message }];
}

function unreadableWarning(
  { name }: Owned,
  { unreadable }: { readonly unreadable: string | undefined },
): readonly Warning[] {
  if (unreadable === undefined) return [];
  const message = `server "${name}": ${unreadable} ends requests by something other than host and path; where it overlaps with a later site that has a \`vars crowdsec\` policy, that policy holds for it too`;
  return [{ code: 'unreadable_route', server: name, message }];
}
