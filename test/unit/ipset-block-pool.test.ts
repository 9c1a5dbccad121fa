import { describe, expect, it } from 'vitest';
import { BlockPool } from '../../bouncer/ipset/block-pool.ts';
import { ROOT_SLOTS } from '../../bouncer/ipset/root.ts';

describe('a pool of blocks', () => {
  it('hands out what it has room for, to the last word, and no more', () => {
    const pool = new BlockPool(ROOT_SLOTS + 6);
    expect([pool.hasRoom(6), pool.hasRoom(7)]).toEqual([true, false]);
    expect([pool.allocate(4), pool.allocate(2)]).toEqual([ROOT_SLOTS, ROOT_SLOTS + 4]);
    expect(() => pool.allocate(1)).toThrow('without making room first');
  });

  it('hands out a block again before it cuts a new one', () => {
    const pool = new BlockPool(ROOT_SLOTS + 16);
    const [one, two] = [pool.allocate(4), pool.allocate(4)];
    pool.release(one, 4);
    pool.release(two, 4);
    expect([pool.freeWords, pool.liveWords, [...pool.freeBlocks(4)]]).toEqual([8, ROOT_SLOTS, [two, one]]);
    expect(pool.allocate(3)).toBe(ROOT_SLOTS + 8);
    expect([pool.allocate(4), pool.allocate(4), pool.freeWords]).toEqual([two, one, 0]);
    expect(pool.allocate(4)).toBe(ROOT_SLOTS + 11);
  });

  it('holds what a slot can point to', () => {
    expect(() => new BlockPool(2 ** 28 + 1)).toThrow('at most 1 GiB per family');
  });
});
