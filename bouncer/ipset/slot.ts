import { beginsWith, markBits, markedLength } from './marked-bits.ts';

/**
 * Slots: what a node or the root table keeps for a child, one word. The low two bits say what it is.
 *
 *     …00    short leaf: the remaining bits of the only prefix below, marked (at most 28, so both bits stay zero)
 *     …0001  node: the upper 28 bits are the position of its block
 *     …ww10  bucket: the same, and ww + 1 is how many words a record of it has (`bucket.ts`)
 *
 * A short leaf is a prefix that shares its slot with no other and whose remainder is short enough: it takes no block.
 *
 *     example: 203.0.113.7 alone below depth 16: the slot is the leaf 0111_0001 0000_0111 1 000…
 *
 * For an IPv4 prefix alone that always suffices: slots are at depth 16 or more, so at most 16 bits remain.
 */

const KIND = 3;
const NODE = 1;
const BUCKET = 2;

/** The most bits of a short leaf: the marker after them must stay above the kind. */
const SHORT_LEAF_BITS = 28;

export function nodeSlot(at: number): number {
  return (at << 4) | NODE;
}

export function bucketSlot(at: number, recordSize: number): number {
  return (at << 4) | ((recordSize - 1) << 2) | BUCKET;
}

export function isNode(slot: number): boolean {
  return (slot & KIND) === NODE;
}

export function isBucket(slot: number): boolean {
  return (slot & KIND) === BUCKET;
}

/** The position of the block of a node or a bucket. */
export function blockOf(slot: number): number {
  return slot >>> 4;
}

/** How many words (1 to 4) a record of a bucket has. */
export function recordSize(slot: number): number {
  return ((slot >>> 2) & 3) + 1;
}

/** The address from bit `depth` on, as far as its word goes. `words` may be read one past the end. */
export function restAt(words: Uint32Array, depth: number): number {
  return words[depth >>> 5]! << (depth & 31);
}

/** The last word of an address that bits `depth` to `length` reach into. */
export function lastWord(length: number, depth: number): number {
  return length === depth ? depth >>> 5 : (length - 1) >>> 5;
}

/** Whether a prefix alone at `depth` is kept in its slot: its bits are few enough and of one word of the address. */
export function isShort(length: number, depth: number): boolean {
  return length - depth <= SHORT_LEAF_BITS && lastWord(length, depth) === depth >>> 5;
}

export function shortLeaf(words: Uint32Array, length: number, depth: number): number {
  return markBits(restAt(words, depth), length - depth);
}

/** Whether a short leaf at `depth` covers the prefix of these words, of which the first `depth` bits led here. */
export function shortLeafCovers(slot: number, depth: number, words: Uint32Array, length: number): boolean {
  return beginsWith(restAt(words, depth), slot) && depth + markedLength(slot) <= length;
}

/** Writes the bits of a short leaf into `words`, whose first `depth` bits are its own; returns its length. */
export function readShortLeaf(slot: number, depth: number, words: Uint32Array): number {
  clearFrom(words, depth);
  words[depth >>> 5]! |= (slot & (slot - 1)) >>> (depth & 31);
  return depth + markedLength(slot);
}

/** Clears every bit from `depth` on. */
export function clearFrom(words: Uint32Array, depth: number): void {
  const at = depth >>> 5;
  words[at]! &= ~(0xffff_ffff >>> (depth & 31));
  words.fill(0, at + 1);
}
