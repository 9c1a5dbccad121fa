import { describe, expect, it } from 'vitest';
import { BlockPool } from '../../bouncer/ipset/block-pool.ts';
import { markBits } from '../../bouncer/ipset/marked-bits.ts';
import { createNode, insertSlot, setPath } from '../../bouncer/ipset/node.ts';
import { ROOT_SLOTS } from '../../bouncer/ipset/root.ts';
import { blockOf, nodeSlot } from '../../bouncer/ipset/slot.ts';

describe('a node', () => {
  it('is its header alone while it has neither path nor children: the next block stays as it is', () => {
    const pool = new BlockPool(ROOT_SLOTS + 8);
    const [gap, next] = [pool.allocate(1), pool.allocate(1)];
    pool.words[next] = 0x2001_0db8;
    pool.release(gap, 1);
    expect(createNode(pool, 0)).toBe(gap);
    expect([pool.words[gap], pool.words[next]]).toEqual([0, 0x2001_0db8]);
  });

  it('stays where it is while its path only changes, and moves when it loses it', () => {
    const pool = new BlockPool(ROOT_SLOTS + 32);
    const link = 0x2001;
    const words = () => {
      const at = blockOf(pool.words[link]!);
      return [...pool.words.subarray(at, at + 3)];
    };
    pool.words[link] = nodeSlot(createNode(pool, markBits(0x1000_0000, 4)));
    insertSlot(pool, link, 17, 0x8000_0000);
    const slot = pool.words[link];
    const { liveWords } = pool;
    setPath(pool, link, markBits(0x1200_0000, 8));
    expect([pool.words[link], words()]).toEqual([slot, [0x0002_0001, 0x1280_0000, 0x8000_0000]]);
    setPath(pool, link, 0);
    expect([words().slice(0, 2), pool.liveWords]).toEqual([[0x0002_0000, 0x8000_0000], liveWords - 1]);
  });
});
