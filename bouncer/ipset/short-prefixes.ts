import { ROOT_DEPTH, ROOT_SLOTS } from './root.ts';

/**
 * The prefixes that are too short for the root table: lengths 0 to 15, one bit each, numbered as in `stride.ts`.
 *
 *     0.0.0.0/0 → 1      128.0.0.0/1 → 11 in binary      10.0.0.0/8 → 1_0000_1010 in binary = 266
 *
 * Such prefixes are few, but every lookup has to ask for sixteen of them, and every walk asks at every slot of the root
 * table. So there are two more bits for each slot: whether any of them covers it, and whether any begins there.
 * A change may write 65,536 of the former; a lookup reads one.
 */
export class ShortPrefixes {
  /** How many there are. */
  count = 0;
  readonly #members = new Uint32Array(ROOT_SLOTS >>> 5);
  readonly #covered = new Uint32Array(ROOT_SLOTS >>> 5);
  readonly #beginning = new Uint32Array(ROOT_SLOTS >>> 5);

  get byteLength(): number {
    return 3 * this.#members.byteLength;
  }

  has(words: Uint32Array, length: number): boolean {
    return bitAt(this.#members, shortIndex(words, length));
  }

  /** Whether any of them covers all of a root slot. */
  coversSlot(slot: number): boolean {
    return bitAt(this.#covered, slot);
  }

  /** Whether any of them has a root slot for its first. */
  beginsAt(slot: number): boolean {
    return bitAt(this.#beginning, slot);
  }

  /**
   * Writes the lengths of those that cover the prefix of these words, widest first, into `lengths`; returns how many
   * they are.
   */
  coveringLengths(words: Uint32Array, length: number, lengths: Uint8Array): number {
    let count = 0;
    for (let bits = 0; bits <= Math.min(length, ROOT_DEPTH - 1); bits++) {
      if (this.has(words, bits)) lengths[count++] = bits;
    }
    return count;
  }

  insert(words: Uint32Array, length: number): boolean {
    const index = shortIndex(words, length);
    if (bitAt(this.#members, index)) return false;
    flipBit(this.#members, index);
    this.count++;
    setBits(this.#beginning, firstSlot(index, length), 1, true);
    this.#coverSlots(index, length, true);
    return true;
  }

  remove(words: Uint32Array, length: number): boolean {
    const index = shortIndex(words, length);
    if (!bitAt(this.#members, index)) return false;
    flipBit(this.#members, index);
    this.count--;
    setBits(this.#beginning, firstSlot(index, length), 1, this.#anyBeginsAt(firstSlot(index, length)));
    if (!this.#hasAncestor(index)) this.#uncover(index, length);
    return true;
  }

  #anyBeginsAt(slot: number): boolean {
    // A prefix begins at its first slot, and so do the narrower ones that only add zeros.
    for (let length = 0; length < ROOT_DEPTH; length++) {
      const index = (ROOT_SLOTS | slot) >>> (ROOT_DEPTH - length);
      if (bitAt(this.#members, index) && firstSlot(index, length) === slot) return true;
    }
    return false;
  }

  #hasAncestor(index: number): boolean {
    for (let i = index >>> 1; i > 0; i >>>= 1) if (bitAt(this.#members, i)) return true;
    return false;
  }

  /** Clears what an index covers, but for what members below it do. */
  #uncover(index: number, length: number): void {
    this.#coverSlots(index, length, false);
    for (let below = 1; length + below < ROOT_DEPTH; below++) {
      for (let i = index << below; i < (index + 1) << below; i++) {
        if (bitAt(this.#members, i)) this.#coverSlots(i, length + below, true);
      }
    }
  }

  #coverSlots(index: number, length: number, isCovered: boolean): void {
    setBits(this.#covered, firstSlot(index, length), ROOT_SLOTS >>> length, isCovered);
  }
}

function firstSlot(index: number, length: number): number {
  return (index << (ROOT_DEPTH - length)) - ROOT_SLOTS;
}

/** The first `length` (0 to 15) bits of an address with a one before them. */
function shortIndex(words: Uint32Array, length: number): number {
  return (1 << length) | ((words[0]! >>> 16) >>> (ROOT_DEPTH - length));
}

function bitAt(bits: Uint32Array, index: number): boolean {
  return ((bits[index >>> 5]! >>> (index & 31)) & 1) === 1;
}

function flipBit(bits: Uint32Array, index: number): void {
  bits[index >>> 5]! ^= 1 << (index & 31);
}

/** Sets or clears `count` bits, a power of two of which `from` is a multiple: whole words, or a part of one. */
function setBits(bits: Uint32Array, from: number, count: number, isSet: boolean): void {
  if (count >= 32) {
    bits.fill(isSet ? 0xffff_ffff : 0, from >>> 5, (from + count) >>> 5);
    return;
  }
  const mask = (2 ** count - 1) << (from & 31);
  if (isSet) bits[from >>> 5]! |= mask;
  else bits[from >>> 5]! &= ~mask;
}
