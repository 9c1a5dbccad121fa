/**
 * Random rules in random configurations, into both real Caddys: each is accepted, runs as it was compiled, and leaves
 * nothing behind. What the rules do to a request is compared with what the same Caddy says of itself.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { POLICIES } from '../../bouncer/shared/domain/policy.ts';
import type { CaddyServer } from '../../scripts/servers/caddy-server.ts';
import { enforce, strangers } from '../support/caddy-enforcer.ts';
import { anyServers, anySites, askedOfSites, type Json } from '../support/fake-caddy-config.ts';
import { anyBody, anyRulesetWish } from '../support/fake-ruleset.ts';
import { CADDY_VERSIONS, Workbench } from '../support/servers.ts';
import { openSite, requestAs, type Site } from '../support/site.ts';
import { startUpstream } from '../support/upstream.ts';

const BANNED = '127.66.0.9';
const FRIEND = '127.66.0.10';

/** The same cases each time: a failure names its seed and path, and becomes a case of its own elsewhere. */
const SEED = 20_260_622;

describe.each(CADDY_VERSIONS)('whatever a user runs on Caddy %s', (version) => {
  let workbench: Workbench;
  let caddy: CaddyServer;
  let site: Site;

  beforeAll(async () => {
    workbench = await Workbench.open();
    caddy = await workbench.caddy(version, { kind: 'json', value: {} });
    site = await openSite(version, workbench.also(await startUpstream()));
  });
  afterAll(() => workbench.stop());

  const load = async (servers: Json) => {
    const config = { admin: { listen: caddy.admin }, apps: { http: { servers } } };
    const answer = await caddy.adminCall('POST', '/load', config);
    if (answer.status !== 200) throw new Error(`this Caddy does not take the config of the test: ${answer.body}`);
  };

  it('takes every compilation, keeps all that was there, and is as it was without it', async () => {
    const own = async () => withoutOurs(await caddy.config('apps/http/servers'));
    await fc.assert(
      fc.asyncProperty(
        anyServers(version),
        fc.array(anyRulesetWish, { minLength: 1, maxLength: 2 }),
        async (servers, history) => {
          await load(servers);
          const before = await caddy.config('apps/http/servers');
          for (const wish of history) {
            await enforce(caddy, wish);
            expect(await own()).toEqual(withoutOurs(before as Json));
          }
          await enforce(caddy, undefined);
          expect(withoutEmpty(await caddy.config('apps/http/servers'))).toEqual(withoutEmpty(before));
        },
      ),
      { numRuns: 150, seed: SEED },
    );
  }, 300_000);

  it('gives a banned client the policy that the site has in its own eyes', async () => {
    const client = (address: string, asked: { host: string; path: string }) => requestAs(address, site, asked);
    await fc.assert(
      fc.asyncProperty(
        anySites,
        fc.constantFrom(...POLICIES),
        fc.boolean(),
        fc.array(askedOfSites, { minLength: 4, maxLength: 8 }),
        async (routes, policy, index, questions) => {
          const listen = [`127.0.0.1:${site.port}`];
          await load({ srv0: { listen, routes, automatic_https: { disable: true } } });
          await enforce(caddy, { addresses: [BANNED, ...strangers(index ? 101 : 0)], policy });
          for (const asked of questions) {
            const friend = await client(FRIEND, asked);
            expect(friend.status).toBe(200);
            // The site answers with what `vars crowdsec` holds, and nothing where it was never set.
            const wanted = friend.body === '' ? policy : friend.body;
            const banned = await client(BANNED, asked);
            expect({ asked, status: banned.status }).toEqual({ asked, status: wanted === 'enforce' ? 403 : 200 });
          }
        },
      ),
      { numRuns: 150, seed: SEED },
    );
  }, 300_000);

  it('gives a banned client the body as it was written, whatever is in it', async () => {
    await load({ srv0: { listen: [`127.0.0.1:${site.port}`], automatic_https: { disable: true } } });
    await fc.assert(
      fc.asyncProperty(anyBody, async (body) => {
        await enforce(caddy, { addresses: [BANNED], action: { kind: 'status', status: 403, body } });
        expect(await requestAs(BANNED, site)).toMatchObject({ status: 403, body });
      }),
      { numRuns: 150, seed: SEED, examples: [['\\}'], ['a } b'], ['\\\\} {x}']] },
    );
  }, 300_000);
});

const OURS = /^crowdsec_[0-9a-f]{8}_/;

/** The user's part of a config, told by the ids alone. */
function withoutOurs(value: unknown): unknown {
  const isOurs = (item: unknown) => OURS.test(String((item as { '@id'?: unknown } | null)?.['@id']));
  const strip = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.filter((item) => !isOurs(item)).map(strip);
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, item]) => [key, strip(item)]));
  };
  return withoutEmpty(strip(value));
}

/** Caddy has a server without routes whether they are left out, null or an empty list. */
function withoutEmpty(servers: unknown): unknown {
  return Object.entries(servers as Json).map(([name, server]) => {
    const { routes, ...rest } = server as Json;
    return Array.isArray(routes) && routes.length > 0 ? { name, rest, routes } : { name, rest };
  });
}
