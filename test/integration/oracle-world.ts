/** The world of a random history, see oracle.test.ts: a LAPI and its oracle here, everything between LAPI and Caddy real. */
import { isDeepStrictEqual } from 'node:util';
import { parseAdminAddress } from '../../caddy/admin-address.ts';
import { CaddyAdmin } from '../../caddy/admin-client.ts';
import { DecisionStore } from '../../bouncer/decisions/store.ts';
import { CaddyRound } from '../../bouncer/enforce/caddy-round.ts';
import { DesiredState } from '../../bouncer/enforce/desired.ts';
import { type Batch, BatchReader } from '../../bouncer/lapi/batch.ts';
import { LaneKeeper, type LaneSettings } from '../../bouncer/enforce/lane-keeper.ts';
import { Reconciler } from '../../bouncer/enforce/reconciler.ts';
import { type Address, type Prefix, parsePrefix } from '../../bouncer/shared/net/prefix.ts';
import { createLogger } from '../../bouncer/shared/runtime/logger.ts';
import { blockListOf, isListed } from '../support/block-list.ts';
import { requestAs, type Site } from '../support/site.ts';
import { waitFor } from '../support/wait-for.ts';
import { CROWD, type Step } from './oracle-history.ts';

interface Row {
  readonly id: number;
  readonly value: string;
  readonly type: string;
  readonly until: number;
}

/** The parts of a bouncer between LAPI and Caddy; a crash makes new ones. */
class Bouncer {
  readonly store = new DecisionStore('ban');
  readonly desired: DesiredState;
  readonly #reconciler: Reconciler;

