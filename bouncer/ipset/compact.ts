import { BlockPool } from './block-pool.ts';
import { EMPTY_SLOT, ROOT_SLOTS } from './root.ts';
import { blockOf, bucketSlot, isBucket, isNode, nodeSlot, recordSize } from './slot.ts';
import { bucketSize } from './bucket.ts';
import { firstSlot, nodeSize, slotCount } from './node.ts';

/**
 * The same trie without its free blocks, in a pool with `room` more words. Nodes are laid down in the order of a walk,
 * so what is looked up together lies together: a lookup in a compacted trie meets fewer cache misses as well.
 */
export function compact(from: BlockPool, room: number): BlockPool {
  const to = new BlockPool(from.liveWords + room);
  for (let i = 0; i < ROOT_SLOTS; i++) {
    const slot = from.words[i]!;
    if (slot !== EMPTY_SLOT) to.words[i] = copySlot(from.words, slot, to);
  }
  return to;
}

/** Copies all that is below a slot; returns the slot that leads to the copy. */
function copySlot(heap: Uint32Array, slot: number, to: BlockPool): number {
  if (isNode(slot)) return nodeSlot(copyNode(heap, blockOf(slot), to));
  if (!isBucket(slot)) return slot;
  return bucketSlot(copyWords(heap, blockOf(slot), bucketSize(heap, slot), to), recordSize(slot));
}

function copyNode(heap: Uint32Array, at: number, to: BlockPool): number {
  const header = heap[at]!;
  const copy = copyWords(heap, at, nodeSize(header), to);
  const slots = firstSlot(copy, header);
  for (let i = slots; i < slots + slotCount(header); i++) to.words[i] = copySlot(heap, to.words[i]!, to);
  return copy;
}

function copyWords(heap: Uint32Array, at: number, size: number, to: BlockPool): number {
  const copy = to.allocate(size);
  for (let i = 0; i < size; i++) to.words[copy + i] = heap[at + i]!;
  return copy;
}
