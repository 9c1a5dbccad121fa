/**
 * The lane's one promise: whatever compilation Caddy may hold at this instant, it answers as is wanted. Random
 * histories of bans, unbans, pushes that begin, end, or end without an answer, and restarts.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HeldSet } from '../../bouncer/enforce/held-set.ts';
import { Lane, LANE_LIMITS } from '../../bouncer/enforce/lane.ts';
import { LaneFolder } from '../../bouncer/enforce/lane-folder.ts';
import { type Address, comparePrefixes, parseAddress } from '../../bouncer/shared/net/prefix.ts';

const TEXTS = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8::4'];
const ADDRESSES = TEXTS.map((text) => {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(text);
  return address;
});

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('ban' as const), at: fc.nat(ADDRESSES.length - 1) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('lift' as const), at: fc.nat(ADDRESSES.length - 1) }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'push' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'confirm' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'refuse' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'lose' as const }) },
);

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lane-'));
});
afterEach(() => rmSync(root, { recursive: true }));

/** One Caddy, one lane, and the list of what should be blocked. */
class World {
  readonly wanted = new Set<Address>();
  /** What Caddy may hold: the confirmed set, and each that was pushed since. */
  held: HeldSet[] = [new HeldSet({ addresses: [], ranges: [], exceptions: [] })];
  #now = 0;
  #isPushing = false;
  #folder = new LaneFolder(root);
  readonly #limits: typeof LANE_LIMITS;
  lane: Lane;

  constructor(limits = LANE_LIMITS) {
    this.#limits = limits;
    this.lane = this.#open();
    this.lane.confirmed(this.held[0]!);
  }

  take({ kind, ...rest }: { kind: string; at?: number }): void {
    this.#now += 1_000;
    const address = ADDRESSES[rest.at ?? 0]!;
    const steps: Readonly<Record<string, () => void>> = {
      ban: () => this.#want(address, true),
      lift: () => this.#want(address, false),
      push: () => this.held.length < 3 && this.#push(),
      confirm: () => this.#isPushing && this.#confirm(),
      refuse: () => this.#refuse(),
      restart: () => this.#restart(),
      lose: () => this.#lose(),
    };
    steps[kind]?.();
  }

  /** What Caddy answers when it holds this compilation and sees the folder as it is. */
  blocks(held: HeldSet, address: Address): boolean {
    const has = (side: string) => readdirSync(join(root, side)).includes(address);
    return (held.blocks(address) && !has('allow')) || has('ban');
  }

  #want(address: Address, isWanted: boolean): void {
    if (this.wanted.has(address) === isWanted) return;
    if (isWanted) this.wanted.add(address);
    else this.wanted.delete(address);
    this.lane.touch(address);
    this.lane.write();
  }

  #push(): void {
    const addresses = [...this.wanted].sort(comparePrefixes);
    const pushed = new HeldSet({ addresses, ranges: [], exceptions: [] });
    this.lane.pushing(pushed);
    this.lane.write();
    this.held.push(pushed);
    this.#isPushing = true;
  }

  /** Caddy says no to the latest push, or was never asked. */
  #refuse(): void {
    if (this.#isPushing) this.held.pop();
    this.#isPushing = false;
    this.lane.abandoned();
    this.lane.write();
  }

  /** Only what was pushed last is read back: after a refusal another push comes first. */
  #confirm(): void {
    const newest = this.held.at(-1)!;
    this.held = [newest];
    this.#isPushing = false;
    this.lane.confirmed(newest);
    this.lane.write();
  }

  /** A new process knows nothing but the folder; it pushes the truth, and only then trusts what it sees. */
  #restart(): void {
    this.lane = this.#open();
    this.#push();
    this.#confirm();
  }

  /** Somebody empties the folder; it is opened anew. */
  #lose(): void {
    for (const side of ['ban', 'allow']) rmSync(join(root, side), { recursive: true });
    this.#folder.open();
    this.lane.reopened();
    this.lane.write();
  }

  #open(): Lane {
    this.#folder = new LaneFolder(root);
    this.#folder.open();
    return new Lane(
      this.#folder,
      (address) => this.wanted.has(address),
      () => this.#now,
      this.#limits,
    );
  }
}

