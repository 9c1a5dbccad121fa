/**
 * Random histories of decisions, deletions, expiries, full pulls, allowlists, the toggle and crashes, through the real
 * decoder, store, reconciler and compiler into real Caddys, with the lane and without: after every step, each Caddy's
 * answers to real requests must be those of an oracle that knows only the list of live decisions and Node's own
 * `net.BlockList`.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LaneSettings } from '../../bouncer/enforce/lane-keeper.ts';
import { CADDY_VERSIONS, type CaddyVersion, Workbench } from '../support/servers.ts';
import { openSite, plainProxy, type Site } from '../support/site.ts';
import { startUpstream } from '../support/upstream.ts';
import { CLIENTS, CLIENTS_BEHIND_PROXY, step } from './oracle-history.ts';
import { World } from './oracle-world.ts';

/** On each Caddy, with the lane and without: more than 500 of either kind. */
const HISTORIES = 260;

describe.each(CADDY_VERSIONS)('with Caddy %s', (caddy) => {
  let workbench: Workbench;
  let site: Site;
  let admin: string;

  beforeAll(async () => {
    workbench = await Workbench.open();
    site = await openSite(caddy, workbench.also(await startUpstream()));
    ({ admin } = await workbench.caddy(caddy, plainProxy(site)));
  });
  afterAll(() => workbench.stop());

  async function compareHistories(
    lane: LaneSettings | undefined,
  ): Promise<{ compared: number; pushes: number; steps: number }> {
    const counts = { compared: 0, pushes: 0, steps: 0 };
    const property = fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 8 }), async (history) => {
      const world = new World(site, clientsOf(caddy), admin, lane);
      try {
        await world.begin();
        for (const step of history) {
          await world.take(step);
          const { got, wanted } = await world.answers();
          expect(got).toEqual(wanted);
          counts.compared += Object.keys(wanted).length;
          counts.steps++;
        }
        counts.pushes += world.pushes;
      } finally {
        await world.stop();
      }
    });
    await fc.assert(property, { numRuns: HISTORIES, seed: 20_261_122 });
    return counts;
  }

  it(`answers as the oracle does, over ${HISTORIES} random histories`, { timeout: 900_000 }, async () => {
    const { compared } = await compareHistories(undefined);
    expect(compared).toBeGreaterThan(HISTORIES * CLIENTS.length * 2);
  });

  it(`answers as the oracle does with the lane, over ${HISTORIES} random histories`, { timeout: 900_000 }, async () => {
    const root = workbench.path('lane');
    const lane = {
      root,
      rootInCaddy: root,
      probeUrl: `http://127.0.0.1:${site.port}`,
      secret: 'a-secret-of-this-test',
    };
    const { compared } = await compareHistories(lane);
    expect(compared).toBeGreaterThan(HISTORIES * CLIENTS.length * 2);
  });
});

/** Caddy 2.6.2 knows no trusted proxies, so it sees loopback clients only. */
function clientsOf(caddy: CaddyVersion): readonly string[] {
  return caddy === '2.6.2' ? CLIENTS : [...CLIENTS, ...CLIENTS_BEHIND_PROXY];
}
