import type { BlockPool } from './block-pool.ts';
import type { Members } from './members.ts';
import { blockOf, bucketSlot, lastWord, recordSize } from './slot.ts';

/**
 * Buckets: blocks with all that is below a slot, while that is `MOST_MEMBERS` or less, in the order of a walk.
 *
 *     [header] [record] [record] …
 *
 *     header   ssss_ssss nnnn_nnnn    length of the shortest, number of records
 *     record   llll_llll …            length of the prefix, then its bits, in one to four words
 *
 * A record has those words of a prefix that are not known from the way to the slot, up to the last that any prefix of
 * the bucket reaches into. Its first word is one of which the way has given eight bits or more: there the length is.
 *
 *     example: 2001:db8:1::/48 and 2001:db8:2::/64 are all that is in root slot 0x2001
 *
 *         header   3002                        shortest 48, two records; the slot says that a record has two words
 *         record   30_010db8 00010000          0x30 stands where 0x20 is, which is known from the root slot
 *         record   40_010db8 00020000
 *
 * Why not nodes all the way down: each would be a cache miss that waits for the one before. A bucket is a run of memory;
 * a scan of it asks for all its cache lines at once, so many records cost little more than one. That is also why the slot
 * has the size of a record: from the header it would be known a cache miss later, and with it where the records are.
 */

const LENGTH_BITS = 8;
const ADDRESS_BITS = 0x00ff_ffff;

export function memberCount(header: number): number {
  return header & 0xff;
}

export function shortestLength(header: number): number {
  return header >>> 8;
}

/** The words of the block of a bucket. */
export function bucketSize(heap: Uint32Array, slot: number): number {
  return 1 + memberCount(heap[blockOf(slot)]!) * recordSize(slot);
}

/** The first word of an address that is in the records of a bucket at `depth`: eight of its bits or more are known. */
export function firstWord(depth: number): number {
  return (depth - LENGTH_BITS) >>> 5;
}

/** A new bucket at `depth` of the members `from` to `to`; returns its slot. */
export function createBucket(pool: BlockPool, members: Members, from: number, to: number, depth: number): number {
  const { lengths } = members;
  let shortest = lengths[from]!;
  let longest = shortest;
  for (let i = from + 1; i < to; i++) {
    shortest = Math.min(shortest, lengths[i]!);
    longest = Math.max(longest, lengths[i]!);
  }
  const first = firstWord(depth);
  const size = lastWord(longest, depth) + 1 - first;
  const at = pool.allocate(1 + (to - from) * size);
  const heap = pool.words;
  heap[at] = (shortest << 8) | (to - from);
  for (let i = from, record = at + 1; i < to; i++, record += size) {
    const words = members.rows[i]!;
    heap[record] = (lengths[i]! << 24) | (words[first]! & ADDRESS_BITS);
    for (let word = 1; word < size; word++) heap[record + word] = words[first + word]!;
  }
  return bucketSlot(at, size);
}

/**
 * Writes the bits of a record of a bucket at `depth` into `words`, whose first `depth` bits are its own; returns
 * its length.
 */
export function readRecord(heap: Uint32Array, slot: number, index: number, depth: number, words: Uint32Array): number {
  const size = recordSize(slot);
  const record = blockOf(slot) + 1 + index * size;
  const first = firstWord(depth);
  words[first] = (words[first]! & ~ADDRESS_BITS) | (heap[record]! & ADDRESS_BITS);
  for (let word = 1; word < size; word++) words[first + word] = heap[record + word]!;
  for (let word = first + size; word < 4; word++) words[word] = 0;
  return heap[record]! >>> 24;
}

/**
 * Whether a bucket at `depth` has a prefix that covers that of these words. This is the hot path: each record is
 * compared with one AND, in the bits of one word that the shortest of them has, and looked at closer only if they agree.
 */
export function bucketCovers(
  heap: Uint32Array,
  slot: number,
  depth: number,
  words: Uint32Array,
  length: number,
): boolean {
  const at = blockOf(slot);
  const header = heap[at]!;
  const size = recordSize(slot);
  const first = firstWord(depth);
  const word = depth >>> 5;
  const mask = comparedBits(depth, shortestLength(header));
  const wanted = words[word]! & mask;
  const end = at + 1 + memberCount(header) * size;
  for (let record = at + 1; record < end; record += size) {
    if ((heap[record + word - first]! & mask) === wanted && recordCovers(heap, record, first, words, length))
      return true;
  }
  return false;
}

/** Adds the lengths of all that cover the prefix of these words to `lengths`; returns how many are in it then. */
export function bucketCoveringLengths(
  heap: Uint32Array,
  slot: number,
  depth: number,
  words: Uint32Array,
  length: number,
  lengths: Uint8Array,
  count: number,
): number {
  const size = recordSize(slot);
  const first = firstWord(depth);
  const end = blockOf(slot) + bucketSize(heap, slot);
  for (let record = blockOf(slot) + 1; record < end; record += size) {
    if (recordCovers(heap, record, first, words, length)) lengths[count++] = heap[record]! >>> 24;
  }
  return count;
}

/** Whether a bucket at `depth` has exactly the prefix of these words. */
export function bucketHas(heap: Uint32Array, slot: number, depth: number, words: Uint32Array, length: number): boolean {
  const size = recordSize(slot);
  const first = firstWord(depth);
  const end = blockOf(slot) + bucketSize(heap, slot);
  for (let record = blockOf(slot) + 1; record < end; record += size) {
    if (heap[record]! >>> 24 === length && recordCovers(heap, record, first, words, length)) return true;
  }
  return false;
}

/** The bits of the word at `depth` that all prefixes have that begin with `depth` bits and have `shortest` or more. */
function comparedBits(depth: number, shortest: number): number {
  const bits = shortest - (depth & ~31);
  // Two steps, since `<< 32` would be `<< 0`.
  return bits >= 32 ? -1 >>> (depth & 31) : (-1 >>> (depth & 31)) & ((-1 << (31 - bits)) << 1);
}

/** Whether the prefix of a record covers that of these words; `first` is the word that the record begins with. */
function recordCovers(heap: Uint32Array, record: number, first: number, words: Uint32Array, length: number): boolean {
  const bits = heap[record]! >>> 24;
  if (bits > length) return false;
  let word = first;
  let difference = (heap[record]! ^ words[word]!) & ADDRESS_BITS;
  for (let left = bits - 32 * first; ; left -= 32) {
    if (left <= 32) return difference >>> (32 - left) === 0;
    if (difference !== 0) return false;
    word++;
    difference = heap[record + word - first]! ^ words[word]!;
  }
}
