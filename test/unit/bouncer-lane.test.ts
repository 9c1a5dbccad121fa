/** What a lane promises at its edges; `test/property/bouncer-lane.test.ts` walks through everything in between. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HeldSet } from '../../bouncer/enforce/held-set.ts';
import { Lane } from '../../bouncer/enforce/lane.ts';
import { LaneFolder } from '../../bouncer/enforce/lane-folder.ts';
import { type Address, comparePrefixes } from '../../bouncer/shared/net/prefix.ts';
import { prefixOf } from '../support/fake-decision.ts';

const LIMITS = { entries: 3, ageMs: 1_000 };
/** Of as many addresses a busy lane takes note, and not of one more. */
const NOTED = 15;

const at = (i: number) => prefixOf(`192.0.2.${i}`) as Address;
const upTo = (count: number) => Array.from({ length: count }, (_, i) => at(i + 1));
const setOf = (addresses: readonly Address[]) =>
  new HeldSet({ addresses: addresses.toSorted(comparePrefixes), ranges: [], exceptions: [] });

let root: string;
let folder: LaneFolder;
let wanted: Set<Address>;
let now: number;
let lane: Lane;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lane-'));
  folder = new LaneFolder(root);
  folder.open();
  wanted = new Set();
  now = 0;
  lane = new Lane(
    folder,
    (address) => wanted.has(address),
    () => now,
    LIMITS,
  );
});
afterEach(() => rmSync(root, { recursive: true }));

function ban(...addresses: readonly Address[]): void {
  for (const address of addresses) {
    wanted.add(address);
    lane.touch(address);
  }
}

function lift(address: Address): void {
  wanted.delete(address);
  lane.touch(address);
}

function push(held: HeldSet): void {
  lane.pushing(held);
  lane.write();
  lane.confirmed(held);
  lane.write();
}

describe('a lane', () => {
  it('suffices once it is known what Caddy holds, and every entry is written', () => {
    expect(lane.suffices).toBe(false);
    lane.confirmed(setOf([]));
    expect(lane.suffices).toBe(true);
    ban(at(1));
    expect(lane.suffices).toBe(false);
    lane.write();
    expect(lane.suffices).toBe(true);
    expect(lane.size).toBe(1);
  });

  it('bans what Caddy does not hold, and lifts what it holds no longer rightly', () => {
    lane.confirmed(setOf([at(1)]));
    ban(at(2));
    lift(at(1));
    lane.touch(at(3));
    lane.write();
    expect([at(1), at(2), at(3)].map((address) => folder.has(address))).toEqual([true, true, false]);
    lift(at(2));
    ban(at(1));
    lane.write();
    expect(lane.size).toBe(0);
  });

  it('writes as many as its limit at once, and leaves more than that to a push', () => {
    lane.confirmed(setOf([]));
    ban(...upTo(3));
    lane.write();
    expect([lane.size, lane.suffices]).toEqual([3, true]);
    ban(...upTo(7));
    lane.write();
    expect([lane.size, lane.suffices]).toEqual([3, false]);
  });
});

describe('a range', () => {
  it('needs a push, and none after it', () => {
    lane.confirmed(setOf([]));
    lane.touch(prefixOf('10.0.0.0/8'));
    lane.write();
    expect(lane.suffices).toBe(false);
    push(setOf([]));
    expect(lane.suffices).toBe(true);
  });

  it('that comes while a push is under way needs another one', () => {
    lane.confirmed(setOf([]));
    const held = setOf([]);
    lane.pushing(held);
    lane.touch(prefixOf('10.0.0.0/8'));
    lane.confirmed(held);
    expect(lane.suffices).toBe(false);
    push(setOf([]));
    expect(lane.suffices).toBe(true);
  });
});

describe('a flood', () => {
  it('begins where a busy lane ends, and ends with a push', () => {
    lane.confirmed(setOf([]));
    for (const address of upTo(NOTED)) {
      lane.touch(address);
      lane.write();
    }
    expect(lane.suffices).toBe(true);
    lane.touch(at(NOTED + 1));
    lane.write();
    expect(lane.suffices).toBe(false);
    push(setOf([]));
    expect(lane.suffices).toBe(true);
  });

  it('while a push is under way needs another one, since that one does not carry it', () => {
    lane.confirmed(setOf([]));
    const held = setOf([]);
    lane.pushing(held);
    ban(...upTo(NOTED + 1));
    lane.write();
    lane.confirmed(held);
    lane.write();
    expect(lane.suffices).toBe(false);
    push(setOf(upTo(NOTED + 1)));
    expect([lane.suffices, lane.size]).toEqual([true, 0]);
  });

  it('before a push is over with it', () => {
    lane.confirmed(setOf([]));
    ban(...upTo(NOTED + 1));
    push(setOf(upTo(NOTED + 1)));
    expect([lane.suffices, lane.size]).toEqual([true, 0]);
  });

  it.each(['before', 'after'])('forgets no address that has an entry, and is lifted %s it', (when) => {
    lane.confirmed(setOf([]));
    ban(at(200));
    lane.write();
    if (when === 'before') lift(at(200));
    ban(...upTo(NOTED + 1));
    if (when === 'after') lift(at(200));
    lane.write();
    expect(folder.has(at(200))).toBe(false);
  });
});

