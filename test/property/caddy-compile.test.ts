import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { covers, parseAddress, parsePrefix } from '../../bouncer/shared/net/prefix.ts';
import { POLICIES, type Policy } from '../../bouncer/shared/domain/policy.ts';
import { compile, type ServerRules } from '../../caddy/compile.ts';
import { isInPlace, writeJson } from '../../caddy/merge.ts';
import { readServers, type LiveServers } from '../../caddy/servers.ts';
import { ruleset, strangers, type RulesetWish } from '../support/caddy-enforcer.ts';
import { hostMatches, pathMatches, runRoutes } from '../support/caddy-evaluator.ts';

const NEWEST = { clientIp: true, logAppend: true };
const FLOOR = { clientIp: false, logAppend: false };

function live(servers: unknown): LiveServers {
  const read = readServers(Buffer.from(JSON.stringify(servers)));
  if (read.kind === 'unreadable') throw new Error(read.reason);
  return read;
}

function compiled(server: object, wish: RulesetWish, capabilities = NEWEST): ServerRules {
  const rules = compile(ruleset(wish), capabilities, live({ srv0: server }).servers).servers.get('srv0');
  if (rules === undefined) throw new Error('nothing was compiled');
  return rules;
}

// A small world, so that addresses, ranges and exceptions meet.
const octet = fc.integer({ min: 0, max: 15 });
const ipv4 = fc.tuple(octet, octet).map(([a, b]) => `10.0.${a}.${b}`);
// Canonical, as Caddy spells the address of a client.
const ipv6 = octet.map((a) => `2001:db8::${(a + 1).toString(16)}`);
const address = fc.oneof(ipv4, ipv6);
const range = fc.oneof(
  fc.tuple(ipv4, fc.integer({ min: 20, max: 31 })).map(([text, length]) => `${text}/${length}`),
  fc.tuple(ipv6, fc.integer({ min: 120, max: 127 })).map(([text, length]) => `${text}/${length}`),
);
const bans = fc.record({
  addresses: fc.uniqueArray(address, { maxLength: 30 }),
  ranges: fc.array(range, { maxLength: 4 }),
  exceptions: fc.array(fc.oneof(address, range), { maxLength: 4 }),
  index: fc.boolean(),
});

describe('the compiled routes', () => {
  it('ban exactly the set, with a list and with an index, and give everybody else their Host', () => {
    fc.assert(
      fc.property(bans, address, fc.constantFrom(NEWEST, FLOOR), ({ index, ...wish }, client, capabilities) => {
        const addresses = [...wish.addresses, ...(index ? strangers(101) : [])];
        const { routes } = compiled({}, { ...wish, addresses }, capabilities);
        const inside = (list: readonly string[]) =>
          list.some((text) => covers(parsePrefix(text)!, parseAddress(client)!));
        const banned = (inside(addresses) || inside(wish.ranges)) && !inside(wish.exceptions);
        const result = runRoutes(routes, { client, host: 'a.example:80', path: '/' });
        expect(result).toEqual({ outcome: banned ? 'answered' : 'passed', host: 'a.example:80' });
      }),
      { numRuns: 1_000 },
    );
  });

  it('are the same bytes for the same input', () => {
    fc.assert(
      fc.property(bans, ({ index, ...wish }) => {
        const addresses = [...wish.addresses, ...(index ? strangers(101) : [])];
        const read = live({ b: { routes: [] }, a: {} });
        const bytes = () =>
          Buffer.concat([
            ...writeJson(read, compile(ruleset({ ...wish, addresses }), NEWEST, read.servers)),
          ]).toString();
        expect(bytes()).toBe(bytes());
      }),
    );
  });
});

interface FakeSet {
  readonly host?: readonly string[];
  readonly path?: readonly string[];
}

