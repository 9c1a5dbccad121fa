import { BlockPool } from './block-pool.ts';
import { Cursor } from './cursor.ts';
import { INSERT_ROOM, ROOT_LINK, insert } from './insert.ts';
import { coveringLengths, isCovered, isMember } from './lookup.ts';
import { compact } from './compact.ts';
import { createNode } from './node.ts';
import { REMOVE_ROOM, remove } from './remove.ts';
import { nodeSlot } from './slot.ts';

/** Room for changes that an empty trie starts with, in words. */
const FIRST_ROOM = 2 * INSERT_ROOM;

/**
 * A set of prefixes of one family: a multibit trie in one typed array.
 *
 * Prefixes come as words: five, the address on top (one word for IPv4, four for IPv6) and then zeros, host bits zero.
 * The fifth is never part of an address; it is there so that the walk may read one word ahead without asking.
 *
 * Invariants (checked by `validate.ts`); together they make the trie a function of its members, whatever the order
 * in which they came and went:
 *  1. There is a node at depth 0, the root, without a path.
 *  2. Any other node has two members or more in or below it. What has one is a leaf.
 *  3. Any other node has a prefix of its own or two children, unless it stands at the last nibble of a 32-bit word.
 *  4. A path never leaves the 32-bit word that it begins in, so it is compared with one word; hence the exception in 3.
 *  5. A leaf is short whenever it can be.
 *  6. Every word of the pool is the root link, in a block that is reached from it exactly once, or on a free list.
 */
export class PrefixTrie {
  /** How many prefixes are in it. */
  size = 0;
  /** Counts changes, so that a walk notices that it was overtaken by one. */
  changes = 0;
  #pool = emptyPool();

  get pool(): BlockPool {
    return this.#pool;
  }

  get byteLength(): number {
    return this.#pool.byteLength;
  }

  insert(words: Uint32Array, length: number): boolean {
    this.#makeRoom(INSERT_ROOM);
    if (!insert(this.#pool, words, length)) return false;
    this.size++;
    this.changes++;
    return true;
  }

  remove(words: Uint32Array, length: number): boolean {
    this.#makeRoom(REMOVE_ROOM);
    if (!remove(this.#pool, words, length)) return false;
    this.size--;
    this.changes++;
    // A quarter in use: the trie was much larger once.
    if (this.#pool.liveWords * 4 + FIRST_ROOM * 2 < this.#pool.words.length) this.#compact();
    return true;
  }

  has(words: Uint32Array, length: number): boolean {
    return isMember(this.#pool.words, words, length);
  }

  isCovered(words: Uint32Array, length: number): boolean {
    return isCovered(this.#pool.words, words, length);
  }

  coveringLengths(words: Uint32Array, length: number, lengths: Uint8Array): number {
    return coveringLengths(this.#pool.words, words, length, lengths);
  }

  within(words: Uint32Array, length: number): Cursor {
    return new Cursor(this.#pool.words, words, length);
  }

  /** Gives back what is free, and the room to grow. */
  trim(): void {
    this.#pool = compact(this.#pool, INSERT_ROOM);
  }

  clear(): void {
    this.#pool = emptyPool();
    this.size = 0;
    this.changes++;
  }

  /** Blocks do not move during a change, so the room that it may need is there before it begins. */
  #makeRoom(words: number): void {
    if (this.#pool.hasRoom(words)) return;
    // After either of them a quarter of the pool or more is free, so its cost is spread over as many changes.
    if (this.#pool.freeWords * 4 >= this.#pool.end) this.#compact();
    else this.#pool.grow(this.#pool.words.length + (this.#pool.words.length >>> 1) + FIRST_ROOM);
  }

  #compact(): void {
    this.#pool = compact(this.#pool, (this.#pool.liveWords >>> 1) + FIRST_ROOM);
  }
}

function emptyPool(): BlockPool {
  const pool = new BlockPool(FIRST_ROOM);
  pool.words[ROOT_LINK] = nodeSlot(createNode(pool, 0));
  return pool;
}
