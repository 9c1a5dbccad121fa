/** `vars crowdsec` anywhere in any JSON: what is written there has an effect, or is refused aloud. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from '../../caddy/compile.ts';
import { isObject, type JsonObject } from '../../caddy/config-types.ts';
import { readAnnotations } from '../../caddy/directives.ts';
import { readServers } from '../../caddy/servers.ts';
import { isPolicy, POLICIES } from '../../bouncer/shared/domain/policy.ts';
import { ruleset } from '../support/caddy-enforcer.ts';
import { anyServers, anySites } from '../support/fake-caddy-config.ts';

const SEED = 20_260_622;

const annotation = fc.record({
  handler: fc.constant('vars'),
  crowdsec: fc.oneof(fc.constantFrom<unknown>(...POLICIES), fc.jsonValue({ maxDepth: 1 })),
});

/** Any JSON of which some keys are those of Caddy's, and in which annotations lie about. */
const wild = fc.letrec<{ value: unknown; route: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.jsonValue({ maxDepth: 1 }),
    annotation,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('routes', 'handle', 'errors', 'match', 'host', 'terminal', 'x'), tie('value'), {
      maxKeys: 3,
    }),
    tie('route'),
  ),
  route: fc.record(
    {
      match: fc.oneof(fc.constant([{ host: ['a.example'] }]), tie('value')),
      handle: fc.array(
        fc.oneof(
          annotation,
          fc.array(tie('value'), { maxLength: 3 }).map((routes) => ({ handler: 'subroute', routes })),
          tie('value'),
        ),
        { maxLength: 3 },
      ),
      terminal: fc.boolean(),
    },
    { requiredKeys: [] },
  ),
}));

const anyServer = fc
  .oneof(
    fc.record({ routes: fc.array(wild.route, { maxLength: 4 }), errors: wild.value }, { requiredKeys: ['routes'] }),
    anyServers('newest').map((servers): unknown => Object.values(servers)[0] ?? {}),
    anySites.map((routes) => ({ routes })),
    wild.value,
  )
  // As it comes from Caddy: no part of it is the same object as another.
  .map((server) => JSON.parse(JSON.stringify(server)) as unknown)
  .filter(isObject)
  // A server is no handler.
  .map(({ handler: _, ...server }): JsonObject => server);

/** Every annotation, and where it stands. */
function annotationsIn(value: unknown, path = ''): { handler: Record<string, unknown>; name: string; path: string }[] {
  if (Array.isArray(value)) return value.flatMap((item, i) => annotationsIn(item, `${path}[${i}]`));
  if (!isObject(value)) return [];
  const names = value['handler'] === 'vars' ? Object.keys(value) : [];
  const own = names.filter((name) => name.trim().toLowerCase() === 'crowdsec');
  return [
    ...own.map((name) => ({ handler: value, name, path })),
    ...Object.entries(value).flatMap(([key, item]) => annotationsIn(item, path === '' ? key : `${path}.${key}`)),
  ];
}

describe('an annotation', () => {
  it('has an effect on the policies, or is refused with its place, a reason and a hint', () => {
    fc.assert(
      fc.property(anyServer, (server) => {
        const { sites, refused } = readAnnotations('srv0', server);
        for (const { path, reason, hint } of refused) expect(path && reason && hint).not.toBe('');
        const found = annotationsIn(server);
        expect(refused.every(({ path }) => found.some((one) => one.path === path))).toBe(true);
        for (const { handler, name, path } of found) {
          if (refused.some((refusal) => refusal.path === path)) continue;
          const was = handler[name];
          expect(isPolicy(was), path).toBe(true);
          handler[name] = was === 'off' ? 'monitor' : 'off';
          expect(readAnnotations('srv0', server).sites, path).not.toEqual(sites);
          handler[name] = was;
        }
      }),
      { numRuns: 3_000, seed: SEED },
    );
  });

  it('never makes the compiler fail, and gives rules only to a server that enforces or marks something', () => {
    const capabilities = { clientIp: true, logAppend: true };
    fc.assert(
      fc.property(anyServer, fc.constantFrom(...POLICIES), (server, policy) => {
        const live = readServers(Buffer.from(JSON.stringify({ srv0: server })));
        if (live.kind === 'unreadable') throw new Error(live.reason);
        const { servers } = compile(ruleset({ addresses: ['203.0.113.9'], policy }), capabilities, live.servers);
        const { routes, sites } = servers.get('srv0') ?? { routes: [], sites: [] };
        const wanted = new Set([policy, ...sites.flatMap(({ rules }) => rules.map((rule) => rule.policy))]);
        if (wanted.size === 1) expect(routes).toHaveLength(wanted.has('off') ? 0 : 3);
        else expect([0, 3]).toContain(routes.length);
      }),
      { numRuns: 1_000, seed: SEED },
    );
  });
});
