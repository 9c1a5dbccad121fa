import type { BlockPool } from './block-pool.ts';
import { LARGEST_BUCKET, MOST_MEMBERS } from './bucket-size.ts';
import { buildSlot } from './build.ts';
import { leafCount, leafHas, pushLeaf, releaseLeaf } from './leaf.ts';
import { beginsWith, markBits, markedLength } from './marked-bits.ts';
import { Members } from './members.ts';
import { firstSlot, nodeSize, removeSlot, setPath, slotAt, slotCount } from './node.ts';
import { EMPTY_SLOT, ROOT_DEPTH, rootLink } from './root.ts';
import { blockOf, clearFrom, isNode, nodeSlot, restAt } from './slot.ts';
import { CHILD_BITS, FIRST_CHILD, HAS_PATH, PREFIX_BITS, PREORDER, STRIDE } from './stride.ts';
import { bitsOf, indexOf, lengthOf, popcount16 } from './stride.ts';

/** Words that one removal can take from the end of the pool: a bucket, in place of a node at the end of each word. */
export const REMOVE_ROOM = 5 * LARGEST_BUCKET;

/** The way down: where the slot of each node is kept, and the depth of that slot. IPv6 has 28 levels at most. */
const links = new Uint32Array(32);
const depths = new Uint32Array(32);

/** What is left. */
const members = new Members();
const address = new Uint32Array(5);

/** Takes out a prefix of `ROOT_DEPTH` bits or more; false when it was not there. The trie is then as if it never was. */
export function remove(pool: BlockPool, words: Uint32Array, length: number): boolean {
  const heap = pool.words;
  let link = rootLink(words);
  let depth = ROOT_DEPTH;
  let index = 0;
  for (let level = 0; ; level++) {
    const slot = heap[link]!;
    if (!isNode(slot)) {
      if (slot === EMPTY_SLOT || !leafHas(heap, slot, depth, words, length)) return false;
      if (leafCount(heap, slot) > 1) {
        removeFromBucket(pool, link, depth, words, length);
      } else {
        releaseLeaf(pool, slot);
        if (level === 0) heap[link] = EMPTY_SLOT;
        else removeSlot(pool, links[level - 1]!, index);
      }
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

function removeFromBucket(pool: BlockPool, link: number, depth: number, words: Uint32Array, length: number): void {
  const slot = pool.words[link]!;
  members.clear();
  pushLeaf(members, pool.words, slot, depth, words);
  members.remove(words, length);
  releaseLeaf(pool, slot);
  pool.words[link] = buildSlot(pool, members, 0, members.count, depth);
}

/** Restores, from a changed node upwards, that a node has too many members for a bucket and a reason to stand there. */
function tidy(pool: BlockPool, level: number, words: Uint32Array): void {
  for (; level >= 0; level--) {
    const link = links[level]!;
    const at = blockOf(pool.words[link]!);
    const header = pool.words[at]!;
    if (hasTooMany(pool.words, at, header)) {
      const content = header & ~HAS_PATH;
      const leadsOn = (content & (content - 1)) === 0 && (content & CHILD_BITS) !== 0;
      if (leadsOn && isNode(pool.words[firstSlot(at, header)]!)) joinPaths(pool, link, depths[level]!);
      return;
    }
    collapse(pool, link, depths[level]!, words);
  }
}

/** Whether more is in and below a node than fits a bucket; with a node below it there is. */
function hasTooMany(heap: Uint32Array, at: number, header: number): boolean {
  const slots = firstSlot(at, header);
  let count = popcount16(header & PREFIX_BITS);
  for (let i = slots; i < slots + slotCount(header) && count <= MOST_MEMBERS; i++) {
    if (isNode(heap[i]!)) return true;
    count += leafCount(heap, heap[i]!);
  }
  return count > MOST_MEMBERS;
}

/** Makes a node with leaves only, and few members, one leaf in the slot above. */
function collapse(pool: BlockPool, link: number, slotDepth: number, words: Uint32Array): void {
  const heap = pool.words;
  const at = blockOf(heap[link]!);
  const header = heap[at]!;
  const depth = slotDepth + ((header & HAS_PATH) === 0 ? 0 : markedLength(heap[at + 1]!));
  members.clear();
  address.set(words);
  for (const index of PREORDER) {
    if (((header >>> index) & 1) === 0) continue;
    clearFrom(address, depth);
    address[depth >>> 5]! |= bitsOf(index) >>> (depth & 31);
    if (index < FIRST_CHILD) {
      members.push(address, depth + lengthOf(index));
      continue;
    }
    const slot = heap[slotAt(at, header, index)]!;
    pushLeaf(members, heap, slot, depth + STRIDE, address);
    releaseLeaf(pool, slot);
  }
  pool.release(at, nodeSize(header));
  heap[link] = buildSlot(pool, members, 0, members.count, slotDepth);
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