describe('Lane', () => {
  it('makes every compilation that Caddy may hold answer as is wanted, at every instant', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (history) => {
        for (const side of ['ban', 'allow']) rmSync(join(root, side), { recursive: true, force: true });
        const world = new World();
        for (const step of history) {
          world.take(step);
          for (const held of world.held) {
            const got = ADDRESSES.filter((address) => world.blocks(held, address));
            expect(got).toEqual(ADDRESSES.filter((address) => world.wanted.has(address)));
          }
        }
      }),
      { numRuns: 400, seed: 11 },
    );
  });

  it('keeps that promise in a flood wherever it says that it suffices, and where it has an entry', () => {
    const isRight = (world: World, address: Address) =>
      world.held.every((held) => world.blocks(held, address) === world.wanted.has(address));
    const seen = { floods: 0, sufficing: 0 };
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), (history) => {
        for (const side of ['ban', 'allow']) rmSync(join(root, side), { recursive: true, force: true });
        const world = new World({ entries: 1, ageMs: 3_600_000 });
        for (const step of history) {
          world.take(step);
          const entries = ['ban', 'allow'].flatMap((side) => readdirSync(join(root, side)));
          const owed = ADDRESSES.filter((address) => world.lane.suffices || entries.includes(address));
          expect(owed.filter((address) => !isRight(world, address))).toEqual([]);
          seen[world.lane.suffices ? 'sufficing' : 'floods']++;
        }
        for (const kind of ['confirm', 'push', 'confirm']) world.take({ kind });
        expect(world.lane.suffices).toBe(true);
        expect(ADDRESSES.filter((address) => !isRight(world, address))).toEqual([]);
      }),
      { numRuns: 120, seed: 12 },
    );
    expect(Math.min(seen.floods, seen.sufficing)).toBeGreaterThan(20); // both were met
  });

  it('remembers no more of a flood than of a busy hour, and asks for one push', () => {
    const folder = new LaneFolder(root);
    folder.open();
    let questions = 0;
    const isWanted = () => ++questions > 0;
    const lane = new Lane(folder, isWanted, () => 0);
    const nothing = new HeldSet({ addresses: [], ranges: [], exceptions: [] });
    lane.confirmed(nothing);
    const flood = Array.from({ length: 20_000 }, (_, i) => parseAddress(`10.1.${i >> 8}.${i & 255}`)!);
    for (const address of flood) lane.touch(address);
    expect(lane.suffices).toBe(false);
    const everything = new HeldSet({ addresses: flood, ranges: [], exceptions: [] });
    lane.pushing(everything);
    lane.write();
    lane.confirmed(everything);
    lane.write();
    expect(lane.suffices).toBe(true);
    expect(questions).toBeLessThan(6_000); // it looks at what it remembers, address by address
    lane.touch(ADDRESSES[0]!);
    lane.write();
    expect(readdirSync(join(root, 'ban'))).toHaveLength(2); // and, for IPv4, in its mapped spelling
    expect(lane.suffices).toBe(true);
  });

  it('holds nothing once a push of everything is confirmed', () => {
    const world = new World();
    for (const at of [0, 1, 3]) world.take({ kind: 'ban', at });
    world.take({ kind: 'lift', at: 1 });
    expect(world.lane.size).toBe(2);
    world.take({ kind: 'push' });
    world.take({ kind: 'confirm' });
    expect(world.lane.size).toBe(0);
    expect(readdirSync(join(root, 'ban'))).toEqual([]);
  });

  it('leaves every entry of the last run as it is until it can be told what is wanted', () => {
    const folder = new LaneFolder(root);
    folder.open();
    folder.set(ADDRESSES[0]!, 'ban');
    folder.set(ADDRESSES[1]!, 'allow');
    const wanted = new Map<Address, boolean>();
    const lane = new Lane(
      folder,
      (address) => wanted.get(address),
      () => 0,
    );
    const entries = () =>
      ['ban', 'allow'].map((side) => ADDRESSES.filter((a) => readdirSync(join(root, side)).includes(a)));
    lane.reopened();
    for (const address of ADDRESSES.slice(0, 3)) lane.touch(address);
    lane.write();
    expect(entries()).toEqual([[ADDRESSES[0]], [ADDRESSES[1]]]);
    expect(lane.suffices).toBe(false);
    for (const [i, address] of ADDRESSES.entries()) wanted.set(address, i === 1);
    lane.write();
    expect(entries()).toEqual([[ADDRESSES[1]], [ADDRESSES[0]]]);
  });

  it('is to be folded when it has many entries, or old ones, and not because somebody looked', () => {
    const folder = new LaneFolder(root);
    folder.open();
    let now = 0;
    const lane = new Lane(
      folder,
      () => true,
      () => now,
      { entries: 2, ageMs: 1_000 },
    );
    const held = new HeldSet({ addresses: [], ranges: [], exceptions: [] });
    lane.confirmed(held);
    lane.touch(ADDRESSES[0]!);
    lane.write();
    expect(lane.isDue).toBe(false);
    now = 900;
    lane.pushing(held);
    lane.confirmed(held); // the look of every minute
    lane.write();
    now = 1_001;
    expect(lane.isDue).toBe(true);
    lane.confirmed(new HeldSet({ addresses: [ADDRESSES[0]!], ranges: [], exceptions: [] }));
    lane.write();
    expect(lane.isDue).toBe(false);
    for (const address of ADDRESSES.slice(1, 3)) lane.touch(address);
    lane.write();
    expect(lane.isDue).toBe(false);
    lane.touch(ADDRESSES[3]!);
    lane.write();
    expect(lane.isDue).toBe(true);
  });

  it('leaves a flood to a push, but never leaves a wrong entry in place', () => {
    const folder = new LaneFolder(root);
    folder.open();
    const wanted = new Set<Address>();
    const lane = new Lane(
      folder,
      (address) => wanted.has(address),
      () => 0,
      { entries: 2, ageMs: 1_000 },
    );
    lane.confirmed(new HeldSet({ addresses: [], ranges: [], exceptions: [] }));
    wanted.add(ADDRESSES[0]!);
    lane.touch(ADDRESSES[0]!);
    lane.write();
    wanted.clear();
    for (const address of ADDRESSES.slice(1)) wanted.add(address);
    for (const address of ADDRESSES) lane.touch(address);
    lane.write();
    expect(readdirSync(join(root, 'ban'))).toEqual([]);
    expect(lane.suffices).toBe(false);
  });
});
