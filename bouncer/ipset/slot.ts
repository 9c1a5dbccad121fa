import { beginsWith, markBits, markedLength } from './marked-bits.ts';
import type { BlockPool } from './block-pool.ts';

/**
 * Slots: what a node keeps for a child, one word. The low two bits say what it is.
 *
 *     …00  short leaf: the remaining bits of the only prefix below, marked (at most 28, so both bits stay zero)
 *     …01  node: the upper 30 bits are the position of its block
 *     …10  long leaf: the upper 30 bits are the position of its block
 *
 * A leaf is a prefix that shares its slot with no other: what remains of it below the slot's depth is kept in one
 * piece, however many strides that is. IPv4 never needs a long one: slots are at depth 16 or more, so at most 16 bits
 * remain.
 *
 *     example: 203.0.113.7 alone below depth 16: the slot is the leaf 0111_0001 0000_0111 1 000…
 *
 * A long leaf is a block with the prefix's length and those words of the prefix that lie below the slot:
 *
 *     example: 2001:db8:1::/48 alone below depth 20: [48, 0x20010db8, 0x00010000]
 *              the same below depth 32:              [48, 0x00010000] would be long, but 16 bits fit a short leaf
 */

const KIND = 3;
const NODE = 1;
const LONG_LEAF = 2;

/** The most bits of a short leaf: the marker after them must stay above the kind. */
const SHORT_LEAF_BITS = 28;

export function nodeSlot(at: number): number {
  return (at << 2) | NODE;
}

export function longLeafSlot(at: number): number {
  return (at << 2) | LONG_LEAF;
}

export function isNode(slot: number): boolean {
  return (slot & KIND) === NODE;
}

export function isLongLeaf(slot: number): boolean {
  return (slot & KIND) === LONG_LEAF;
}

/** The position of the block of a node or a long leaf. */
export function blockOf(slot: number): number {
  return slot >>> 2;
}

/** The address from bit `depth` on, as far as its word goes. `words` may be read one past the end. */
export function restAt(words: Uint32Array, depth: number): number {
  return words[depth >>> 5]! << (depth & 31);
}

/** A slot at `depth` for a prefix that is alone there; takes a block if it is a long one. */
export function leafSlot(pool: BlockPool, words: Uint32Array, length: number, depth: number): number {
  if (leafIsShort(length, depth)) return markBits(restAt(words, depth), length - depth);
  const at = pool.allocate(longLeafSize(length, depth));
  pool.words[at] = length;
  const from = depth >>> 5;
  for (let i = from; i <= lastWord(length, depth); i++) pool.words[at + 1 + i - from] = words[i]!;
  return longLeafSlot(at);
}

/** Whether a leaf at `depth` is kept in its slot: its bits are few enough and of one word of the address. */
export function leafIsShort(length: number, depth: number): boolean {
  return length - depth <= SHORT_LEAF_BITS && lastWord(length, depth) === depth >>> 5;
}

/** The words of a long leaf's block: its length, and each word of the address that it reaches into. */
export function longLeafSize(length: number, depth: number): number {
  return 2 + lastWord(length, depth) - (depth >>> 5);
}

/** The last word that bits `depth` to `length` reach into. */
function lastWord(length: number, depth: number): number {
  return length === depth ? depth >>> 5 : (length - 1) >>> 5;
}

/** The length of the prefix that a leaf at `depth` stands for. */
export function leafLength(heap: Uint32Array, slot: number, depth: number): number {
  return isLongLeaf(slot) ? heap[blockOf(slot)]! : depth + markedLength(slot);
}

/** Whether a leaf at `depth` covers the prefix of these words, of which the first `depth` bits led here. */
export function leafCovers(
  heap: Uint32Array,
  slot: number,
  depth: number,
  words: Uint32Array,
  length: number,
): boolean {
  if (isLongLeaf(slot)) return longLeafCovers(heap, blockOf(slot), depth, words, length);
  return beginsWith(restAt(words, depth), slot) && depth + markedLength(slot) <= length;
}

function longLeafCovers(heap: Uint32Array, at: number, depth: number, words: Uint32Array, length: number): boolean {
  const bits = heap[at]!;
  if (bits > length) return false;
  let i = depth >>> 5;
  let word = at + 1;
  for (; i < bits >>> 5; i++) if (heap[word++] !== words[i]) return false;
  // The last word may be reached in part; a shift by 32 would shift by nothing.
  return (bits & 31) === 0 || (heap[word]! ^ words[i]!) >>> (32 - (bits & 31)) === 0;
}

/** Whether a leaf at `depth` is this very prefix. */
export function isSamePrefix(
  heap: Uint32Array,
  slot: number,
  depth: number,
  words: Uint32Array,
  length: number,
): boolean {
  return leafLength(heap, slot, depth) === length && leafCovers(heap, slot, depth, words, length);
}

/** Writes the bits of a leaf at `depth` into `words`, whose first `depth` bits are its own; returns its length. */
export function readLeaf(heap: Uint32Array, slot: number, depth: number, words: Uint32Array): number {
  const from = depth >>> 5;
  if (!isLongLeaf(slot)) {
    clearFrom(words, depth);
    words[from]! |= (slot & (slot - 1)) >>> (depth & 31);
    return depth + markedLength(slot);
  }
  const at = blockOf(slot);
  const length = heap[at]!;
  words.fill(0, from);
  for (let i = from; i <= lastWord(length, depth); i++) words[i] = heap[at + 1 + i - from]!;
  return length;
}

export function releaseLeaf(pool: BlockPool, slot: number, depth: number): void {
  if (!isLongLeaf(slot)) return;
  const at = blockOf(slot);
  pool.release(at, longLeafSize(pool.words[at]!, depth));
}

/** Clears every bit from `depth` on. */
export function clearFrom(words: Uint32Array, depth: number): void {
  const at = depth >>> 5;
  words[at]! &= ~(0xffff_ffff >>> (depth & 31));
  words.fill(0, at + 1);
}
