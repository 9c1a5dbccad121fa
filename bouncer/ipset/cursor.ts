import { FIRST_CHILD, HAS_PATH, POSITION, PREORDER, STRIDE, bitsOf, indexOf, lengthOf, runLength } from './stride.ts';
import { markedLength } from './marked-bits.ts';
import { slotAt } from './node.ts';
import { EMPTY_SLOT, ROOT_DEPTH, ROOT_SLOTS, rootLink } from './root.ts';
import type { ShortPrefixes } from './short-prefixes.ts';
import { leafCount, readLeaf } from './leaf.ts';
import { blockOf, clearFrom, isNode, restAt } from './slot.ts';

/** IPv6 has a node for each nibble below the root at most. */
const MOST_LEVELS = 28;

/**
 * A walk over the members inside a prefix, in order: by address, the wider first. After each `next()` that was true,
 * `words` and `length` are a member.
 *
 * The root table is walked slot by slot; before each slot come the short prefixes that begin there. Within a node the
 * order is that of PREORDER, in which prefixes and children are interleaved, and what an index covers is one run.
 */
export class Cursor {
  readonly words = new Uint32Array(5);
  length = 0;

  readonly #heap: Uint32Array;
  readonly #short: ShortPrefixes;
  /** The next slot of the root table, where to stop, and the next short length to look for before it. */
  #slot: number;
  #lastSlot: number;
  #shortLength: number;
  /** The way down from there: each node, its depth, and the part of PREORDER that is still to be visited. */
  readonly #nodes = new Uint32Array(MOST_LEVELS);
  readonly #depths = new Uint8Array(MOST_LEVELS);
  readonly #positions = new Uint8Array(MOST_LEVELS);
  readonly #ends = new Uint8Array(MOST_LEVELS);
  #level = -1;
  /** The leaf that the walk is in, and the part of it that is still to be visited; the end is 0 in none. */
  #leaf = EMPTY_SLOT;
  #leafDepth = 0;
  #leafPosition = 0;
  #leafEnd = 0;

  /** Starts before the first of the members that are covered by the prefix of these words. */
  constructor(heap: Uint32Array, short: ShortPrefixes, words: Uint32Array, length: number) {
    this.#heap = heap;
    this.#short = short;
    this.words.set(words);
    this.#slot = rootLink(words);
    this.#lastSlot = this.#slot + (length < ROOT_DEPTH ? ROOT_SLOTS >>> length : 1);
    this.#shortLength = length;
    if (length > ROOT_DEPTH) this.#seek(length);
  }

  next(): boolean {
    for (;;) {
      if (this.#leafEnd > 0) {
        if (this.#nextInLeaf()) return true;
      } else if (this.#level >= 0) {
        if (this.#nextInNode()) return true;
      } else if (!this.#hasSlot()) {
        return false;
      } else if (this.#nextInRoot()) {
        return true;
      }
    }
  }

  /** Leaves out the members that the last one covers. */
  skipCovered(): void {
    if (this.length < ROOT_DEPTH) {
      this.#leaveSlots(ROOT_SLOTS >>> this.length);
    } else if (this.#leafEnd > 0) {
      while (this.#leafPosition < this.#leafEnd && this.#coversNextInLeaf()) this.#leafPosition++;
    } else {
      const index = PREORDER[this.#positions[this.#level]! - 1]!;
      this.#positions[this.#level]! += runLength(index) - 1;
    }
  }

  /** Whether there is a slot left that has anything; moves on to it. */
  #hasSlot(): boolean {
    const heap = this.#heap;
    const short = this.#short;
    const last = this.#lastSlot;
    const from = this.#slot;
    let slot = from;
    if (short.count === 0) while (slot < last && heap[slot] === EMPTY_SLOT) slot++;
    else while (slot < last && heap[slot] === EMPTY_SLOT && !short.beginsAt(slot)) slot++;
    if (slot > from) this.#leaveSlots(slot - from);
    return slot < last;
  }

  /** Whether a short prefix begins at the next root slot; if not, the walk goes on with what is in it. */
  #nextInRoot(): boolean {
    this.words.fill(0);
    this.words[0] = this.#slot << ROOT_DEPTH;
    if (this.#short.count > 0 && this.#nextShort()) return true;
    const slot = this.#heap[this.#slot]!;
    this.#leaveSlots(1);
    if (slot !== EMPTY_SLOT) this.#visitSlot(slot, ROOT_DEPTH);
    return false;
  }

  #nextShort(): boolean {
    while (this.#shortLength < ROOT_DEPTH) {
      const length = this.#shortLength++;
      const begins = (this.#slot & ((ROOT_SLOTS >>> length) - 1)) === 0;
      if (begins && this.#short.has(this.words, length)) {
        this.length = length;
        return true;
      }
    }
    return false;
  }

  #leaveSlots(count: number): void {
    this.#slot += count;
    // The shortest prefix that begins at a slot: each zero at the end of its number leaves out one bit more.
    this.#shortLength = ROOT_DEPTH - (31 - Math.clz32(this.#slot & -this.#slot));
  }

  /** Whether the next index of the node that the walk is in is a member; if it is a child, the walk goes on there. */
  #nextInNode(): boolean {
    const level = this.#level;
    const position = this.#positions[level]!;
    if (position === this.#ends[level]) {
      this.#level--;
      return false;
    }
    this.#positions[level] = position + 1;
    const at = this.#nodes[level]!;
    const header = this.#heap[at]!;
    const index = PREORDER[position]!;
    if (((header >>> index) & 1) === 0) return false;
    const depth = this.#depths[level]!;
    clearFrom(this.words, depth);
    this.words[depth >>> 5]! |= bitsOf(index) >>> (depth & 31);
    if (index >= FIRST_CHILD) {
      this.#visitSlot(this.#heap[slotAt(at, header, index)]!, depth + STRIDE);
      return false;
    }
    this.length = depth + lengthOf(index);
    return true;
  }

  /** Whether the leaf that the walk is in has another member; if not, the walk leaves it. */
  #nextInLeaf(): boolean {
    if (this.#leafPosition === this.#leafEnd) {
      this.#leafEnd = 0;
      return false;
    }
    this.length = readLeaf(this.#heap, this.#leaf, this.#leafPosition++, this.#leafDepth, this.words);
    return true;
  }

  #coversNextInLeaf(): boolean {
    const next = this.words.slice();
    readLeaf(this.#heap, this.#leaf, this.#leafPosition, this.#leafDepth, next);
    return agree(this.words, next, this.length);
  }

  /** Goes on with what is in a slot at `depth`, which is not empty. */
  #visitSlot(slot: number, depth: number): void {
    if (isNode(slot)) this.#enter(blockOf(slot), this.#followPath(blockOf(slot), depth), 1);
    else this.#enterLeaf(slot, depth, 0, leafCount(this.#heap, slot));
  }

