import { ANCESTORS, HAS_PATH, PREFIX_BITS, STRIDE, indexOf, lengthOf, rank } from './stride.ts';
import { beginsWith, markedLength } from './marked-bits.ts';
import { blockOf, isNode, leafCovers, leafLength, restAt } from './slot.ts';
import { ROOT_LINK, isSamePrefix } from './insert.ts';

/**
 * Whether any member covers the prefix of these words. One AND a level asks for all prefixes of the node at once,
 * so the walk ends at the widest member, not at the narrowest.
 *
 * This is the hot path: `rest` is kept shifted instead of being taken from `words` at each level.
 */
export function isCovered(heap: Uint32Array, words: Uint32Array, length: number): boolean {
  let at = blockOf(heap[ROOT_LINK]!);
  let depth = 0;
  let rest = words[0]! | 0;
  for (;;) {
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
    const index = (rest >>> 28) | 16;
    if (header & ANCESTORS[index]!) return true;
    if (((header >>> index) & 1) === 0) return false;
    const slot = heap[slots + rank(header, index)]!;
    depth += STRIDE;
    if (!isNode(slot)) return leafCovers(heap, slot, depth, words, length);
    at = slot >>> 2;
    rest = (depth & 31) === 0 ? words[depth >>> 5]! | 0 : rest << STRIDE;
  }
}

/**
 * The lengths of all members that cover the prefix of these words, widest first, written into `lengths`; returns how
 * many they are. The lengths say it all, since whatever covers a prefix is the prefix itself, cut shorter.
 */
export function coveringLengths(heap: Uint32Array, words: Uint32Array, length: number, lengths: Uint8Array): number {
  let count = 0;
  let link = ROOT_LINK;
  for (let depth = 0; ; depth += STRIDE) {
    const slot = heap[link]!;
    if (!isNode(slot)) {
      if (leafCovers(heap, slot, depth, words, length)) lengths[count++] = leafLength(heap, slot, depth);
      return count;
    }
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
    if (length - depth < STRIDE || ((header >>> index) & 1) === 0) return count;
    link = slots + rank(header, index);
  }
}

/** Whether exactly this prefix is a member. */
export function isMember(heap: Uint32Array, words: Uint32Array, length: number): boolean {
  let link = ROOT_LINK;
  for (let depth = 0; ; depth += STRIDE) {
    const slot = heap[link]!;
    if (!isNode(slot)) return isSamePrefix(heap, slot, depth, words, length);
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
    if ((PREFIX_BITS >>> index) & 1) return true;
    link = slots + rank(header, index);
  }
}
