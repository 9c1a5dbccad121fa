/** Two bouncers with one key and one Redis, each with a Caddy of its own; faults of the one that pulls for both. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaddyServer } from '../../scripts/servers/caddy-server.ts';
import type { CrowdsecServer } from '../../scripts/servers/crowdsec-server.ts';
import { freePort } from '../../scripts/servers/ports.ts';
import type { RedisServer } from '../../scripts/servers/redis-server.ts';
import { BouncerProcess } from '../../scripts/servers/sidecar.ts';
import type { BouncerStatus } from '../../bouncer/shared/domain/status.ts';
import { requireBuild } from '../support/built.ts';
import { FaultProxy } from '../support/fault-proxy.ts';
import { CADDY_VERSIONS, type CaddyVersion, Workbench } from '../support/servers.ts';
import { openSite, plainProxy, requestAs, type Site } from '../support/site.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { waitFor } from '../support/wait-for.ts';

const TOKEN = 'a-token-for-the-fleet-of-a-test';
/** Several lease times, on a machine that is slow. */
const LONG_MS = 90_000;

interface Edge {
  readonly id: string;
  readonly site: Site;
  readonly caddy: CaddyServer;
  /** Between its bouncer and Redis. */
  readonly wire: FaultProxy;
  readonly bouncer: BouncerProcess;
}

let workbench: Workbench;
let redis: RedisServer;
let crowdsec: CrowdsecServer;
let upstream: Upstream;
let key: string;
let edges: Edge[];

beforeAll(async () => {
  requireBuild();
  workbench = await Workbench.open();
  upstream = workbench.also(await startUpstream());
  [redis, crowdsec] = await Promise.all([workbench.redis(), workbench.crowdsec()]);
  key = await crowdsec.addBouncer('fleet');
  edges = [];
  for (const version of CADDY_VERSIONS) edges.push(await openEdge(version));
  for (const { bouncer } of edges) await bouncer.start();
}, 300_000);
afterAll(() => workbench.stop());

async function openEdge(version: CaddyVersion): Promise<Edge> {
  const site = await openSite(version, upstream);
  const caddy = await workbench.caddy(version, plainProxy(site));
  const wire = workbench.also(await FaultProxy.before(redis.url));
  const id = `edge-${version}`;
  return { id, site, caddy, wire, bouncer: await bouncerOf(id, caddy, wire.url) };
}

async function bouncerOf(id: string, caddy: CaddyServer, redisUrl: string): Promise<BouncerProcess> {
  const env = {
    BOUNCER_ID: id,
    BOUNCER_TOKEN: TOKEN,
    CADDY_ADMIN: caddy.admin,
    REDIS_URL: redisUrl,
    CROWDSEC_LAPI_URL: crowdsec.url,
    CROWDSEC_BOUNCER_KEY_FILE: key,
    CROWDSEC_POLL_INTERVAL: '1s',
    PUSH_INTERVAL: '100ms',
    STATE_DIR: workbench.path('state'),
  };
  return workbench.also(new BouncerProcess({ port: await freePort(), token: TOKEN, env }));
}

async function statusOf(bouncer: BouncerProcess): Promise<BouncerStatus> {
  return JSON.parse((await bouncer.get('/readyz')).body) as BouncerStatus;
}

/** The one that pulls, and the other. */
async function roles(): Promise<{ leader: Edge; follower: Edge }> {
  return waitFor(
    async () => {
      const known = await Promise.all(
        edges.map(async (edge) => ({ edge, role: (await statusOf(edge.bouncer)).stream?.role })),
      );
      const leader = known.find(({ role }) => role === 'leader')?.edge;
      const follower = known.find(({ role }) => role === 'follower')?.edge;
      return leader && follower && { leader, follower };
    },
    { what: 'one leader and one follower', withinMs: LONG_MS },
  );
}

async function untilLeads({ id, bouncer }: Edge): Promise<void> {
  const leads = async () => (await statusOf(bouncer)).stream?.role === 'leader';
  await waitFor(leads, { what: `${id} to pull`, withinMs: LONG_MS });
}

async function untilAnswered(status: number, address: string, ...sites: readonly Site[]): Promise<void> {
  for (const site of sites) {
    await waitFor(async () => (await requestAs(address, site)).status === status, {
      what: `Caddy ${site.caddy} to answer ${address} with ${status}`,
      withinMs: LONG_MS,
    });
  }
}

const everywhere = () => edges.map(({ site }) => site);
const untilBlocked = (address: string, ...sites: readonly Site[]) => untilAnswered(403, address, ...sites);
const untilServed = (address: string, ...sites: readonly Site[]) => untilAnswered(200, address, ...sites);