  /** Adds the members `from` to `to` of a leaf to what is still to be visited. */
  #enterLeaf(slot: number, depth: number, from: number, to: number): void {
    this.#leaf = slot;
    this.#leafDepth = depth;
    this.#leafPosition = from;
    this.#leafEnd = to;
  }

  /** Adds what an index covers in a node to what is still to be visited. */
  #enter(at: number, depth: number, index: number): void {
    this.#level++;
    this.#nodes[this.#level] = at;
    this.#depths[this.#level] = depth;
    this.#positions[this.#level] = POSITION[index]!;
    this.#ends[this.#level] = POSITION[index]! + runLength(index);
  }

  /** Writes the bits of the path that leads to a node from `depth` on; returns the depth of the node. */
  #followPath(at: number, depth: number): number {
    if ((this.#heap[at]! & HAS_PATH) === 0) return depth;
    const path = this.#heap[at + 1]!;
    clearFrom(this.words, depth);
    this.words[depth >>> 5]! |= (path & (path - 1)) >>> (depth & 31);
    return depth + markedLength(path);
  }

  /** Goes down from the root slot to the part of the last node that has all that `words` cover. */
  #seek(length: number): void {
    const sought = this.words.slice();
    const slot = this.#heap[this.#slot]!;
    this.#leaveSlots(1);
    if (slot !== EMPTY_SLOT) this.#seekInSlot(slot, ROOT_DEPTH, sought, length);
  }

  #seekInSlot(slot: number, depth: number, sought: Uint32Array, length: number): void {
    if (isNode(slot)) this.#seekInNode(blockOf(slot), depth, sought, length);
    else this.#seekInLeaf(slot, depth, sought, length);
  }

  #seekInNode(at: number, from: number, sought: Uint32Array, length: number): void {
    const depth = this.#followPath(at, from);
    if (!agree(this.words, sought, Math.min(depth, length))) return;
    const index = indexOf(restAt(sought, depth), Math.max(0, Math.min(length - depth, STRIDE)));
    const header = this.#heap[at]!;
    if (index >= FIRST_CHILD) {
      if (((header >>> index) & 1) === 0) return;
      this.words.set(sought);
      this.#seekInSlot(this.#heap[slotAt(at, header, index)]!, depth + STRIDE, sought, length);
      return;
    }
    this.#enter(at, depth, index);
  }

  /** What `words` cover stands together in a leaf, since it is in order. */
  #seekInLeaf(slot: number, depth: number, sought: Uint32Array, length: number): void {
    const count = leafCount(this.#heap, slot);
    let from = 0;
    while (from < count && !this.#isInside(slot, from, depth, sought, length)) from++;
    let to = from;
    while (to < count && this.#isInside(slot, to, depth, sought, length)) to++;
    if (to > from) this.#enterLeaf(slot, depth, from, to);
  }

  #isInside(slot: number, index: number, depth: number, sought: Uint32Array, length: number): boolean {
    return readLeaf(this.#heap, slot, index, depth, this.words) >= length && agree(this.words, sought, length);
  }
}

/** Whether two addresses have their first `length` bits in common. */
function agree(a: Uint32Array, b: Uint32Array, length: number): boolean {
  for (let i = 0; i < length >>> 5; i++) if (a[i] !== b[i]) return false;
  return (length & 31) === 0 || (a[length >>> 5]! ^ b[length >>> 5]!) >>> (32 - (length & 31)) === 0;
}
