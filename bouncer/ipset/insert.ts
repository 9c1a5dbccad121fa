import { HAS_PATH, STRIDE, indexOf } from './stride.ts';
import { beginsWith, markBits, markedLength } from './marked-bits.ts';
import { blockOf, isNode, isSamePrefix, leafSlot, nodeSlot, readLeaf, releaseLeaf, restAt } from './slot.ts';
import { createNode, insertSlot, setPath, slotAt } from './node.ts';
import { EMPTY_SLOT, ROOT_DEPTH, rootLink } from './root.ts';
import type { BlockPool } from './block-pool.ts';

/**
 * More words than one insertion takes from the end of the pool. The most, for two IPv6 addresses that differ in the last
 * bit: a node at the end of each of four words (2 words, 3 with its slot), the moved leaf below it (5 at most), the new
 * leaf, and one node of up to 18 words that moves.
 */
export const INSERT_ROOM = 128;

/** The prefix that already was where the new one goes. */
const neighbour = new Uint32Array(5);

/**
 * Adds a prefix of `ROOT_DEPTH` bits or more; false when it was there. Walks down as far as nodes go; whatever is in
 * the way there – a leaf, or a path that leads past the prefix – is first made a node, and then the walk goes on.
 */
export function insert(pool: BlockPool, words: Uint32Array, length: number): boolean {
  const heap = pool.words;
  let link = rootLink(words);
  let depth = ROOT_DEPTH;
  for (;;) {
    const slot = heap[link]!;
    if (slot === EMPTY_SLOT) {
      heap[link] = leafSlot(pool, words, length, depth);
      return true;
    }
    if (!isNode(slot)) {
      if (isSamePrefix(heap, slot, depth, words, length)) return false;
      pushDown(pool, link, depth, words, length);
      continue;
    }
    const at = blockOf(slot);
    const header = heap[at]!;
    if (header & HAS_PATH) {
      const path = heap[at + 1]!;
      const rest = restAt(words, depth);
      if (depth + markedLength(path) > length || !beginsWith(rest, path)) {
        splitPath(pool, link, rest, length - depth);
        continue;
      }
      depth += markedLength(path);
    }
    const index = indexOf(restAt(words, depth), Math.min(length - depth, STRIDE));
    const isKnown = ((header >>> index) & 1) === 1;
    depth += STRIDE;
    if (length < depth) {
      heap[at] = header | (1 << index);
      return !isKnown;
    }
    if (!isKnown) {
      insertSlot(pool, link, index, leafSlot(pool, words, length, depth));
      return true;
    }
    link = slotAt(at, header, index);
  }
}

/**
 * Puts a node at the last whole stride that the path and a prefix of `left` bits have in common.
 *
 *     path   1010 0110 0001        →  a node with path 1010, its child 0110 is the old node with path 0001
 *     rest   1010 0111 …
 */
function splitPath(pool: BlockPool, link: number, rest: number, left: number): void {
  const slot = pool.words[link]!;
  const path = pool.words[blockOf(slot) + 1]!;
  const common = Math.min(Math.clz32(rest ^ path), markedLength(path), left) & -STRIDE;
  const upper = createNode(pool, common === 0 ? 0 : markBits(path, common));
  // The marker moves along: what is left of the path after its common strides and the one that now is a child.
  const lower = path << (common + STRIDE);
  pool.words[link] = nodeSlot(upper);
  insertSlot(pool, link, indexOf(path << common, STRIDE), slot);
  const at = blockOf(pool.words[link]);
  setPath(pool, slotAt(at, pool.words[at]!, indexOf(path << common, STRIDE)), markedLength(lower) === 0 ? 0 : lower);
}

/** Makes the leaf that `link` holds a node, as deep as leaf and prefix go together, that has only the leaf. */
function pushDown(pool: BlockPool, link: number, depth: number, words: Uint32Array, length: number): void {
  const slot = pool.words[link]!;
  neighbour.set(words);
  const bits = readLeaf(pool.words, slot, depth, neighbour);
  releaseLeaf(pool, slot, depth);
  const stop = nodeDepth(commonBits(words, neighbour, depth, Math.min(bits, length)), depth);
  pool.words[link] = nodeSlot(createNode(pool, stop === depth ? 0 : markBits(restAt(words, depth), stop - depth)));
  const index = indexOf(restAt(neighbour, stop), Math.min(bits - stop, STRIDE));
  if (bits - stop < STRIDE) pool.words[blockOf(pool.words[link])]! |= 1 << index;
  else insertSlot(pool, link, index, leafSlot(pool, neighbour, bits, stop + STRIDE));
}

/**
 * How deep a node stands that is reached at `depth` and whose prefixes have `common` bits in common: at the last
 * whole stride, but in the word that it is reached in, since a path is compared with one word.
 */
export function nodeDepth(common: number, depth: number): number {
  return Math.min(common & -STRIDE, depth | 28);
}

/** How many bits two prefixes have in common, of the first `length`; they do have `depth`. */
function commonBits(a: Uint32Array, b: Uint32Array, depth: number, length: number): number {
  for (let i = depth >>> 5; i << 5 < length; i++) {
    const difference = a[i]! ^ b[i]!;
    if (difference !== 0) return Math.min(length, (i << 5) + Math.clz32(difference));
  }
  return length;
}
