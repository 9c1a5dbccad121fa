/**
 * IP addresses as unsigned 32-bit words: one for IPv4, four for IPv6, most significant first.
 *
 *     192.0.2.1    → [0xc0000201]
 *     2001:db8::1  → [0x20010db8, 0, 0, 1]
 *
 * Readers take a slice of a string, so that `10.0.0.0/8` is read without a copy; they accept what Go's
 * `netip.ParseAddr` accepts (no leading zeros, no zone), since Caddy is written in Go and must agree with us.
 */

const ZERO = 0x30;
const DOT = 0x2e;
const COLON = 0x3a;

/** The u32 of a dotted quad in `text[start, end)`, or -1 when it is none. */
export function readIpv4(text: string, start: number, end: number): number {
  let value = 0;
  let octet = 0;
  let digits = 0;
  let dots = 0;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      if (digits === 0 || ++dots > 3) return -1;
      value = value * 256 + octet;
      octet = 0;
      digits = 0;
      continue;
    }
    const digit = code - ZERO;
    if (digit < 0 || digit > 9 || (digits > 0 && octet === 0)) return -1;
    octet = octet * 10 + digit;
    if (octet > 255) return -1;
    digits++;
  }
  return dots === 3 && digits > 0 ? value * 256 + octet : -1;
}

/** The value of a hexadecimal digit's char code, or -1. */
function hexDigit(code: number): number {
  if (code >= ZERO && code <= 0x39) return code - ZERO;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

const groups = new Uint16Array(8);

/**
 * Reads an IPv6 address from `text[start, end)` into `out[0..3]`; false when it is none.
 * The last 32 bits may be written as a dotted quad (RFC 4291 §2.2).
 */
export function readIpv6(text: string, start: number, end: number, out: Uint32Array): boolean {
  let count = 0; // groups read so far
  let gap = -1; // how many groups stand before `::`
  let i = start;
  if (text.charCodeAt(i) === COLON) {
    if (text.charCodeAt(i + 1) !== COLON) return false;
    gap = 0;
    i += 2;
  }
  while (i < end) {
    if (count === 8) return false;
    let group = 0;
    let j = i;
    for (; j < end && j - i < 5; j++) {
      const digit = hexDigit(text.charCodeAt(j));
      if (digit < 0) break;
      group = group * 16 + digit;
    }
    if (j < end && text.charCodeAt(j) === DOT) {
      const quad = count <= 6 ? readIpv4(text, i, end) : -1;
      if (quad < 0) return false;
      groups[count++] = quad >>> 16;
      groups[count++] = quad & 0xffff;
      i = end;
      break;
    }
    if (j === i || j - i > 4) return false;
    groups[count++] = group;
    i = j;
    if (i === end) break;
    if (text.charCodeAt(i) !== COLON) return false;
    i++;
    if (i === end) return false; // a single colon at the end
    if (text.charCodeAt(i) === COLON) {
      if (gap >= 0) return false;
      gap = count;
      i++;
    }
  }
  // `::` stands for at least one group of zeros.
  if (gap < 0 ? count !== 8 : count > 7) return false;
  spread(count, gap, out);
  return true;
}

/** Puts `count` groups, of which the first `gap` stand before `::`, into four words. */
function spread(count: number, gap: number, out: Uint32Array): void {
  out.fill(0, 0, 4);
  const zeros = 8 - count;
  for (let i = 0; i < count; i++) {
    const at = gap >= 0 && i >= gap ? i + zeros : i;
    const shift = at & 1 ? 0 : 16;
    out[at >> 1] = ((out[at >> 1] ?? 0) | ((groups[i] ?? 0) << shift)) >>> 0;
  }
}

export function formatIpv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

/** RFC 5952 text, as Go's `netip.Addr.String()` writes it (except IPv4-mapped ones, which we never keep). */
export function formatIpv6(words: ArrayLike<number>): string {
  const parts: number[] = [];
  for (let i = 0; i < 4; i++) {
    const word = words[i] ?? 0;
    parts.push(word >>> 16, word & 0xffff);
  }
  const [from, length] = longestZeroRun(parts);
  const hex = (from: number, to: number) =>
    parts
      .slice(from, to)
      .map((part) => part.toString(16))
      .join(':');
  return length < 2 ? hex(0, 8) : `${hex(0, from)}::${hex(from + length, 8)}`;
}

/** The first of the longest runs of zero groups: where it starts, and how long it is. */
function longestZeroRun(parts: readonly number[]): [from: number, length: number] {
  let best: [number, number] = [0, 0];
  for (let i = 0; i < 8; i++) {
    let j = i;
    while (j < 8 && parts[j] === 0) j++;
    if (j - i > best[1]) best = [i, j - i];
    if (j > i) i = j;
  }
  return best;
}

/** Clears every bit after the first `length` (0 to 32) of a word: `maskWord(0xc0000201, 24)` is `0xc0000200`. */
export function maskWord(word: number, length: number): number {
  return length <= 0 ? 0 : length >= 32 ? word >>> 0 : (word & (0xffffffff << (32 - length))) >>> 0;
}
