import { FIRST_CHILD, HAS_PATH, POSITION, PREORDER, STRIDE, bitsOf, indexOf, lengthOf, runLength } from './stride.ts';
import { markedLength } from './marked-bits.ts';
import { blockOf, clearFrom, isNode, readLeaf, restAt } from './slot.ts';
import { slotAt } from './node.ts';
import { ROOT_LINK } from './insert.ts';

/** IPv6 has a node for each nibble at most. */
const MOST_LEVELS = 32;

/**
 * A walk over the members in order: by address, the wider first. After each `next()` that was true, `words` and
 * `length` are a member.
 *
 * Within a node the order is that of PREORDER, in which prefixes and children are interleaved; what an index covers
 * is one run there. So the walk of all members and the walk of those inside one prefix differ only in where the
 * run of the first node begins and ends.
 */
export class Cursor {
  readonly words = new Uint32Array(5);
  length = 0;

  readonly #heap: Uint32Array;
  /** The way down: each node, its depth, and the part of PREORDER that is still to be visited there. */
  readonly #nodes = new Uint32Array(MOST_LEVELS);
  readonly #depths = new Uint8Array(MOST_LEVELS);
  readonly #positions = new Uint8Array(MOST_LEVELS);
  readonly #ends = new Uint8Array(MOST_LEVELS);
  #level = -1;
  /** The index that the last member stood at. */
  #index = 0;

  /** Starts before the first of the members that are covered by the prefix of these words. */
  constructor(heap: Uint32Array, words: Uint32Array, length: number) {
    this.#heap = heap;
    this.words.set(words);
    this.#seek(heap[ROOT_LINK]!, 0, length);
  }

  next(): boolean {
    while (this.#level >= 0) {
      const level = this.#level;
      const position = this.#positions[level]!;
      if (position === this.#ends[level]) {
        this.#level--;
        continue;
      }
      this.#positions[level] = position + 1;
      if (this.#visit(this.#nodes[level]!, this.#depths[level]!, PREORDER[position]!)) return true;
    }
    return false;
  }

  /** Leaves out the members that the last one covers. */
  skipCovered(): void {
    if (this.#index < FIRST_CHILD) this.#positions[this.#level]! += runLength(this.#index) - 1;
  }

  /** Whether there is a member right at this index; if there is a node, the walk goes on in it. */
  #visit(at: number, depth: number, index: number): boolean {
    const header = this.#heap[at]!;
    if (((header >>> index) & 1) === 0) return false;
    clearFrom(this.words, depth);
    this.words[depth >>> 5]! |= bitsOf(index) >>> (depth & 31);
    this.#index = index;
    if (index < FIRST_CHILD) {
      this.length = depth + lengthOf(index);
      return true;
    }
    const slot = this.#heap[slotAt(at, header, index)]!;
    if (isNode(slot)) {
      this.#enter(blockOf(slot), this.#followPath(blockOf(slot), depth + STRIDE), 1);
      return false;
    }
    this.length = readLeaf(this.#heap, slot, depth + STRIDE, this.words);
    return true;
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

  /** Goes down as far as everything that `words` cover lies below. */
  #seek(slot: number, from: number, length: number): void {
    const sought = this.words.slice();
    const at = blockOf(slot);
    const depth = this.#followPath(at, from);
    if (!agree(this.words, sought, Math.min(depth, length))) return;
    if (length - depth < STRIDE) {
      this.#enter(at, depth, indexOf(restAt(sought, depth), Math.max(length - depth, 0)));
      return;
    }
    this.words.set(sought);
    const index = indexOf(restAt(sought, depth), STRIDE);
    if (((this.#heap[at]! >>> index) & 1) === 0) return;
    const child = this.#heap[slotAt(at, this.#heap[at]!, index)]!;
    if (isNode(child)) this.#seek(child, depth + STRIDE, length);
    else if (this.#leafInside(child, depth + STRIDE, length)) this.#enter(at, depth, index);
  }

  #leafInside(slot: number, depth: number, length: number): boolean {
    const leaf = this.words.slice();
    return readLeaf(this.#heap, slot, depth, leaf) >= length && agree(leaf, this.words, length);
  }
}

/** Whether two addresses have their first `length` bits in common. */
function agree(a: Uint32Array, b: Uint32Array, length: number): boolean {
  for (let i = 0; i < length >>> 5; i++) if (a[i] !== b[i]) return false;
  return (length & 31) === 0 || (a[length >>> 5]! ^ b[length >>> 5]!) >>> (32 - (length & 31)) === 0;
}
