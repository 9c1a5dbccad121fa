import { describe, expect, it } from 'vitest';
import { IpSet } from '../../bouncer/ipset/ip-set.ts';
import { createNode, insertSlot, removeSlot, setPath, slotAt } from '../../bouncer/ipset/node.ts';
import { blockOf, bucketSlot, isBucket, nodeSlot, recordSize } from '../../bouncer/ipset/slot.ts';
import { validate } from '../../bouncer/ipset/validate.ts';
import type { Prefix } from '../../bouncer/shared/net/prefix.ts';

/** Breaks one word of a good trie, in every way that a mistake in insert or remove could, and sees it noticed. */
describe('validate', () => {
  // Root slot 0x0a01 leads to a node at depth 20 with a path, which has a prefix of its own, a bucket and a leaf.
  const addresses = Array.from({ length: 32 }, (_, i) => `10.1.17.${i + 1}`);
  const build = () => IpSet.from(['10.1.16.0/20', ...addresses, '10.1.18.0/24'] as Prefix[]).ipv4;
  const link = 0x0a01;
  const at = (trie: ReturnType<typeof build>) => blockOf(trie.pool.words[link]!);
  const bucket = (trie: ReturnType<typeof build>) => blockOf(trie.pool.words[at(trie) + 2]!);

  it('is given the words that node.ts explains', () => {
    const { words } = build().pool;
    const node = at(build());
    expect([...words.subarray(node, node + 2), words[node + 3]]).toEqual([0x0006_0003, 0x1800_0000, 0x8000_0000]);
    const slot = words[node + 2]!;
    expect([isBucket(slot), recordSize(slot)]).toEqual([true, 1]);
    expect([...words.subarray(blockOf(slot), blockOf(slot) + 3)]).toEqual([0x2020, 0x2001_1101, 0x2001_1102]);
  });

  it('is given the words that bucket.ts explains', () => {
    const { words } = IpSet.from(['2001:db8:1::/48', '2001:db8:2::/64'] as Prefix[]).ipv6.pool;
    const slot = words[0x2001]!;
    expect([isBucket(slot), recordSize(slot)]).toEqual([true, 2]);
    const records = [0x3001_0db8, 0x0001_0000, 0x4001_0db8, 0x0002_0000];
    expect([...words.subarray(blockOf(slot), blockOf(slot) + 5)]).toEqual([0x3002, ...records]);
  });

  it('finds nothing wrong with a good trie', () => {
    expect(() => validate(build(), 32)).not.toThrow();
  });

  it('counts the prefixes that are too short for the root table', () => {
    const set = IpSet.from(['10.0.0.0/8', '11.0.0.0/8', '11.1.1.1'] as Prefix[]);
    validate(set.ipv4, 32);
    set.delete('10.0.0.0/8' as Prefix);
    validate(set.ipv4, 32);
    set.ipv4.size--;
    expect(() => validate(set.ipv4, 32)).toThrow('1 members are counted, 2 are there');
  });

  it.each<[string, string, (trie: ReturnType<typeof build>) => void]>([
    ['a size that is not that of the members', 'members are counted', (trie) => trie.size++],
    ['a subtree that is lost', 'members are counted', (trie) => (trie.pool.words[link] = 0)],
    ['a block in two places', 'in two blocks', (trie) => (trie.pool.words[0x0b00] = trie.pool.words[link]!)],
    ['a block outside of the pool', 'past the end', (trie) => (trie.pool.words[link] = nodeSlot(trie.pool.end))],
    ['a path of part of a stride', 'whole strides', (trie) => (trie.pool.words[at(trie) + 1] = 0x1c000000)],
    ['a path of no bits', 'not none', (trie) => (trie.pool.words[at(trie) + 1] = 0x8000_0000)],
    ['a path that is not marked', 'not none', (trie) => (trie.pool.words[at(trie) + 1] = 0)],
    ['a path out of its word', 'stays in its word', (trie) => (trie.pool.words[at(trie) + 1] = 0x10000800)],
    ['a child that is empty', 'a leaf has a marker', (trie) => (trie.pool.words[at(trie) + 3] = 0)],
    ['a leaf longer than an address', 'no longer than an address', (trie) => (trie.pool.words[at(trie) + 3] = 4)],
    [
      'a record that ends above its bucket',
      'ends below its slot',
      (trie) => (trie.pool.words[bucket(trie) + 1] = 0x1001_0000),
    ],
    [
      'a record longer than an address',
      'no later than an address',
      (trie) => (trie.pool.words[bucket(trie) + 1] = 0x2101_1101),
    ],
    [
      'a record with host bits',
      'no bits after its length',
      (trie) => (trie.pool.words[bucket(trie) + 1] = 0x1c01_1101),
    ],
    ['records out of order', 'in order', (trie) => (trie.pool.words[bucket(trie) + 1] = 0x2001_1103)],
    ['a record twice', 'in order', (trie) => (trie.pool.words[bucket(trie) + 1] = 0x2001_1102)],
    ['a shortest that none is', 'for its shortest', (trie) => (trie.pool.words[bucket(trie)] = 0x1f20)],
    ['a bucket of none', 'has 0 members', (trie) => (trie.pool.words[bucket(trie)] = 0x2000)],
    ['a bucket of too many', 'has 33 members', (trie) => (trie.pool.words[bucket(trie)] = 0x2021)],
    [
      'a node where a bucket would do',
      'fit a bucket',
      (trie) => {
        trie.pool.words[at(trie)]! &= ~2;
        removeSlot(trie.pool, link, 18);
      },
    ],
    [
      'a node that only leads to another',
      'only leads on',
      (trie) => {
        const below = trie.pool.words[link]!;
        trie.pool.words[link] = nodeSlot(createNode(trie.pool, 0));
        insertSlot(trie.pool, link, 17, below);
        setPath(trie.pool, slotAt(at(trie), trie.pool.words[at(trie)]!, 17), 0);
      },
    ],
    [
      'a bucket of one where no block is needed',
      'can be short',
      (trie) => {
        const block = trie.pool.allocate(2);
        trie.pool.words.set([0x1801, 0x1801_1200], block);
        trie.pool.words[at(trie) + 3] = bucketSlot(block, 1);
      },
    ],
    [
      'records of more words than they need',
      'the words they need',
      (trie) => {
        const records = trie.pool.words.slice(bucket(trie) + 1, bucket(trie) + 33);
        trie.pool.release(bucket(trie), 33);
        const block = trie.pool.allocate(65);
        trie.pool.words.set([0x2020, ...[...records].flatMap((record) => [record, 0])], block);
        trie.pool.words[at(trie) + 2] = bucketSlot(block, 2);
      },
    ],
    ['words that nothing leads to', 'is lost', (trie) => trie.pool.end++],
    [
      'free words that are not counted',
      'free words are counted',
      (trie) => {
        trie.pool.release(trie.pool.allocate(3), 3);
        trie.pool.freeWords--;
      },
    ],
  ])('notices %s', (_, message, sabotage) => {
    const trie = build();
    sabotage(trie);
    expect(() => validate(trie, 32)).toThrow(message);
  });
});
