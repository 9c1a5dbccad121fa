import type { BlockPool } from './block-pool.ts';
import { createBucket } from './bucket.ts';
import { MOST_MEMBERS } from './bucket-size.ts';
import { markBits } from './marked-bits.ts';
import type { Members } from './members.ts';
import { firstSlot, nodeSize } from './node.ts';
import { isShort, nodeSlot, restAt, shortLeaf } from './slot.ts';
import { FIRST_CHILD, HAS_PATH, STRIDE, indexOf } from './stride.ts';

/** Builds all that is below a slot at `depth`, the members `from` to `to`, of which there is one; returns the slot. */
export function buildSlot(pool: BlockPool, members: Members, from: number, to: number, depth: number): number {
  if (to - from > MOST_MEMBERS) return buildNode(pool, members, from, to, depth);
  const alone = to - from === 1 && isShort(members.lengths[from]!, depth);
  if (alone) return shortLeaf(members.rows[from]!, members.lengths[from]!, depth);
  return createBucket(pool, members, from, to, depth);
}

/** A node as deep as the members go together. */
function buildNode(pool: BlockPool, members: Members, from: number, to: number, slotDepth: number): number {
  const depth = nodeDepth(commonBits(members, from, to, slotDepth), slotDepth);
  const path = depth === slotDepth ? 0 : markBits(restAt(members.rows[from]!, slotDepth), depth - slotDepth);
  let header = path === 0 ? 0 : HAS_PATH;
  for (let i = from; i < to; i++) header |= 1 << indexAt(members, i, depth);
  const at = pool.allocate(nodeSize(header));
  pool.words[at] = header;
  if (path !== 0) pool.words[at + 1] = path;
  // In order, what goes on with a nibble stands together, after the prefixes that end in the stride before it.
  let slot = firstSlot(at, header);
  for (let i = from; i < to;) {
    const index = indexAt(members, i, depth);
    const start = i++;
    if (index < FIRST_CHILD) continue;
    while (i < to && indexAt(members, i, depth) === index) i++;
    pool.words[slot++] = buildSlot(pool, members, start, i, depth + STRIDE);
  }
  return nodeSlot(at);
}

/** The index of a member in a node at `depth`: its own prefix, or the child that it is below. */
function indexAt(members: Members, at: number, depth: number): number {
  return indexOf(restAt(members.rows[at]!, depth), Math.min(members.lengths[at]! - depth, STRIDE));
}

/**
 * How deep a node stands that is reached at `depth` and whose prefixes have `common` bits in common: at the last
 * whole stride, but in the word that it is reached in, since a path is compared with one word.
 */
export function nodeDepth(common: number, depth: number): number {
  return Math.min(common & -STRIDE, depth | 28);
}

/** How many bits the members have in common, which is at least `depth`: in order, the first and the last differ most. */
function commonBits(members: Members, from: number, to: number, depth: number): number {
  let length = 128;
  for (let i = from; i < to; i++) length = Math.min(length, members.lengths[i]!);
  const first = members.rows[from]!;
  const last = members.rows[to - 1]!;
  for (let i = depth >>> 5; i << 5 < length; i++) {
    const difference = first[i]! ^ last[i]!;
    if (difference !== 0) return Math.min(length, (i << 5) + Math.clz32(difference));
  }
  return length;
}
