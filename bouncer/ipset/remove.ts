import { CHILD_BITS, HAS_PATH, PREFIX_BITS, STRIDE, bitsOf, indexOf, lengthOf } from './stride.ts';
import { beginsWith, markBits, markedLength } from './marked-bits.ts';
import { blockOf, clearFrom, isNode, isSamePrefix, leafSlot, nodeSlot, readLeaf, releaseLeaf, restAt } from './slot.ts';
import { firstSlot, nodeSize, removeSlot, setPath, slotAt } from './node.ts';
import { EMPTY_SLOT, ROOT_DEPTH, rootLink } from './root.ts';
import type { BlockPool } from './block-pool.ts';

/** Words that one removal can take from the end of the pool: a node that shrinks, a leaf in its place. */
export const REMOVE_ROOM = 64;

/** The way down: where the slot of each node is kept, and the depth of that slot. IPv6 has 28 levels at most. */
const links = new Uint32Array(32);
const depths = new Uint32Array(32);

/** The only prefix that is left in a node. */
const survivor = new Uint32Array(5);

/** Takes out a prefix of `ROOT_DEPTH` bits or more; false when it was not there. The trie is then as if it never was. */
export function remove(pool: BlockPool, words: Uint32Array, length: number): boolean {
  const heap = pool.words;
  let link = rootLink(words);
  let depth = ROOT_DEPTH;
  let index = 0;
  for (let level = 0; ; level++) {
    const slot = heap[link]!;
    if (!isNode(slot)) {
      if (slot === EMPTY_SLOT || !isSamePrefix(heap, slot, depth, words, length)) return false;
      releaseLeaf(pool, slot, depth);
      if (level === 0) heap[link] = EMPTY_SLOT;
      else removeSlot(pool, links[level - 1]!, index);
      tidy(pool, level - 1, words);
      return true;
    }
    links[level] = link;
    depths[level] = depth;
    const at = blockOf(slot);
    const header = heap[at]!;
    if (header & HAS_PATH) {
      const path = heap[at + 1]!;
      if (!beginsWith(restAt(words, depth), path)) return false;
      depth += markedLength(path);
    }
    if (length < depth) return false;
    index = indexOf(restAt(words, depth), Math.min(length - depth, STRIDE));
    if (((header >>> index) & 1) === 0) return false;
    depth += STRIDE;
    if (length < depth) {
      heap[at] = header & ~(1 << index);
      tidy(pool, level, words);
      return true;
    }
    link = slotAt(at, header, index);
  }
}

/** Restores, from a changed node upwards, that a node has two members and a reason to stand where it does. */
function tidy(pool: BlockPool, level: number, words: Uint32Array): void {
  for (; level >= 0; level--) {
    const link = links[level]!;
    const at = blockOf(pool.words[link]!);
    const header = pool.words[at]!;
    const content = header & ~HAS_PATH;
    if ((content & (content - 1)) !== 0) return; // two or more of prefixes and children
    if ((content & CHILD_BITS) !== 0 && isNode(pool.words[firstSlot(at, header)]!)) {
      joinPaths(pool, link, depths[level]!);
      return;
    }
    collapse(pool, link, depths[level]!, words);
  }
}

/** Makes a node with one prefix, its own or a leaf's, a leaf in the slot above. */
function collapse(pool: BlockPool, link: number, depth: number, words: Uint32Array): void {
  const heap = pool.words;
  const at = blockOf(heap[link]!);
  const header = heap[at]!;
  survivor.set(words);
  const base = depth + ((header & HAS_PATH) === 0 ? 0 : markedLength(heap[at + 1]!));
  const index = lengthOf((header & ~HAS_PATH) >>> 0);
  clearFrom(survivor, base);
  survivor[base >>> 5]! |= bitsOf(index) >>> (base & 31);
  let length = base + lengthOf(index);
  if ((header & PREFIX_BITS) === 0) {
    const slot = heap[firstSlot(at, header)]!;
    length = readLeaf(heap, slot, base + STRIDE, survivor);
    releaseLeaf(pool, slot, base + STRIDE);
  }
  pool.release(at, nodeSize(header));
  heap[link] = leafSlot(pool, survivor, length, depth);
}

/**
 * Takes out a node with nothing but one node below it: its path, its nibble and the path below become one path.
 * At the end of a word it stays, since a path is compared with one word.
 */
function joinPaths(pool: BlockPool, link: number, depth: number): void {
  const heap = pool.words;
  const at = blockOf(heap[link]!);
  const header = heap[at]!;
  const upper = (header & HAS_PATH) === 0 ? 0 : heap[at + 1]!;
  const upperLength = upper === 0 ? 0 : markedLength(upper);
  if (((depth + upperLength) & 31) === 32 - STRIDE) return;
  const slot = heap[firstSlot(at, header)]!;
  const below = blockOf(slot);
  const lower = heap[below]! & HAS_PATH ? heap[below + 1]! : markBits(0, 0);
  const nibble = bitsOf(lengthOf((header & ~HAS_PATH) >>> 0));
  // The marker of the upper path is where the nibble begins: clear it, then append; the lower one keeps its own.
  const path = (upper & (upper - 1)) | (nibble >>> upperLength) | (lower >>> (upperLength + STRIDE));
  pool.release(at, nodeSize(header));
  heap[link] = nodeSlot(below);
  setPath(pool, link, path);
}
