/**
 * Random histories of decisions, deletions, expiries, full pulls, allowlists and the toggle, through the real decoder,
 * store, compiler and push into real Caddys: after every step, each Caddy's answers to real requests must be those of
 * an oracle that knows only the list of live decisions and Node's own `net.BlockList`.
 */
import { BlockList, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAdminAddress } from '../../caddy/admin-address.ts';
import { CaddyAdmin } from '../../caddy/admin-client.ts';
import { DecisionStore } from '../../bouncer/decisions/store.ts';
import { CaddyRound } from '../../bouncer/enforce/caddy-round.ts';
import { DesiredState } from '../../bouncer/enforce/desired.ts';
import { BatchReader } from '../../bouncer/lapi/batch.ts';
import { parsePrefix } from '../../bouncer/shared/net/prefix.ts';
import { CADDY_VERSIONS, type CaddyVersion, Workbench } from '../support/servers.ts';
import { openSite, plainProxy, requestAs, type Site } from '../support/site.ts';
import { startUpstream } from '../support/upstream.ts';

/** On each Caddy; both together are more than 500. */
const HISTORIES = 260;

/** Few, and close to one another, so that decisions overlap. */
const CLIENTS = ['127.8.0.1', '127.8.0.2', '127.8.1.1', '127.9.0.1', '::1'];
const CLIENTS_BEHIND_PROXY = ['203.0.113.1', '203.0.113.2', '2001:db8::1', '2001:db8::2', '2001:db8:1::1'];
const VALUES = [
  ...CLIENTS,
  ...CLIENTS_BEHIND_PROXY,
  '127.8.0.0/31',
  '127.8.0.0/24',
  '127.8.0.0/16',
  '127.8.0.77/15',
  '::ffff:127.8.0.1',
  '::ffff:127.9.0.0/120',
  '203.0.113.0/24',
  '2001:DB8::/64',
  '2001:db8::/32',
  '::/127',
];
/** Enough that Caddy is asked through its index and not through a list. */
const CROWD = Array.from({ length: 120 }, (_, i) => `127.100.0.${i}`);

type Step =
  | { readonly kind: 'ban'; readonly value: string; readonly type: string; readonly seconds: number }
  | { readonly kind: 'crowd' }
  | { readonly kind: 'lift'; readonly nth: number; readonly twice: boolean }
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'full' }
  | { readonly kind: 'allow'; readonly values: readonly string[] }
  | { readonly kind: 'toggle'; readonly enabled: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('ban' as const),
      value: fc.constantFrom(...VALUES),
      type: fc.constantFrom('ban', 'ban', 'ban', 'captcha', 'Ban'),
      seconds: fc.integer({ min: 1, max: 100 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('lift' as const), nth: fc.nat(20), twice: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 50 }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'crowd' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'full' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('allow' as const),
      values: fc.uniqueArray(fc.constantFrom(...VALUES), { maxLength: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('toggle' as const), enabled: fc.boolean() }) },
);

interface Row {
  readonly id: number;
  readonly value: string;
  readonly type: string;
  readonly until: number;
}

/** One LAPI, one bouncer and one Caddy, with a clock that moves when a history says so. */
class World {
  readonly #site: Site;
  readonly #clients: readonly string[];
  readonly #round: CaddyRound;
  #now = 0;
  #rows: readonly Row[] = [];
  #nextId = 1;
  #allowed: readonly string[] = [];
  #enabled = true;
  readonly #store = new DecisionStore('ban');
  readonly #desired = new DesiredState(this.#store, {
    settings: () => ({ enabled: this.#enabled, policy: 'enforce', change: undefined }),
    allowlist: () => this.#allowed.map(parsePrefix).filter((prefix) => prefix !== undefined),
    action: { kind: 'status', status: 403 },
    logBlocked: 'keep',
  });