  constructor(
    admin: string,
    lane: LaneSettings | undefined,
    allowlist: () => readonly Prefix[],
    isEnabled: () => boolean,
  ) {
    this.desired = new DesiredState(this.store, {
      settings: () => ({ enabled: isEnabled(), policy: 'enforce', change: undefined }),
      allowlist,
      action: { kind: 'status', status: 403 },
      logBlocked: 'keep',
    });
    const clock = { monotonic: () => performance.now(), wall: () => Date.now() };
    const log = createLogger('oracle', 'silent');
    const parsed = parseAdminAddress(admin);
    if (parsed.kind === 'invalid') throw new Error(parsed.message);
    const isWanted = (address: Address) => this.desired.blocks(address);
    const keeper = lane && new LaneKeeper(lane, isWanted, clock.monotonic, log);
    if (keeper) this.store.watch((prefix) => keeper.touch(prefix));
    this.#reconciler = new Reconciler({
      admin,
      round: new CaddyRound(new CaddyAdmin(parsed.address), clock),
      lane: keeper,
      desired: () => this.desired.current,
      times: { pushMs: 0, driftMs: 20 },
      clock,
      log,
    });
    this.desired.on('change', () => this.#reconciler.changed(true));
    this.#reconciler.start();
  }

  async settled(): Promise<void> {
    await waitFor(() => this.#reconciler.isSettled, { what: 'Caddy to confirm', withinMs: 10_000, everyMs: 1 });
  }

  /** Waits until the lane is in use, where there is one. */
  async joined(): Promise<void> {
    const isJoined = () => (this.#reconciler.status.lane?.state ?? 'proven') === 'proven';
    await waitFor(isJoined, { what: 'the lane to be proven', withinMs: 10_000, everyMs: 1 });
    await this.settled();
  }

  /** Waits until a set that may only be added is where it can be, the lane's entries included. */
  async restored(): Promise<void> {
    const isOpen = () => (this.#reconciler.status.lane?.state ?? 'joining') !== 'unproven';
    await waitFor(isOpen, { what: 'the lane to be proven', withinMs: 10_000, everyMs: 1 });
    // Not settled: rules of an earlier run may have to stay, whatever is wanted now.
    const isInSync = () => this.#reconciler.status.state === 'in_sync';
    await waitFor(isInSync, { what: 'Caddy to be looked at', withinMs: 10_000, everyMs: 1 });
  }

  get pushes(): number {
    return this.#reconciler.status.pushes;
  }

  stop(): Promise<void> {
    return this.#reconciler.stop();
  }
}

/** One LAPI, one bouncer and one Caddy, with a clock that moves when a history says so. */
export class World {
  readonly #site: Site;
  readonly #clients: readonly string[];
  readonly #make: () => Bouncer;
  #bouncer: Bouncer;
  #now = 0;
  #rows: readonly Row[] = [];
  /** What a snapshot holds: the rows of the last complete pull. */
  #saved: readonly Row[] = [];
  #nextId = 1;
  #allowed: readonly string[] = [];
  #enabled = true;

  constructor(site: Site, clients: readonly string[], admin: string, lane: LaneSettings | undefined) {
    this.#site = site;
    this.#clients = clients;
    const allowlist = () => this.#allowed.map(parsePrefix).filter((prefix) => prefix !== undefined);
    this.#make = () => new Bouncer(admin, lane, allowlist, () => this.#enabled);
    this.#bouncer = this.#make();
  }

  async begin(): Promise<void> {
    this.#pull('full', []);
    this.#bouncer.desired.changed();
    await this.#bouncer.joined();
  }

  get pushes(): number {
    return this.#bouncer.pushes;
  }

  stop(): Promise<void> {
    return this.#bouncer.stop();
  }

  /** A bouncer that knows nothing takes over whatever Caddy and the lane hold. */
  async #crash(restores: boolean): Promise<void> {
    await this.#bouncer.stop();
    this.#bouncer = this.#make();
    if (restores) await this.#restore();
    this.#pull('full', []);
  }

  /** LAPI says nothing yet, so whatever the snapshot holds, everybody gets the answer of before. */
  async #restore(): Promise<void> {
    const before = await this.#asked();
    const { store, desired } = this.#bouncer;
    store.replaceAll(this.#batch('full', [], this.#saved).decisions);
    desired.restored();
    if (this.#enabled) await this.#bouncer.restored();
    const after = await this.#asked();
    if (!isDeepStrictEqual(after, before))
      throw new Error(`changed by a snapshot: ${JSON.stringify({ before, after })}`);
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
        this.#bouncer.store.expire(this.#now);
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
      case 'crash':
        await this.#crash(step.restores);
        break;
    }
    this.#bouncer.desired.changed();
    await this.#bouncer.settled();
  }

  /** What every client gets from Caddy, and what the oracle says it should. */
  async answers(): Promise<{ readonly got: Record<string, number>; readonly wanted: Record<string, number> }> {
    const banned = blockListOf(this.#live().map(({ value }) => value));
    const allowed = blockListOf(this.#allowed);
    const wanted: Record<string, number> = {};
    for (const client of this.#clients) {
      const isBanned = this.#enabled && isListed(banned, client) && !isListed(allowed, client);
      wanted[client] = isBanned ? 403 : 200;
    }
    return { got: await this.#asked(), wanted };
  }

  async #asked(): Promise<Record<string, number>> {
    const ask = async (client: string) => [client, (await requestAs(client, this.#site)).status] as const;
    return Object.fromEntries(await Promise.all(this.#clients.map(ask)));
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

  #pull(kind: 'full' | 'delta', deleted: readonly Row[], added: readonly Row[] = this.#live()): void {
    const batch = this.#batch(kind, deleted, added);
    const { store, desired } = this.#bouncer;
    if (kind === 'full') {
      this.#saved = added;
      store.replaceAll(batch.decisions);
      desired.completed();
    } else store.apply(batch.deletedIds, batch.decisions);
  }

  /** What LAPI would answer, through the real reader. */
  #batch(kind: 'full' | 'delta', deleted: readonly Row[], added: readonly Row[]): Batch {
    const reader = new BatchReader(kind, this.#now);
    const news = deleted.length > 0 ? [] : added;
    reader.write(
      Buffer.from(
        JSON.stringify({ new: news.map((row) => this.#json(row)), deleted: deleted.map((row) => this.#json(row)) }),
      ),
    );
    return reader.finish();
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
}