describe('a fleet', { timeout: 300_000 }, () => {
  it('brings a ban and its end to every Caddy, and confirms both at the follower', async () => {
    const { follower } = await roles();
    await crowdsec.ban('127.71.0.1');
    // Everything: a poll that looked while LAPI stored the ban has used up the delta that would have told of it.
    const answer = await follower.bouncer.get('/refresh?wait&full', 'POST');
    expect(JSON.parse(answer.body)).toEqual({ confirmed: true, missing: [] });
    expect((await requestAs('127.71.0.1', follower.site)).status).toBe(403);
    await untilBlocked('127.71.0.1', ...everywhere());
    await crowdsec.unban('127.71.0.1');
    await untilServed('127.71.0.1', ...everywhere());
  });

  it('loses nothing when the one that pulls is killed', async () => {
    await crowdsec.ban('127.71.0.2');
    await untilBlocked('127.71.0.2', ...everywhere());
    const { leader, follower } = await roles();
    await crowdsec.ban('127.71.0.3');
    await leader.bouncer.kill('SIGKILL');
    await crowdsec.unban('127.71.0.2');
    await untilBlocked('127.71.0.3', follower.site);
    await untilServed('127.71.0.2', follower.site);
    await untilLeads(follower);
    await leader.bouncer.start();
    await crowdsec.ban('127.71.0.4');
    await untilBlocked('127.71.0.4', ...everywhere());
    await untilBlocked('127.71.0.3', ...everywhere());
    await untilServed('127.71.0.2', ...everywhere());
  });

  it('loses nothing when the one that pulls is paused for longer than its lease, and goes on', async () => {
    const { leader, follower } = await roles();
    await crowdsec.ban('127.71.0.5');
    await untilBlocked('127.71.0.5', ...everywhere());
    await leader.bouncer.kill('SIGSTOP');
    await crowdsec.ban('127.71.0.6');
    await crowdsec.unban('127.71.0.5');
    await untilBlocked('127.71.0.6', follower.site);
    await untilServed('127.71.0.5', follower.site);
    await leader.bouncer.kill('SIGCONT');
    await crowdsec.ban('127.71.0.7');
    await untilBlocked('127.71.0.6', ...everywhere());
    await untilBlocked('127.71.0.7', ...everywhere());
    await untilServed('127.71.0.5', ...everywhere());
    expect((await roles()).leader.id).toBe(follower.id); // what it has lost it does not take back
  });

  it('loses nothing when the one that pulls is cut off from Redis, and comes back', async () => {
    const { leader, follower } = await roles();
    await crowdsec.ban('127.71.0.8');
    await untilBlocked('127.71.0.8', ...everywhere());
    leader.wire.set({ kind: 'half_open' });
    await untilLeads(follower);
    await crowdsec.ban('127.71.0.9');
    await crowdsec.unban('127.71.0.8');
    await untilBlocked('127.71.0.9', ...everywhere()); // both pull with one key now
    await untilServed('127.71.0.8', ...everywhere());
    leader.wire.heal();
    await roles();
    await crowdsec.ban('127.71.0.10');
    await untilBlocked('127.71.0.10', ...everywhere());
  });

  it('keeps its decisions when Redis is wiped', async () => {
    await crowdsec.ban('127.71.0.11');
    await untilBlocked('127.71.0.11', ...everywhere());
    await redis.wipe();
    await crowdsec.ban('127.71.0.12');
    await untilBlocked('127.71.0.12', ...everywhere());
    await untilBlocked('127.71.0.11', ...everywhere());
  });

  it('leaves a Caddy to the bouncer that looks after it, until that one is gone', async () => {
    const [edge] = edges;
    if (edge === undefined) throw new Error('there is no edge');
    const third = await bouncerOf('third', edge.caddy, redis.url);
    await third.start('alive');
    const foreign = await waitFor(
      async () => {
        const { ready, state, reasons, caddies } = await statusOf(third);
        return caddies[0]?.state === 'foreign' && { ready, state, reasons };
      },
      { what: 'the third to see whose Caddy that is', withinMs: LONG_MS },
    );
    expect(foreign).toMatchObject({ ready: false, state: 'degraded' });
    expect(foreign.reasons.join()).toMatch(new RegExp(`bouncer "${edge.id}" looks after this Caddy.*CADDY_ADMIN`));
    const { drifts } = (await statusOf(edge.bouncer)).caddies[0] ?? {};
    await crowdsec.ban('127.71.0.13');
    await untilBlocked('127.71.0.13', edge.site);
    expect((await statusOf(edge.bouncer)).caddies[0]?.drifts).toBe(drifts); // nobody touched its rules
    await edge.bouncer.stop();
    await crowdsec.ban('127.71.0.14');
    await untilBlocked('127.71.0.14', edge.site);
    await waitFor(async () => (await statusOf(third)).ready, { what: 'the third to be well', withinMs: LONG_MS });
    await third.stop();
    await edge.bouncer.start();
    await crowdsec.unban('127.71.0.14');
    await untilServed('127.71.0.14', edge.site);
  });
});
