import { describe, expect, it } from 'vitest';
import { IpSet } from '../../bouncer/ipset/ip-set.ts';
import { validate } from '../../bouncer/ipset/validate.ts';
import type { Prefix } from '../../bouncer/shared/net/prefix.ts';

/** Breaks one word of a good trie, in every way that a mistake in insert or remove could, and sees it noticed. */
describe('validate', () => {
  // Root slot 0x0a01 leads to a node at depth 20 with a path, which has a prefix of its own and two children.
  const build = () => IpSet.from(['10.1.16.0/20', '10.1.17.1', '10.1.18.0/24'] as Prefix[]).ipv4;
  const link = 0x0a01;
  const at = (trie: ReturnType<typeof build>) => trie.pool.words[link]! >>> 2;

  it('is given the words that node.ts explains', () => {
    const { words } = build().pool;
    const node = at(build());
    expect([...words.subarray(node, node + 4)]).toEqual([0x0006_0003, 0x1800_0000, 0x0180_0000, 0x8000_0000]);
  });

  it('finds nothing wrong with a good trie', () => {
    expect(() => validate(build(), 32)).not.toThrow();
  });

  it.each<[string, string, (trie: ReturnType<typeof build>) => void]>([
    ['a size that is not that of the members', 'members are counted', (trie) => trie.size++],
    ['a subtree that is lost', 'members are counted', (trie) => (trie.pool.words[link] = 0)],
    ['a block in two places', 'in two blocks', (trie) => (trie.pool.words[0x0b00] = trie.pool.words[link]!)],
    ['a block outside of the pool', 'past the end', (trie) => (trie.pool.words[link] = (trie.pool.end << 2) | 1)],
    ['a path of part of a stride', 'whole strides', (trie) => (trie.pool.words[at(trie) + 1] = 0x1c000000)],
    ['a path out of its word', 'stays in its word', (trie) => (trie.pool.words[at(trie) + 1] = 0x10000800)],
    ['a leaf longer than an address', 'no longer than an address', (trie) => (trie.pool.words[at(trie) + 2] = 4)],
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
