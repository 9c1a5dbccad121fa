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

/** The value of each ASCII hexadecimal digit by its char code; what is none has `NO_DIGIT`, more than a group. */
const NO_DIGIT = 0x1_0000;
const digitValues = Uint32Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  return /^[0-9a-f]$/i.test(character) ? Number.parseInt(character, 16) : NO_DIGIT;
});

/** Stands for a character after the last one. */
const END = -1;

/** The groups of the address that is being read: eight, or fewer until `::` is written out. */
const groups = new Uint16Array(8);

/**
 * Reads an IPv6 address from `text[start, end)` into `out[0..3]`; false when it is none.
 * The last 32 bits may be written as a dotted quad (RFC 4291 §2.2).
 */
export function readIpv6(text: string, start: number, end: number, out: Uint32Array): boolean {
  let count = 0; // groups read so far
  let gap = -1; // how many groups stand before `::`
  let i = start;
  if (beginsWithGap(text, start, end)) {
    gap = 0;
    i += 2;
  }
  while (i < end) {
    const before = count;
    count = readWholeGroups(text, i, end, count);
    i += WHOLE * (count - before);
    const group = readGroup(text, i, end);
    const after = i + (group & 7);
    const separator = after < end ? text.charCodeAt(after) : END;
    if (separator === DOT) return readQuad(text, i, end, count, gap, out);
    if (after === i || count === 8) return false;
    groups[count++] = group >>> 3;
    i = after + 1;
    if (separator === END) break;
    // Another group has to follow a colon, and a second colon makes it the gap.
    if (separator !== COLON || i === end) return false;
    if (text.charCodeAt(i) === COLON) {
      if (gap >= 0) return false;
      gap = count;
      i++;
    }
  }
  return spread(count, gap, out);
}

function beginsWithGap(text: string, start: number, end: number): boolean {
  return end - start >= 2 && text.charCodeAt(start) === COLON && text.charCodeAt(start + 1) === COLON;
}

/** Four digits and a colon. */
const WHOLE = 5;

/**
 * Reads groups of four digits as long as another group follows each; returns how many are read then. So it is with nearly
 * all groups of nearly all addresses, and asking for the four digits at once takes half the time of one after another.
 */
function readWholeGroups(text: string, start: number, end: number, before: number): number {
  let count = before;
  for (let i = start; count < 8 && i + WHOLE < end; i += WHOLE) {
    if (text.charCodeAt(i + 4) !== COLON || text.charCodeAt(i + WHOLE) === COLON) break;
    const high = (digitAt(text, i) << 12) | (digitAt(text, i + 1) << 8);
    const group = high | (digitAt(text, i + 2) << 4) | digitAt(text, i + 3);
    if (group >= NO_DIGIT) break;
    groups[count++] = group;
  }
  return count;
}

/** The value of a hexadecimal digit, or `NO_DIGIT`. */
function digitAt(text: string, i: number): number {
  return digitValues[text.charCodeAt(i)] ?? NO_DIGIT;
}

/** The number that up to four hexadecimal digits at `i` spell, times eight, plus how many they are: `2c` → 0x2c * 8 + 2. */
function readGroup(text: string, i: number, end: number): number {
  let value = 0;
  let digits = 0;
  for (; digits < 4 && i + digits < end; digits++) {
    const digit = digitAt(text, i + digits);
    if (digit === NO_DIGIT) break;
    value = (value << 4) | digit;
  }
  return (value << 3) | digits;
}

/** Reads a dotted quad as the last two groups. */
function readQuad(text: string, i: number, end: number, count: number, gap: number, out: Uint32Array): boolean {
  const quad = count <= 6 ? readIpv4(text, i, end) : -1;
  if (quad < 0) return false;
  groups[count] = quad >>> 16;
  groups[count + 1] = quad & 0xffff;
  return spread(count + 2, gap, out);
}

/** Writes out the zeros of `::`, which stands before the group `gap`, and puts the eight groups into four words. */
function spread(count: number, gap: number, out: Uint32Array): boolean {
  if (gap < 0 && count !== 8) return false;
  if (gap >= 0) {
    const zeros = 8 - count;
    if (zeros === 0) return false; // `::` stands for at least one group of zeros
    for (let i = count - 1; i >= gap; i--) groups[i + zeros] = groups[i] ?? 0;
    for (let i = gap; i < gap + zeros; i++) groups[i] = 0;
  }
  for (let i = 0; i < 4; i++) out[i] = ((groups[2 * i] ?? 0) << 16) | (groups[2 * i + 1] ?? 0);
  return true;
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
  const [from, to] = longestZeroRun(parts);
  return to - from < 2 ? hexGroups(parts, 0, 8) : `${hexGroups(parts, 0, from)}::${hexGroups(parts, to, 8)}`;
}

function hexGroups(parts: readonly number[], from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) text += (i > from ? ':' : '') + (parts[i] ?? 0).toString(16);
  return text;
}

/** The first of the longest runs of zero groups: where it starts, and the group after it. */
function longestZeroRun(parts: readonly number[]): [from: number, to: number] {
  let best: [number, number] = [0, 0];
  let from = 0;
  for (let i = 0; i < 8; i++) {
    if (parts[i] !== 0) from = i + 1;
    else if (i + 1 - from > best[1] - best[0]) best = [from, i + 1];
  }
  return best;
}

/** Clears every bit after the first `length` (0 to 32) of a word: `maskWord(0xc0000201, 24)` is `0xc0000200`. */
export function maskWord(word: number, length: number): number {
  return length <= 0 ? 0 : length >= 32 ? word >>> 0 : (word & (0xffffffff << (32 - length))) >>> 0;
}
