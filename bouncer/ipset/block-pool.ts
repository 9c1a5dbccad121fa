import { LARGEST_BUCKET } from './bucket-size.ts';
import { ROOT_SLOTS } from './root.ts';

/**
 * Blocks of a few words in one typed array: the memory of a trie.
 *
 * New blocks are cut from the end. A released block goes on the free list of its size, linked through its own
 * first word, and is the next one of that size to be handed out: a trie that churns settles, since its nodes
 * release the same sizes as they ask for. Blocks never move here; moving them is the job of compaction, which
 * rewrites the whole trie into a fresh array when too much lies free (see `compact.ts`).
 *
 * The first words are the root table (`root.ts`). No block starts there, so 0 can end a free list.
 */

/** The largest block is a full bucket; the largest node has header, path and sixteen slots. */
export const LARGEST_BLOCK = LARGEST_BUCKET;

/** Slots hold positions of 28 bits (see `slot.ts`). */
const MOST_WORDS = 2 ** 28;

export class BlockPool {
  words: Uint32Array;
  /** The first word that was never handed out. */
  end = ROOT_SLOTS;
  /** Words on the free lists. */
  freeWords = 0;
  readonly #free = new Uint32Array(LARGEST_BLOCK + 1);

  constructor(capacity: number) {
    this.words = allocateWords(capacity);
  }

  /** Words in use: the root table and every block that is not released. */
  get liveWords(): number {
    return this.end - this.freeWords;
  }

  get byteLength(): number {
    return this.words.byteLength + this.#free.byteLength;
  }

  /** Whether blocks of `size` words in total can be handed out, whatever the free lists hold. */
  hasRoom(size: number): boolean {
    return this.end + size <= this.words.length;
  }

  /** A block whose words have no defined content. The caller has asked `hasRoom` before. */
  allocate(size: number): number {
    const free = this.#free[size]!;
    if (free === 0) {
      const at = this.end;
      this.end += size;
      if (this.end > this.words.length) throw new Error('a block was asked for without making room first');
      return at;
    }
    this.#free[size] = this.words[free]!;
    this.freeWords -= size;
    return free;
  }

  release(at: number, size: number): void {
    this.words[at] = this.#free[size]!;
    this.#free[size] = at;
    this.freeWords += size;
  }

  /** The free blocks of one size, for checks. */
  *freeBlocks(size: number): Generator<number> {
    for (let at = this.#free[size]!; at !== 0; at = this.words[at]!) yield at;
  }

  /** The same blocks at the same positions, with room for more. */
  grow(capacity: number): void {
    const words = allocateWords(capacity);
    words.set(this.words.subarray(0, this.end));
    this.words = words;
  }
}

function allocateWords(capacity: number): Uint32Array {
  if (capacity > MOST_WORDS) throw new RangeError('an IP set holds at most 1 GiB per family');
  return new Uint32Array(capacity);
}