describe('while nobody knows what Caddy holds', () => {
  it('entries are put right, and none is made', () => {
    lane.confirmed(setOf([]));
    ban(at(1), at(2));
    lane.write();
    lane.unknown();
    expect(lane.suffices).toBe(false);
    lift(at(1));
    ban(at(3));
    lane.write();
    // Caddy may hold a ban of the first, and may not hold one of the second.
    expect([at(1), at(2), at(3)].map((address) => folder.has(address))).toEqual([true, true, false]);
    push(setOf([at(1)]));
    lane.touch(at(3));
    lane.write();
    expect(lane.size).toBe(3);
    push(setOf([at(2), at(3)]));
    expect(lane.size).toBe(0);
  });

  it('a push that is confirmed ends it, and four without an answer begin it', () => {
    const sets = Array.from({ length: 4 }, () => setOf([]));
    lane.confirmed(setOf([]));
    for (const held of sets.slice(0, 3)) lane.pushing(held);
    lane.write();
    expect(lane.suffices).toBe(true);
    lane.pushing(sets[3]!);
    lane.write();
    expect(lane.suffices).toBe(false);
    lane.confirmed(sets[3]!);
    expect(lane.suffices).toBe(true);
  });

  it('a push that Caddy refused, or never got, does not begin it, however often', () => {
    lane.confirmed(setOf([at(1)]));
    for (let i = 0; i < 9; i++) {
      lane.pushing(setOf([]));
      lane.write();
      lane.abandoned();
    }
    ban(at(1), at(2));
    lane.write();
    expect([at(1), at(2)].map((address) => folder.has(address))).toEqual([false, true]);
    expect(lane.suffices).toBe(true);
  });

  it('the same set pushed again and again without an answer does not begin it', () => {
    lane.confirmed(setOf([]));
    const held = setOf([at(1)]);
    for (let i = 0; i < 9; i++) lane.pushing(held);
    ban(at(2));
    lane.write();
    expect(lane.suffices).toBe(true);
  });

  it('a push that was refused after somebody else changed Caddy does not end it', () => {
    lane.confirmed(setOf([]));
    lane.pushing(setOf([]));
    lane.unknown();
    lane.abandoned();
    lane.write();
    expect(lane.suffices).toBe(false);
  });

  it('a push under way that bans or does not ban an address leaves it banned', () => {
    lane.confirmed(setOf([]));
    ban(at(1));
    lane.write();
    lane.pushing(setOf([at(1)]));
    lane.write();
    expect(folder.has(at(1))).toBe(true);
  });
});

describe('the age of a lane', () => {
  it('is that of its first entry, and it is old after its limit', () => {
    lane.confirmed(setOf([]));
    now = 500;
    ban(at(1));
    lane.write();
    now = 900;
    ban(at(2));
    lane.write();
    now = 1_500;
    expect(lane.isDue).toBe(false);
    now = 1_501;
    expect(lane.isDue).toBe(true);
  });

  it('is none once it is empty', () => {
    lane.confirmed(setOf([]));
    ban(at(1));
    lane.write();
    lift(at(1));
    lane.write();
    now = 5_000;
    expect(lane.isDue).toBe(false);
    ban(at(1));
    lane.write();
    expect(lane.isDue).toBe(false);
  });
});

describe('a folder that was lost', () => {
  it('gets its entries again, also those that nobody touched since', () => {
    lane.confirmed(setOf([]));
    ban(at(1), at(2));
    lane.write();
    for (const side of ['ban', 'allow']) rmSync(join(root, side), { recursive: true });
    folder.open();
    expect(lane.size).toBe(0);
    lane.reopened();
    expect(lane.suffices).toBe(false);
    lane.write();
    expect([lane.size, lane.suffices]).toEqual([2, true]);
  });

  it('loses the entries that another run left in it', () => {
    lane.confirmed(setOf([]));
    new LaneFolder(root).set(at(9), 'ban');
    folder.open();
    lane.reopened();
    lane.write();
    expect(folder.has(at(9))).toBe(false);
  });
});