  constructor(site: Site, clients: readonly string[], round: CaddyRound) {
    this.#site = site;
    this.#clients = clients;
    this.#round = round;
    this.#pull('full', []);
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'ban':
        this.#ban([step.value], step.type, step.seconds);
        break;
      case 'crowd':
        this.#ban(CROWD, 'ban', 60);
        break;
      case 'lift':
        this.#lift(step.nth, step.twice);
        break;
      case 'wait':
        this.#now += step.seconds * 1_000;
        this.#store.expire(this.#now);
        break;
      case 'full':
        this.#pull('full', []);
        break;
      case 'allow':
        this.#allowed = step.values;
        break;
      case 'toggle':
        this.#enabled = step.enabled;
        break;
    }
    this.#desired.changed();
    await this.#push();
  }

  /** What every client gets from Caddy, and what the oracle says it should. */
  async answers(): Promise<{ readonly got: Record<string, number>; readonly wanted: Record<string, number> }> {
    const banned = listOf(this.#live().map(({ value }) => value));
    const allowed = listOf(this.#allowed);
    const got: Record<string, number> = {};
    const wanted: Record<string, number> = {};
    for (const client of this.#clients) {
      got[client] = (await requestAs(client, this.#site)).status;
      const isBanned = this.#enabled && isIn(banned, client) && !isIn(allowed, client);
      wanted[client] = isBanned ? 403 : 200;
    }
    return { got, wanted };
  }

  #live(): readonly Row[] {
    return this.#rows.filter(({ until }) => until > this.#now);
  }

  #ban(values: readonly string[], type: string, seconds: number): void {
    const rows = values.map((value) => ({ id: this.#nextId++, value, type, until: this.#now + seconds * 1_000 }));
    this.#rows = [...this.#rows, ...rows];
    this.#pull('delta', [], rows);
  }

  #lift(nth: number, twice: boolean): void {
    const live = this.#live();
    const row = live[nth % Math.max(1, live.length)];
    if (row === undefined) return;
    this.#rows = this.#rows.filter(({ id }) => id !== row.id);
    this.#pull('delta', [row]);
    if (twice) this.#pull('delta', [row]); // LAPI repeats deletions of the last two seconds
  }

  /** What LAPI would answer, through the real reader. */
  #pull(kind: 'full' | 'delta', deleted: readonly Row[], added: readonly Row[] = this.#live()): void {
    const reader = new BatchReader(kind, this.#now);
    const news = deleted.length > 0 ? [] : added;
    reader.write(
      Buffer.from(
        JSON.stringify({ new: news.map((row) => this.#json(row)), deleted: deleted.map((row) => this.#json(row)) }),
      ),
    );
    const batch = reader.finish();
    if (kind === 'full') {
      this.#store.replaceAll(batch.decisions);
      this.#desired.completed();
    } else this.#store.apply(batch.deletedIds, batch.decisions);
  }

  #json({ id, value, type, until }: Row): unknown {
    const duration = `${(until - this.#now) / 1_000}s`;
    return {
      id,
      value,
      type,
      duration,
      origin: 'cscli',
      scenario: 'a history',
      scope: value.includes('/') ? 'range' : 'Ip',
    };
  }

  async #push(): Promise<void> {
    const desired = this.#desired.current;
    if (desired === undefined) throw new Error('nothing is wanted after a full pull');
    expect(await this.#round.run(desired)).toMatchObject({ kind: 'in_sync' });
  }
}

function listOf(values: readonly string[]): BlockList {
  const list = new BlockList();
  for (const value of values) {
    const [address = '', length] = value.replace(/^::ffff:(?=\d+\.)/, '').split('/');
    const bits =
      value.startsWith('::ffff:') && length !== undefined
        ? Number(length) - 96
        : Number(length ?? (isIPv6(address) ? 128 : 32));
    list.addSubnet(address, bits, isIPv6(address) ? 'ipv6' : 'ipv4');
  }
  return list;
}

function isIn(list: BlockList, client: string): boolean {
  return list.check(client, isIPv6(client) ? 'ipv6' : 'ipv4');
}

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

  it(`answers every request as the oracle does, over ${HISTORIES} random histories`, { timeout: 600_000 }, async () => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 8 }), async (history) => {
        const round = roundOf(admin);
        try {
          const world = new World(site, clientsOf(caddy), round);
          for (const step of history) {
            await world.take(step);
            const { got, wanted } = await world.answers();
            expect(got).toEqual(wanted);
            compared += Object.keys(wanted).length;
          }
        } finally {
          await round.close();
        }
      }),
      { numRuns: HISTORIES, seed: 20_261_122 },
    );
    expect(compared).toBeGreaterThan(HISTORIES * CLIENTS.length * 2);
  });
});

function roundOf(admin: string): CaddyRound {
  const parsed = parseAdminAddress(admin);
  if (parsed.kind === 'invalid') throw new Error(parsed.message);
  return new CaddyRound(new CaddyAdmin(parsed.address), { monotonic: () => performance.now(), wall: () => Date.now() });
}

/** Caddy 2.6.2 knows no trusted proxies, so it sees loopback clients only. */
function clientsOf(caddy: CaddyVersion): readonly string[] {
  return caddy === '2.6.2' ? CLIENTS : [...CLIENTS, ...CLIENTS_BEHIND_PROXY];
}
