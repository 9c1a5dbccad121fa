import { HAS_PATH, popcount16, rank } from './stride.ts';
import { blockOf, nodeSlot } from './slot.ts';
import type { BlockPool } from './block-pool.ts';

/**
 * Nodes: blocks of two to eighteen words.
 *
 *     [header] [path, if HAS_PATH] [slot of the first child] [slot of the second] …
 *
 * The children have slots only as far as they exist, in the order of their nibbles; where one is, is the number
 * of header bits before its own (`rank`).
 *
 *     example: 10.1.16.0/20, 10.1.17.1 to 10.1.17.32 and 10.1.18.0/24 are all that is in root slot 0x0a01, and all go on
 *     with nibble 0001. So the root slot leads to one node at depth 20, after a path of that nibble:
 *
 *         header  0000_0000_0000_0110 000…01_1   children 0001 (bit 17) and 0010 (bit 18), index 1, path flag
 *         path    0001_1 000…                    the nibble, marked
 *         slot    … 0010                         below 0001: a bucket of the 32 addresses, a word each
 *         slot    1 000…                         below 0010: 10.1.18.0/24 alone, which ends where the slot is
 *
 *     10.1.16.0/20 itself is index 1: no bits of the stride. A lookup of 10.1.18.9 follows the path, takes nibble
 *     0010, index 18, and ends at once: ANCESTORS[18] has bit 1, and so has the header.
 */

export function slotCount(header: number): number {
  return popcount16(header >>> 16);
}

/** The words of the block of a node with this header. */
export function nodeSize(header: number): number {
  return 1 + (header & HAS_PATH) + slotCount(header);
}

/** The position of the first slot. */
export function firstSlot(at: number, header: number): number {
  return at + 1 + (header & HAS_PATH);
}

/** The position of the slot of the child at `index`, which exists. */
export function slotAt(at: number, header: number, index: number): number {
  return firstSlot(at, header) + rank(header, index);
}

/** A new node without children; `path` is a marked word, 0 for none. */
export function createNode(pool: BlockPool, path: number): number {
  const header = path === 0 ? 0 : HAS_PATH;
  const at = pool.allocate(nodeSize(header));
  pool.words[at] = header;
  if (path !== 0) pool.words[at + 1] = path;
  return at;
}

/** Gives a node a child that it has not yet. The node moves: `link` is where its own slot is kept. */
export function insertSlot(pool: BlockPool, link: number, index: number, slot: number): void {
  const heap = pool.words;
  const from = blockOf(heap[link]!);
  const header = heap[from]!;
  const size = nodeSize(header);
  const to = pool.allocate(size + 1);
  const before = slotAt(0, header, index);
  heap[to] = header | (1 << index);
  for (let i = 1; i < before; i++) heap[to + i] = heap[from + i]!;
  heap[to + before] = slot;
  for (let i = before; i < size; i++) heap[to + i + 1] = heap[from + i]!;
  pool.release(from, size);
  heap[link] = nodeSlot(to);
}

/** Takes a child away. The node moves: `link` is where its own slot is kept. */
export function removeSlot(pool: BlockPool, link: number, index: number): void {
  const heap = pool.words;
  const from = blockOf(heap[link]!);
  const header = heap[from]!;
  const size = nodeSize(header);
  const to = pool.allocate(size - 1);
  const gone = slotAt(0, header, index);
  heap[to] = header & ~(1 << index);
  for (let i = 1; i < gone; i++) heap[to + i] = heap[from + i]!;
  for (let i = gone + 1; i < size; i++) heap[to + i - 1] = heap[from + i]!;
  pool.release(from, size);
  heap[link] = nodeSlot(to);
}

/** Gives a node another path, 0 for none. The node moves if it must: `link` is where its own slot is kept. */
export function setPath(pool: BlockPool, link: number, path: number): void {
  const heap = pool.words;
  const from = blockOf(heap[link]!);
  const header = heap[from]!;
  const changed = path === 0 ? header & ~HAS_PATH : header | HAS_PATH;
  const to = nodeSize(changed) === nodeSize(header) ? from : pool.allocate(nodeSize(changed));
  if (to !== from) {
    const slots = firstSlot(from, header);
    for (let i = 0; i < slotCount(header); i++) heap[firstSlot(to, changed) + i] = heap[slots + i]!;
    pool.release(from, nodeSize(header));
    heap[link] = nodeSlot(to);
  }
  heap[to] = changed;
  if (path !== 0) heap[to + 1] = path;
}
