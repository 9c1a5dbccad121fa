import type { BlockPool } from './block-pool.ts';
import { bucketCoveringLengths, bucketCovers, bucketHas, bucketSize, memberCount, readRecord } from './bucket.ts';
import { markedLength } from './marked-bits.ts';
import type { Members } from './members.ts';
import { blockOf, isBucket, readShortLeaf, shortLeafCovers } from './slot.ts';

/**
 * Leaves: slots below which there is no node. One is a short leaf, which is in the slot itself, or a bucket.
 * All these ask for a slot that is not empty, at the `depth` that the walk has come to.
 */

/** How many members are in it. */
export function leafCount(heap: Uint32Array, slot: number): number {
  return isBucket(slot) ? memberCount(heap[blockOf(slot)]!) : 1;
}

/** Writes one of its members into `words`, whose first `depth` bits are its own; returns its length. */
export function readLeaf(heap: Uint32Array, slot: number, index: number, depth: number, words: Uint32Array): number {
  if (isBucket(slot)) return readRecord(heap, slot, index, depth, words);
  return readShortLeaf(slot, depth, words);
}

/** Adds all its members to a list; the first `depth` bits of `words` led here. */
export function pushLeaf(members: Members, heap: Uint32Array, slot: number, depth: number, words: Uint32Array): void {
  const count = leafCount(heap, slot);
  for (let i = 0; i < count; i++) {
    const at = members.count;
    members.push(words, depth);
    members.lengths[at] = readLeaf(heap, slot, i, depth, members.rows[at]!);
  }
}

/** Whether a member covers the prefix of these words, of which the first `depth` bits led here. */
export function leafCovers(
  heap: Uint32Array,
  slot: number,
  depth: number,
  words: Uint32Array,
  length: number,
): boolean {
  if (isBucket(slot)) return bucketCovers(heap, slot, depth, words, length);
  return shortLeafCovers(slot, depth, words, length);
}

/** Adds the lengths of all members that do to the `count` that are in `lengths`; returns how many there are then. */
export function leafCoveringLengths(
  heap: Uint32Array,
  slot: number,
  depth: number,
  words: Uint32Array,
  length: number,
  lengths: Uint8Array,
  count: number,
): number {
  if (isBucket(slot)) return bucketCoveringLengths(heap, slot, depth, words, length, lengths, count);
  if (shortLeafCovers(slot, depth, words, length)) lengths[count++] = depth + markedLength(slot);
  return count;
}

/** Whether a member is this very prefix. */
export function leafHas(heap: Uint32Array, slot: number, depth: number, words: Uint32Array, length: number): boolean {
  if (isBucket(slot)) return bucketHas(heap, slot, depth, words, length);
  return depth + markedLength(slot) === length && shortLeafCovers(slot, depth, words, length);
}

export function releaseLeaf(pool: BlockPool, slot: number): void {
  if (isBucket(slot)) pool.release(blockOf(slot), bucketSize(pool.words, slot));
}
