import { type BlockPool, LARGEST_BLOCK } from './block-pool.ts';
import { bucketSize, memberCount, readRecord, shortestLength, firstWord } from './bucket.ts';
import { MOST_MEMBERS } from './bucket-size.ts';
import { nodeDepth } from './build.ts';
import { beginsWith, markedLength } from './marked-bits.ts';
import { firstSlot, nodeSize, slotCount } from './node.ts';
import type { PrefixTrie } from './prefix-trie.ts';
import { ROOT_DEPTH, ROOT_SLOTS } from './root.ts';
import { blockOf, clearFrom, isBucket, isNode, isShort, lastWord, recordSize } from './slot.ts';
import { HAS_PATH, PREFIX_BITS, STRIDE, popcount16 } from './stride.ts';

/** Checks every invariant of `PrefixTrie`, word by word, and throws for the first that does not hold. For tests. */
export function validate(trie: PrefixTrie, width: 32 | 128): void {
  const check = new Check(trie.pool, width);
  const members = check.root() + trie.short.count;
  must(members === trie.size, `${trie.size} members are counted, ${members} are there`);
  check.everyWordIsAccountedFor();
}

class Check {
  readonly #pool: BlockPool;
  readonly #width: number;
  readonly #used: Uint8Array;

  constructor(pool: BlockPool, width: number) {
    this.#pool = pool;
    this.#width = width;
    this.#used = new Uint8Array(pool.end);
    this.#used.fill(1, 0, ROOT_SLOTS);
  }

  /** Checks the whole table; returns how many members are in and below it. */
  root(): number {
    // An empty slot is 0, and nearly all are.
    const slots = this.#pool.words.subarray(0, ROOT_SLOTS).filter(Boolean);
    return slots.reduce((members, slot) => members + this.slot(slot, ROOT_DEPTH), 0);
  }

  /** Checks what is below a slot at `depth`; returns how many members that is. */
  slot(slot: number, depth: number): number {
    if (isNode(slot)) return this.#node(blockOf(slot), depth);
    if (isBucket(slot)) return this.#bucket(slot, depth);
    this.#shortLeaf(slot, depth);
    return 1;
  }

  #node(at: number, slotDepth: number): number {
    const header = this.#pool.words[at]!;
    this.#use(at, nodeSize(header));
    const depth = slotDepth + this.#path(at, header, slotDepth);
    let members = popcount16(header & PREFIX_BITS);
    for (let i = 0; i < slotCount(header); i++) {
      members += this.slot(this.#pool.words[firstSlot(at, header) + i]!, depth + STRIDE);
    }
    must(members > MOST_MEMBERS, `a node has ${members} members, which fit a bucket`);
    const content = popcount16(header & PREFIX_BITS) + slotCount(header);
    must(content >= 2 || (depth & 31) === 28, 'a node that only leads on is part of a path, but at the end of a word');
    return members;
  }

  #path(at: number, header: number, depth: number): number {
    if ((header & HAS_PATH) === 0) return 0;
    const path = this.#pool.words[at + 1]!;
    const length = markedLength(path);
    must(path !== 0 && length > 0 && length % STRIDE === 0, 'a path is whole strides, and not none');
    must(nodeDepth(depth + length, depth) === depth + length, 'a path stays in its word');
    must(beginsWith(path, path), 'marked bits begin with themselves');
    return length;
  }

  #shortLeaf(slot: number, depth: number): void {
    must(slot !== 0, 'a leaf has a marker');
    must(depth + markedLength(slot) <= this.#width, 'a leaf is no longer than an address');
  }

  #bucket(slot: number, depth: number): number {
    const heap = this.#pool.words;
    const header = heap[blockOf(slot)]!;
    const count = memberCount(header);
    must(count >= 1 && count <= MOST_MEMBERS, `a bucket has ${count} members`);
    this.#use(blockOf(slot), bucketSize(heap, slot));
    const words = new Uint32Array(5);
    let before = -1;
    let shortest = 128;
    let longest = 0;
    for (let i = 0; i < count; i++) {
      const last = words.slice();
      const length = readRecord(heap, slot, i, depth, words);
      must(length >= depth && length <= this.#width, 'a record ends below its slot, and no later than an address');
      must(hostBitsAreZero(words, length), 'a record has no bits after its length');
      must(i === 0 || isInOrder(last, before, words, length), 'records are in order, each once');
      before = length;
      shortest = Math.min(shortest, length);
      longest = Math.max(longest, length);
    }
    must(
      shortest === shortestLength(header),
      `a bucket has ${shortestLength(header)} for its shortest, not ${shortest}`,
    );
    must(recordSize(slot) === lastWord(longest, depth) + 1 - firstWord(depth), 'records have the words they need');
    must(count > 1 || !isShort(longest, depth), 'a leaf that can be short is short');
    return count;
  }

  everyWordIsAccountedFor(): void {
    let free = 0;
    for (let size = 1; size <= LARGEST_BLOCK; size++) {
      for (const at of this.#pool.freeBlocks(size)) {
        this.#use(at, size);
        free += size;
      }
    }
    must(free === this.#pool.freeWords, `${this.#pool.freeWords} free words are counted, ${free} are there`);
    must(!this.#used.includes(0), `word ${this.#used.indexOf(0)} is lost`);
  }

  #use(at: number, size: number): void {
    for (let i = at; i < at + size; i++) {
      must(i < this.#used.length, `word ${i} is past the end of the pool`);
      must(this.#used[i] === 0, `word ${i} is in two blocks`);
      this.#used[i] = 1;
    }
  }
}

function must(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(`broken trie: ${otherwise}`);
}

function hostBitsAreZero(words: Uint32Array, length: number): boolean {
  const network = words.slice();
  clearFrom(network, length);
  return network.every((word, i) => word === words[i]);
}

function isInOrder(a: Uint32Array, aLength: number, b: Uint32Array, bLength: number): boolean {
  const i = a.findIndex((word, i) => word !== b[i]);
  return i < 0 ? aLength < bLength : a[i]! < b[i]!;
}
