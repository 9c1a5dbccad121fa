import { ANCESTORS, FIRST_CHILD, HAS_PATH, STRIDE, indexOf, lengthOf, rank } from './stride.ts';
import { beginsWith, markedLength } from './marked-bits.ts';
import { EMPTY_SLOT, ROOT_DEPTH, rootLink } from './root.ts';
import { leafCoveringLengths, leafCovers, leafHas } from './leaf.ts';
import { blockOf, isNode, restAt } from './slot.ts';

/**
 * Whether a member below the root covers the prefix of these words, which has `ROOT_DEPTH` bits or more. One AND a
 * level asks for all prefixes of the node at once, so the walk ends at the widest member, not at the narrowest.
 *
 * This is the hot path: `rest` is kept shifted instead of being taken from `words` at each level.
 */
export function isCovered(heap: Uint32Array, words: Uint32Array, length: number): boolean {
  let slot = heap[rootLink(words)]!;
  let depth = ROOT_DEPTH;
  let rest = words[0]! << ROOT_DEPTH;
  while (isNode(slot)) {
    const at = blockOf(slot);
    const header = heap[at]!;
    let slots = at + 1;
    if (header & HAS_PATH) {
      const path = heap[slots++]!;
      if (!beginsWith(rest, path)) return false;
      depth += markedLength(path);
      rest <<= markedLength(path);
    }
    const left = length - depth;
    if (left < STRIDE) return left >= 0 && (header & ANCESTORS[indexOf(rest, left)]!) !== 0;
    const index = (rest >>> 28) | FIRST_CHILD;
    if (header & ANCESTORS[index]!) return true;
    if (((header >>> index) & 1) === 0) return false;
    slot = heap[slots + rank(header, index)]!;
    depth += STRIDE;
    rest = (depth & 31) === 0 ? words[depth >>> 5]! | 0 : rest << STRIDE;
  }
  return slot !== EMPTY_SLOT && leafCovers(heap, slot, depth, words, length);
}

/**
 * Adds the lengths of all members below the root that cover the prefix of these words, widest first, to the `count`
 * that are in `lengths`; returns how many there are then. The lengths say it all, since whatever covers a prefix is
 * the prefix itself, cut shorter.
 */
export function coveringLengths(
  heap: Uint32Array,
  words: Uint32Array,
  length: number,
  lengths: Uint8Array,
  count: number,
): number {
  let slot = heap[rootLink(words)]!;
  let depth = ROOT_DEPTH;
  for (; isNode(slot); depth += STRIDE) {
    const at = blockOf(slot);
    const header = heap[at]!;
    let slots = at + 1;
    if (header & HAS_PATH) {
      const path = heap[slots++]!;
      if (!beginsWith(restAt(words, depth), path)) return count;
      depth += markedLength(path);
    }
    if (length < depth) return count;
    const index = indexOf(restAt(words, depth), Math.min(length - depth, STRIDE));
    // From the lowest bit up, since the wider prefix has the smaller index; `lengthOf` a power of two is its exponent.
    for (let hits = header & ANCESTORS[index]!; hits !== 0; hits &= hits - 1) {
      lengths[count++] = depth + lengthOf(lengthOf(hits & -hits));
    }
    if (index < FIRST_CHILD || ((header >>> index) & 1) === 0) return count;
    slot = heap[slots + rank(header, index)]!;
  }
  return slot === EMPTY_SLOT ? count : leafCoveringLengths(heap, slot, depth, words, length, lengths, count);
}

/** Whether exactly this prefix of `ROOT_DEPTH` bits or more is a member. */
export function isMember(heap: Uint32Array, words: Uint32Array, length: number): boolean {
  let slot = heap[rootLink(words)]!;
  let depth = ROOT_DEPTH;
  for (; isNode(slot); depth += STRIDE) {
    const at = blockOf(slot);
    const header = heap[at]!;
    let slots = at + 1;
    if (header & HAS_PATH) {
      const path = heap[slots++]!;
      if (!beginsWith(restAt(words, depth), path)) return false;
      depth += markedLength(path);
    }
    if (length < depth) return false;
    const index = indexOf(restAt(words, depth), Math.min(length - depth, STRIDE));
    if (((header >>> index) & 1) === 0) return false;
    if (index < FIRST_CHILD) return true;
    slot = heap[slots + rank(header, index)]!;
  }
  return slot !== EMPTY_SLOT && leafHas(heap, slot, depth, words, length);
}
