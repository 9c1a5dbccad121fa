/**
 * The root of a trie: not a node, but a table of the slots at depth 16, one for each value of the first 16 bits.
 *
 *     192.0.2.1    → slot 0xc000      2001:db8::1 → slot 0x2001
 *
 * Near the top a large trie is full, so a table skips four levels of nodes and the memory accesses that they cost,
 * and wastes little. 256 KiB a family; the system hands out the pages of it that a small set never touches lazily.
 *
 * The slots are the first words of the pool, so the number of a slot is also its link. An empty slot is 0, which is
 * no slot of a node or a leaf. Prefixes shorter than 16 bits are kept apart (`short-prefixes.ts`).
 */

/** Where slots of the table stand: prefixes of this length or longer are in or below them. */
export const ROOT_DEPTH = 16;
export const ROOT_SLOTS = 65_536;

export const EMPTY_SLOT = 0;

/** Where the slot is kept that leads to a prefix of `ROOT_DEPTH` bits or more. */
export function rootLink(words: Uint32Array): number {
  return words[0]! >>> 16;
}
