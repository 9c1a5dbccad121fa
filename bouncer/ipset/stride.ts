/**
 * The arithmetic of one stride: four bits of an address, one level of the trie.
 *
 * Inside a stride there are 15 prefixes (lengths 0 to 3) and 16 children (the nibbles). Together they are the
 * 31 nodes of a complete binary tree, numbered as in a heap: the root is 1, and below `i` come `2i` (next bit 0)
 * and `2i + 1` (next bit 1). Halving an index therefore drops its last bit: it gives the next wider prefix.
 *
 *                                  1                          length 0
 *                  2                               3          length 1: 0, 1
 *          4               5               6               7  length 2: 00, 01, 10, 11
 *       8     9        10    11        12    13        14    15         000 … 111
 *     16 17 18 19    20 21 22 23     24 25 26 27     28 29 30 31        0000 … 1111: the children
 *
 * A node's header is one word with bit `i` set for index `i`; bit 0, which no index uses, is its path flag.
 *
 *     bit   31 … 16   15 … 1     0
 *           children  prefixes   path
 *
 *     example: 10.1.160.0/19 in a node at depth 16: the nibble there is 1010, of which the prefix has three bits
 *
 *         index of nibble 1010, length 4:  1_1010 = 26
 *         one bit shorter:                  1_101 = 13     so 10.1.160.0/19 is bit 13 of the header
 *         what covers it:                    1_10 =  6     10.1.128.0/18
 *                                             1_1 =  3     10.1.128.0/17
 *                                               1 =  1     10.1.0.0/16
 */

/** Bits that one level of the trie consumes: a hexadecimal digit of an IPv6 address. */
export const STRIDE = 4;

/** Header bits of the prefixes, of the children, and the flag that says that a path word follows the header. */
export const PREFIX_BITS = 0x0000_fffe;
export const CHILD_BITS = 0xffff_0000;
export const HAS_PATH = 1;

/** The first index that is a child, not a prefix. */
export const FIRST_CHILD = 16;

/**
 * For every index the header bits of the prefixes that cover it: itself, if it is a prefix, and all that halving
 * reaches. One AND with a header answers for a whole stride whether anything in it covers an address.
 *
 *     ANCESTORS[26] has the bits 13, 6, 3, 1
 *     ANCESTORS[13] has the same: a prefix covers itself, a child is only below prefixes
 */
export const ANCESTORS: Uint16Array = Uint16Array.from({ length: 32 }, (_, index) => {
  let bits = 0;
  for (let i = index >= FIRST_CHILD ? index >>> 1 : index; i > 0; i >>>= 1) bits |= 1 << i;
  return bits;
});

/**
 * The indexes in the order of the prefixes that they stand for: by address, the wider first. That is the tree
 * above walked from the root, left before right.
 */
export const PREORDER: Uint8Array = Uint8Array.from(preorder(1));

function preorder(index: number): number[] {
  return index > 31 ? [] : [index, ...preorder(2 * index), ...preorder(2 * index + 1)];
}

/** Where in PREORDER the index stands; all that it covers follows it directly. */
export const POSITION: Uint8Array = Uint8Array.from({ length: 32 }, (_, index) => PREORDER.indexOf(index));

/** How many indexes an index covers, itself included: `runLength(1)` is 31, `runLength(8)` is 3, a child's is 1. */
export function runLength(index: number): number {
  return (32 >>> lengthOf(index)) - 1;
}

/** The index of the first `length` (0 to 4) bits of `rest`, an address shifted left so that the stride is on top. */
export function indexOf(rest: number, length: number): number {
  return (1 << length) | ((rest >>> 28) >>> (4 - length));
}

/** How many bits an index stands for: `lengthOf(1)` is 0, `lengthOf(13)` is 3, a child's is 4. */
export function lengthOf(index: number): number {
  return 31 - Math.clz32(index);
}

/** The bits that an index stands for, on top of a word: `bitsOf(13)` is 101 followed by 29 zeros. */
export function bitsOf(index: number): number {
  // Shifting away everything up to and including the index's leading one; `<< 32` would be `<< 0`, hence two steps.
  return (index << Math.clz32(index)) << 1;
}

/** How many of a header's children stand before the child at `index`: its place among the node's slots. */
export function rank(header: number, index: number): number {
  return popcount16((header & ((1 << index) - 1)) >>> 16);
}

/** How many bits of a 16-bit number are set, summed in parallel: pairs, nibbles, octets, both octets. */
export function popcount16(bits: number): number {
  const pairs = bits - ((bits >>> 1) & 0x5555);
  const nibbles = (pairs & 0x3333) + ((pairs >>> 2) & 0x3333);
  const octets = (nibbles + (nibbles >>> 4)) & 0x0f0f;
  return (octets + (octets >>> 8)) & 0x1f;
}
