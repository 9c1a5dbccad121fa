import { BlockPool } from './block-pool.ts';
import { compact } from './compact.ts';
import { Cursor } from './cursor.ts';
import { INSERT_ROOM, insert } from './insert.ts';
import { coveringLengths, isCovered, isMember } from './lookup.ts';
import { REMOVE_ROOM, remove } from './remove.ts';
import { ROOT_DEPTH, ROOT_SLOTS, rootLink } from './root.ts';
import { ShortPrefixes } from './short-prefixes.ts';

/** Room for changes that an empty trie starts with, in words. */
const FIRST_ROOM = 2 * REMOVE_ROOM;

/**
 * A set of prefixes of one family: a multibit trie in one typed array.
 *
 *     192.0.2.1     1100_0000_0000_0000   0000   0010   0000_0001
 *                   root table            node   node   bucket, and where fewer members are:
 *                   root table            bucket ──────────────
 *
 * - The first 16 bits are an index into the root table (`root.ts`); what is shorter is apart (`short-prefixes.ts`).
 * - While a few dozen members or less are below a slot, they are in one block, in order: a bucket (`bucket.ts`).
 *   One that is alone and short is in the slot itself (`slot.ts`).
 * - Above them are nodes, of a stride of four bits each (`stride.ts`, `node.ts`). A header is one word with a bit for each
 *   prefix that ends in the stride and for each child; children are counted, so only those that exist take memory.
 *   Strides in which nothing branches are skipped: those above a node are its path.
 *
 * Why a stride of four: prefixes and children of a stride are then 31 bits, which is what JavaScript counts in one
 * operation. With eight bits, as in software with 64-bit words, headers are sixteen words and mostly zeros.
 * Why a table on top and buckets below: among a million addresses each level of nodes is a cache miss that waits for the
 * one before. The table stands for four levels, a bucket for one to three, and both cost one miss; what is between them
 * is small enough to stay in the cache. A record of an IPv6 address is 16 bytes, so there is less to miss as well.
 *
 * Prefixes come as words: five, the address on top (one word for IPv4, four for IPv6) and then zeros, host bits zero.
 * The fifth is never part of an address; it is there so that the walk may read one word ahead without asking.
 *
 * Invariants (checked by `validate.ts`); together they make the trie a function of its members, whatever the order
 * in which they came and went:
 *  1. A prefix of less than 16 bits is in `short`, any other in or below its root slot.
 *  2. A node has more than `MOST_MEMBERS` in and below it. What has fewer is a bucket.
 *  3. A node has a prefix of its own or two children, unless it stands at the last nibble of a 32-bit word.
 *  4. A path never leaves the 32-bit word that it begins in, so it is compared with one word; hence the exception in 3.
 *  5. A bucket is in order, its records are as short as its longest prefix allows, and it is none if a short leaf will do.
 *  6. Every word of the pool is in the root table, in a block that is reached from it exactly once, or on a free list.
 */
export class PrefixTrie {
  /** How many prefixes are in it. */
  size = 0;
  /** Counts changes, so that a walk notices that it was overtaken by one. */
  changes = 0;
  #pool = new BlockPool(ROOT_SLOTS + FIRST_ROOM);
  #short = new ShortPrefixes();

  get pool(): BlockPool {
    return this.#pool;
  }

  get short(): ShortPrefixes {
    return this.#short;
  }

  get byteLength(): number {
    return this.#pool.byteLength + this.#short.byteLength;
  }

  insert(words: Uint32Array, length: number): boolean {
    this.#makeRoom(INSERT_ROOM);
    const isNew = length < ROOT_DEPTH ? this.#short.insert(words, length) : insert(this.#pool, words, length);
    if (!isNew) return false;
    this.size++;
    this.changes++;
    return true;
  }

  remove(words: Uint32Array, length: number): boolean {
    this.#makeRoom(REMOVE_ROOM);
    const isGone = length < ROOT_DEPTH ? this.#short.remove(words, length) : remove(this.#pool, words, length);
    if (!isGone) return false;
    this.size--;
    this.changes++;
    if (this.#isMostlyFree()) this.#compact();
    return true;
  }

  has(words: Uint32Array, length: number): boolean {
    return length < ROOT_DEPTH ? this.#short.has(words, length) : isMember(this.#pool.words, words, length);
  }

  isCovered(words: Uint32Array, length: number): boolean {
    if (length < ROOT_DEPTH) return this.#short.coveringLengths(words, length, ignored) > 0;
    return this.#short.coversSlot(rootLink(words)) || isCovered(this.#pool.words, words, length);
  }

  /**
   * Writes the lengths of the members that cover the prefix of these words, widest first, into `lengths`; returns how
   * many they are.
   */
  coveringLengths(words: Uint32Array, length: number, lengths: Uint8Array): number {
    const count = this.#short.coveringLengths(words, length, lengths);
    return length < ROOT_DEPTH ? count : coveringLengths(this.#pool.words, words, length, lengths, count);
  }

  within(words: Uint32Array, length: number): Cursor {
    return new Cursor(this.#pool.words, this.#short, words, length);
  }

  /** Gives back what is free, and the room to grow. */
  trim(): void {
    this.#pool = compact(this.#pool, REMOVE_ROOM);
  }

  clear(): void {
    this.#pool = new BlockPool(ROOT_SLOTS + FIRST_ROOM);
    this.#short = new ShortPrefixes();
    this.size = 0;
    this.changes++;
  }

  /** Blocks do not move during a change, so the room that it may need is there before it begins. */
  #makeRoom(words: number): void {
    if (this.#pool.hasRoom(words)) return;
    // Either way a good part of the pool is unused afterwards, so the cost is spread over as many changes.
    if (this.#pool.freeWords * 4 >= this.#pool.end) this.#compact();
    else this.#pool.grow(this.#pool.words.length + (this.#pool.words.length >>> 1));
  }

  /** Whether the trie was much larger once: three quarters of what is not the root table are unused. */
  #isMostlyFree(): boolean {
    return (this.#pool.liveWords - ROOT_SLOTS) * 4 + 2 * FIRST_ROOM < this.#pool.words.length - ROOT_SLOTS;
  }

  #compact(): void {
    this.#pool = compact(this.#pool, ((this.#pool.liveWords - ROOT_SLOTS) >>> 1) + FIRST_ROOM);
  }
}

const ignored = new Uint8Array(ROOT_DEPTH);
