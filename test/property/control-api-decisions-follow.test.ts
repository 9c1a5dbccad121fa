import { EventEmitter } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecisionStore } from '../../bouncer/decisions/store.ts';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { DecisionSource } from '../../bouncer/shared/redis/decision-source.ts';
import { encodeBatch } from '../../bouncer/shared/redis/snapshot-codec.ts';
import { type SharedSet, SnapshotKeeper } from '../../bouncer/state/snapshot-keeper.ts';
import type { StateDir } from '../../bouncer/state/state-dir.ts';
import { DecisionTable } from '../../control-api/decisions/decision-table.ts';
import { NOWHERE } from '../../control-api/decisions/places.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { decisionOf } from '../support/fake-decision.ts';
import { fakeLog } from '../support/fake-log.ts';
import { anyPrefix } from '../support/fake-prefixes.ts';

/** The few commands that a snapshot and its batches need, on one key each. */
class FakeRedis extends EventEmitter {
  isUp = true;
  /** What a command that is under way as the connection ends is given up with. */
  lost: Error | undefined;
  snapshot: Buffer | undefined;
  entries: [id: string, fields: string[]][] = [];
  #last = 0;

  get commands() {
    if (this.lost !== undefined) throw this.lost;
    if (!this.isUp) throw new Error('Redis is not available: it is down');
    return this;
  }

  /** What the one bouncer that pulls writes. */
  sharedBy(clock: FakeClock): SharedSet | undefined {
    if (!this.isUp) return undefined;
    return {
      token: 1,
      append: (batch) => Promise.resolve(this.append('batch', encodeBatch(batch, clock))),
      write: (bytes, isNews) => {
        this.snapshot = bytes;
        return Promise.resolve(isNews ? this.append('snapshot', '') : undefined);
      },
    };
  }

  getBuffer() {
    return Promise.resolve(this.snapshot ?? null);
  }

  append(...fields: [string, string]): string {
    const id = `${++this.#last}-0`;
    this.entries.push([id, fields]);
    return id;
  }

  xrange(_key: string, from: string, to: string, ...count: [] | ['COUNT', number]) {
    const found = this.entries.filter(([id]) => isFrom(id, from) && (to === '+' || number(id) <= number(to)));
    return Promise.resolve(found.slice(0, count[1]));
  }

  xrevrange(_key: string, from: string, _to: string, _count: 'COUNT', most: number) {
    const isBefore = (id: string) => from === '+' || number(id) < number(from.slice(1));
    return Promise.resolve(
      this.entries
        .filter(([id]) => isBefore(id))
        .reverse()
        .slice(0, most),
    );
  }
}

const number = (id: string) => Number(id.split('-')[0]);
const isFrom = (id: string, from: string) =>
  from.startsWith('(') ? number(id) > number(from.slice(1)) : number(id) >= number(from);

/** A bouncer as far as it tells Redis of its decisions, and the tables that follow it. */
class World {
  readonly clock = new FakeClock();
  readonly redis = new FakeRedis();
  readonly store = new DecisionStore('ban');
  readonly tables: DecisionTable[] = [];
  /** LAPI ends a decision early only by deleting it. */
  readonly #ends = new Map<number, number>();
  #keeper = this.#newKeeper();

  #newKeeper(): SnapshotKeeper {
    const state = { read: () => undefined, write: () => Promise.resolve(true) } as unknown as StateDir;
    return new SnapshotKeeper({
      state,
      redis: this.redis as unknown as RedisLink,
      shared: () => this.redis.sharedBy(this.clock),
      decisions: () => this.store.values(),
      clock: this.clock,
      log: fakeLog().log,
    });
  }

  pull(deleted: readonly number[], added: readonly { id: number; prefix: string; seconds: number }[]): Promise<void> {
    const decisions = added.map(({ id, prefix, seconds }) => {
      const expiresAt = this.#ends.get(id) ?? this.clock.monotonic() + seconds * 1_000;
      this.#ends.set(id, expiresAt);
      return decisionOf(id, prefix, { expiresAt });
    });
    this.#keeper.changed(this.store.apply(deleted, decisions));
    this.store.expire(this.clock.monotonic());
    return this.settle();
  }

  async settle(): Promise<void> {
    // Work for Redis is queued: a look at the queue is over when all before it is.
    for (let i = 0; i < 20; i++) await Promise.resolve();
  }

  flush(): Promise<void> {
    return this.#keeper.flush();
  }

  /** The process ends, decisions change while nobody listens, and a new one pulls everything. */
  async restart(): Promise<void> {
    await this.#keeper.flush();
    this.#keeper = this.#newKeeper();
    const kept = [...this.store.values()].filter(({ id }) => id % 3 !== 0);
    this.#keeper.changed(this.store.replaceAll(kept));
    await this.#keeper.flush();
  }

  async wipe(): Promise<void> {
    this.redis.snapshot = undefined;
    this.redis.entries = [];
    await Promise.all(this.tables.map((table) => table.catchUp()));
    this.#keeper.redisForgot();
    await this.#keeper.flush();
  }

  /** Redis forgets the oldest entries. It keeps far more than come between two snapshots. */
  async trim(): Promise<void> {
    await this.#keeper.flush();
    this.redis.entries.splice(0, this.redis.entries.length - 1);
  }

  newTable(): void {
    this.tables.push(
      new DecisionTable({
        source: new DecisionSource(this.redis as unknown as RedisLink, this.clock),
        places: () => Promise.resolve({ find: () => NOWHERE }),
        clock: this.clock,
        log: fakeLog().log,
      }),
    );
  }

  seen(table: DecisionTable): [number, string][] {
    const { rows } = table;
    return Array.from({ length: rows.size }, (_, slot): [number, string] => [
      rows.ids[slot] ?? -1,
      rows.value(slot),
    ]).sort(([a], [b]) => a - b);
  }

  held(): [number, string][] {
    this.store.expire(this.clock.monotonic());
    return [...this.store.values()].map(({ id, prefix }): [number, string] => [id, prefix]).sort(([a], [b]) => a - b);
  }
}

