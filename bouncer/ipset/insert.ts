import type { BlockPool } from './block-pool.ts';
import { LARGEST_BUCKET } from './bucket-size.ts';
import { buildSlot } from './build.ts';
import { pushLeaf, releaseLeaf } from './leaf.ts';
import { beginsWith, markBits, markedLength } from './marked-bits.ts';
import { Members } from './members.ts';
import { createNode, insertSlot, setPath, slotAt } from './node.ts';
import { EMPTY_SLOT, ROOT_DEPTH, rootLink } from './root.ts';
import { blockOf, isNode, nodeSlot, restAt } from './slot.ts';
import { HAS_PATH, STRIDE, indexOf } from './stride.ts';

/**
 * More words than one insertion takes from the end of the pool. The most, for a bucket of IPv6 addresses that is full:
 * what was in it, four words each, in buckets with a header each; above them a node at the end of each of four words
 * (2 words, 3 with its slot) and one of up to 18 words.
 */
export const INSERT_ROOM = 2 * LARGEST_BUCKET;

/** What is in the way of the new prefix. */
const members = new Members();

/**
 * Adds a prefix of `ROOT_DEPTH` bits or more; false when it was there. Walks down as far as nodes go. A path that leads
 * past the prefix is split, and then the walk goes on; a leaf is built anew with the prefix among its members.
 */
export function insert(pool: BlockPool, words: Uint32Array, length: number): boolean {
  const heap = pool.words;
  let link = rootLink(words);
  let depth = ROOT_DEPTH;
  for (;;) {
    const slot = heap[link]!;
    if (!isNode(slot)) return insertIntoLeaf(pool, link, depth, words, length);
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
      insertSlot(pool, link, index, buildAlone(pool, words, length, depth));
      return true;
    }
    link = slotAt(at, header, index);
  }
}

function insertIntoLeaf(pool: BlockPool, link: number, depth: number, words: Uint32Array, length: number): boolean {
  const slot = pool.words[link]!;
  members.clear();
  if (slot !== EMPTY_SLOT) pushLeaf(members, pool.words, slot, depth, words);
  if (!members.insert(words, length)) return false;
  releaseLeaf(pool, slot);
  pool.words[link] = buildSlot(pool, members, 0, members.count, depth);
  return true;
}

function buildAlone(pool: BlockPool, words: Uint32Array, length: number, depth: number): number {
  members.clear();
  members.push(words, length);
  return buildSlot(pool, members, 0, 1, depth);
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
