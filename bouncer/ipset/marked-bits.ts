/**
 * Marked bits: up to 31 bits in one word, with their number: the bits on top, then a one, then zeros.
 *
 *     101        →  1011_0000 … 0000
 *     (no bits)  →  1000_0000 … 0000
 *
 * Zero is therefore no marked word. Shifting one left drops leading bits and leaves a marked word.
 * Paths and short leaves are kept like this: one word is both what to compare and how far.
 */

/** Marks the first `length` (0 to 31) bits of a word. */
export function markBits(bits: number, length: number): number {
  const marker = 1 << (31 - length);
  return (bits & -(marker << 1)) | marker;
}

/** How many bits are marked. */
export function markedLength(marked: number): number {
  return Math.clz32(marked & -marked);
}

/**
 * Whether `rest`, an address shifted left, begins with the marked bits.
 *
 *     marked   1011_0000 …    its lowest one is the marker: 0001_0000 …
 *     compare  1110_0000 …    minus twice the marker: ones above it; all zeros when no bits are marked
 */
export function beginsWith(rest: number, marked: number): boolean {
  return ((rest ^ marked) & -((marked & -marked) << 1)) === 0;
}