const id = fc.integer({ min: 1, max: 12 });
const change = fc.record({ id, prefix: anyPrefix, seconds: fc.integer({ min: 1, max: 300 }) });
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('pull'), deleted: fc.array(id), added: fc.array(change) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('look'), which: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('flush') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('time'), seconds: fc.integer({ min: 1, max: 200 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('table') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('restart', 'wipe', 'trim') }) },
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

async function take(world: World, one: Step): Promise<void> {
  if ('deleted' in one) await world.pull(one.deleted, one.added);
  else if ('which' in one) await world.tables[one.which]?.catchUp();
  else if ('seconds' in one) world.clock.advance(one.seconds * 1_000);
  else if (one.kind === 'table') world.newTable();
  else if (one.kind === 'flush') await world.flush();
  else if (one.kind === 'restart') await world.restart();
  else if (one.kind === 'wipe') await world.wipe();
  else await world.trim();
}

describe('the table of decisions', () => {
  it('is the bouncer’s set, from whatever point it began to follow', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const world = new World();
        await world.pull([], []);
        world.newTable();
        for (const one of steps) await take(world, one);
        world.newTable();
        await world.flush();
        for (const table of world.tables) {
          await table.catchUp();
          expect(table.state.kind).toBe('live');
          expect(world.seen(table)).toEqual(world.held());
        }
      }),
      { numRuns: 300 },
    );
  });

  it('keeps what it knew, and says how old that is, while Redis is gone or empty', async () => {
    const world = new World();
    await world.pull([], [{ id: 1, prefix: '1.2.3.4', seconds: 3_600 }]);
    await world.flush();
    world.newTable();
    const [table] = world.tables;
    expect(table?.state.kind).toBe('loading');
    await table?.catchUp();
    world.redis.isUp = false;
    world.clock.advance(10_000);
    await table?.catchUp();
    expect(table?.state).toMatchObject({ kind: 'stale', reason: 'Redis is not available: it is down' });
    expect(table?.rows.size).toBe(1);
    world.redis.isUp = true;
    world.redis.snapshot = undefined;
    world.redis.entries = [];
    await table?.catchUp();
    expect(table?.state).toMatchObject({ kind: 'stale', reason: expect.stringMatching(/^Redis has lost/) as string });
    expect(table?.rows.size).toBe(1);
    await world.wipe();
    await table?.catchUp();
    expect(table?.state.kind).toBe('live');
    world.clock.advance(3_600_000);
    expect(table?.rows.size).toBe(0);
  });

  it('says in words for people that the connection was lost', async () => {
    const world = new World();
    await world.pull([], [{ id: 1, prefix: '1.2.3.4', seconds: 3_600 }]);
    await world.flush();
    world.newTable();
    const [table] = world.tables;
    await table?.catchUp();
    world.redis.lost = new Error('Reached the max retries per request limit (which is 0). Refer to "…" option.');
    world.clock.advance(10_000);
    await table?.catchUp();
    expect(table?.state).toMatchObject({ kind: 'stale', reason: 'Redis: the connection was lost' });
  });

  it('starts from the next snapshot when an entry cannot be read', async () => {
    const world = new World();
    await world.pull([], [{ id: 1, prefix: '1.2.3.4', seconds: 3_600 }]);
    await world.flush();
    world.newTable();
    const [table] = world.tables;
    await table?.catchUp();
    world.redis.append('batch', '{"schema":2}');
    await world.pull([], [{ id: 2, prefix: '1.2.3.5', seconds: 3_600 }]);
    world.clock.advance(5_000);
    await table?.catchUp();
    expect(table?.state.kind).toBe('stale');
    await world.flush();
    await table?.catchUp();
    expect(table?.state.kind).toBe('live');
    expect(world.seen(table!)).toEqual(world.held());
  });
});