const hosts = fc.uniqueArray(fc.constantFrom('a.example', 'b.example', '*.example', 'c.other'), {
  minLength: 1,
  maxLength: 2,
});
const paths = fc.uniqueArray(fc.constantFrom('/', '/x', '/x/*', '/y*'), { minLength: 1, maxLength: 2 });
const set = fc.record({ host: hosts, path: paths }, { requiredKeys: [] });
const match = fc.array(set, { maxLength: 2 });
const policy = fc.constantFrom(...POLICIES);
const vars = policy.map((crowdsec) => ({ handler: 'vars', crowdsec }));
const plainRoute = fc.record({ match, handle: fc.array(vars, { maxLength: 2 }) });
const siteRoute = fc.record({
  match,
  terminal: fc.constant(true),
  handle: fc.array(plainRoute, { maxLength: 3 }).map((routes) => [{ handler: 'subroute', routes }]),
});
const serverRoutes = fc.array(fc.oneof(plainRoute, siteRoute), { maxLength: 6 });

interface PlainRoute {
  readonly match: readonly FakeSet[];
  readonly handle: readonly { readonly crowdsec: Policy }[];
}
type SiteRoute = Omit<PlainRoute, 'handle'> & {
  readonly handle: readonly { readonly routes: readonly PlainRoute[] }[];
};

/** What `vars crowdsec` holds at the end, evaluated as Caddy does for a request. */
function naivePolicy(routes: readonly (PlainRoute | SiteRoute)[], host: string, path: string): Policy | undefined {
  let value: Policy | undefined;
  const applies = (sets: readonly FakeSet[]) =>
    sets.length === 0 ||
    sets.some(
      (one) =>
        (one.host?.some((pattern) => hostMatches(pattern, host)) ?? true) &&
        (one.path?.some((pattern) => pathMatches(pattern, path)) ?? true),
    );
  const run = (route: PlainRoute) => {
    if (applies(route.match)) for (const handler of route.handle) value = handler.crowdsec;
  };
  for (const route of routes) {
    if (!('terminal' in route)) run(route as PlainRoute);
    else if (applies(route.match)) {
      for (const handler of (route as SiteRoute).handle) handler.routes.forEach(run);
      return value;
    }
  }
  return value;
}

describe('site policies', () => {
  it('are what Caddy itself would compute, else the default', () => {
    const outcomes = { enforce: 'answered', monitor: 'marked', off: 'passed' } as const;
    const asked = fc.record({
      host: fc.constantFrom('a.example', 'b.example', 'z.example', 'c.other', 'd.other'),
      path: fc.constantFrom('/', '/x', '/x/1', '/y', '/z'),
    });
    fc.assert(
      fc.property(serverRoutes, policy, asked, fc.boolean(), (routes, byDefault, { host, path }, index) => {
        const client = '10.0.0.1';
        const addresses = [client, ...(index ? strangers(101) : [])];
        const rules = compiled({ routes }, { addresses, policy: byDefault });
        expect(rules.refused).toEqual([]);
        const wanted = naivePolicy(routes, host, path) ?? byDefault;
        expect(runRoutes(rules.routes, { client, host, path })).toEqual({ outcome: outcomes[wanted], host });
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("a user's config", () => {
  const ownList = strangers(1_200).map((text) => text.replace('198.', '203.'));
  const json = fc.oneof(fc.jsonValue({ maxDepth: 4 }), fc.constant({ match: [{ host: ownList }] }));

  it('survives any number of pushes, and is in place after each', () => {
    const server = fc
      .dictionary(fc.string(), json)
      .chain((rest) => fc.array(json, { maxLength: 4 }).map((routes) => ({ ...rest, routes })));
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), server),
        fc.array(fc.constantFrom(0, 1, 150, 1_500), { maxLength: 4 }),
        (servers, sizes) => {
          const original = JSON.stringify(servers);
          let text = original;
          const push = (wish: RulesetWish | undefined) => {
            const read = readServers(Buffer.from(text));
            if (read.kind === 'unreadable') throw new Error(read.reason);
            const wanted = wish && ruleset(wish);
            text = Buffer.concat([...writeJson(read, compile(wanted, NEWEST, read.servers))]).toString();
            const after = readServers(Buffer.from(text));
            if (after.kind === 'unreadable') throw new Error(after.reason);
            expect(isInPlace(after, compile(wanted, NEWEST, after.servers))).toBe(true);
          };
          for (const size of sizes) push({ addresses: strangers(size) });
          push(undefined);
          expect(JSON.parse(text)).toEqual(JSON.parse(original));
        },
      ),
      { numRuns: 500 },
    );
  });
});
