import { type Check, ok, skipped, warning } from '../check.ts';
import { everyCaddy } from './servers.ts';

/** Every warning about the client's address names the setting that would mend it. */
const ABOUT_ADDRESS = 'trusted_proxies';

/** Bans are useless, or harmful, when every request seems to come from the proxy in front. */
export const clientAddress: Check = {
  id: 'client_address',
  title: 'Client address',
  group: 'configuration',
  run: async (diagnosed) => {
    const caddies = await everyCaddy(diagnosed);
    if (caddies.length === 0) return skipped('no bouncer is there to tell how Caddy finds the client’s address');
    const found = warningsOf(caddies).filter((text) => text.includes(ABOUT_ADDRESS));
    if (found.length === 0) return ok('nothing looks wrong with how Caddy finds the client’s address');
    const hint = 'Behind a proxy or CDN, set trusted_proxies in the Caddyfile’s global servers block, as named here.';
    return warning(found.join('; '), hint);
  },
};

/** What else the bouncer would tell whoever wrote the Caddyfile: nothing of it lets a banned client in. */
export const caddyfileRemarks: Check = {
  id: 'caddyfile',
  title: 'Caddyfile',
  group: 'configuration',
  run: async (diagnosed) => {
    const caddies = await everyCaddy(diagnosed);
    if (caddies.length === 0) return skipped('no bouncer is there to tell what Caddy’s configuration says');
    const refused = caddies.flatMap((caddy) => caddy.refused);
    const [first] = refused;
    if (first !== undefined) {
      return warning(refused.map(({ where, reason }) => `${where}: ${reason}`).join('; '), first.hint);
    }
    const others = warningsOf(caddies).filter((text) => !text.includes(ABOUT_ADDRESS));
    if (others.length === 0) return ok('the bouncer has no remarks on it');
    return warning(others.join('; '), 'Change what is named here in the Caddyfile, if it applies to your site.');
  },
};

function warningsOf(caddies: Awaited<ReturnType<typeof everyCaddy>>): readonly string[] {
  return [...new Set(caddies.flatMap(({ warnings }) => warnings))];
}
