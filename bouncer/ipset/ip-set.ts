import { type Prefix, formatPrefix } from '../shared/net/prefix.ts';
import { type Family, prefixWords, readPrefix } from '../shared/net/read-prefix.ts';
import { PrefixTrie } from './prefix-trie.ts';

/** What the last read prefix was; every operation reads its own first, and none is interrupted by another. */
const query = prefixWords();
const lengths = new Uint8Array(129);

/** Covers everything of its family: its words have no bits. */
const EVERYTHING = new Uint32Array(5);

/**
 * A set of IP prefixes, IPv4 and IPv6: what is in it, what covers an address, in order.
 *
 *     const set = IpSet.from(['10.0.0.0/8', '2001:db8::/32'] as Prefix[]);
 *     set.contains('10.1.2.3')            // true
 *     set.contains('::ffff:10.1.2.3')     // true: IPv4-mapped is IPv4
 *     set.longestMatch('10.1.2.3')        // '10.0.0.0/8'
 *
 * Members are kept in two tries in typed arrays (`prefix-trie.ts`), one a family: no object and no string a member.
 * Text is parsed into words on every call, without allocating; what comes out is formatted on the way out.
 */
export class IpSet {
  readonly ipv4 = new PrefixTrie();
  readonly ipv6 = new PrefixTrie();

  /** Builds a set and gives it no more memory than it needs; it may be changed afterwards like any other. */
  static from(prefixes: Iterable<Prefix>): IpSet {
    const set = new IpSet();
    for (const prefix of prefixes) set.add(prefix);
    set.ipv4.trim();
    set.ipv6.trim();
    return set;
  }

  /** How many prefixes are members. */
  get size(): number {
    return this.ipv4.size + this.ipv6.size;
  }

  /** Bytes of memory that grow with the members, free blocks and room to grow included. */
  get byteLength(): number {
    return this.ipv4.byteLength + this.ipv6.byteLength;
  }

  /** Makes a prefix a member; false when it was one. */
  add(prefix: Prefix): boolean {
    return this.#read(prefix).insert(query.words, query.length);
  }

  /** Makes a prefix no member; false when it was none. Members that it covers, or that cover it, stay. */
  delete(prefix: Prefix): boolean {
    return this.#read(prefix).remove(query.words, query.length);
  }

  /** Whether exactly this prefix is a member. */
  has(prefix: Prefix): boolean {
    return this.#read(prefix).has(query.words, query.length);
  }

  /** Whether a member covers the address or range; false for text that is neither. */
  contains(text: string): boolean {
    return readPrefix(text, query) && this.#trie(query.family).isCovered(query.words, query.length);
  }

  /** The narrowest member that covers the address or range. */
  longestMatch(prefix: Prefix): Prefix | undefined {
    const count = this.#read(prefix).coveringLengths(query.words, query.length, lengths);
    return count === 0 ? undefined : formatPrefix(query.family, query.words, lengths[count - 1]!);
  }

  /** All members that cover the prefix, the widest first; itself, if it is one, is the last. */
  coverings(prefix: Prefix): Prefix[] {
    const count = this.#read(prefix).coveringLengths(query.words, query.length, lengths);
    return Array.from(lengths.subarray(0, count), (length) => write(query.family, query.words, length));
  }

  /** The members that the prefix covers, itself included, in the order of `comparePrefixes`. */
  *within(prefix: Prefix): Generator<Prefix, void, undefined> {
    const trie = this.#read(prefix);
    yield* walk(query.family, trie, query.words, query.length);
  }

  /** The members that no other member covers, in the order of `comparePrefixes`: they cover what the whole set does. */
  *maximal(): Generator<Prefix, void, undefined> {
    yield* walk(4, this.ipv4, EVERYTHING, 0, true);
    yield* walk(6, this.ipv6, EVERYTHING, 0, true);
  }

  /** All members in the order of `comparePrefixes`. The set must not change meanwhile. */
  *[Symbol.iterator](): Generator<Prefix, void, undefined> {
    yield* walk(4, this.ipv4, EVERYTHING, 0);
    yield* walk(6, this.ipv6, EVERYTHING, 0);
  }

  /** Takes all members out and gives the memory back. */
  clear(): void {
    this.ipv4.clear();
    this.ipv6.clear();
  }

  /** Reads a prefix into `query`; returns the trie that it belongs to. */
  #read(prefix: Prefix): PrefixTrie {
    if (!readPrefix(prefix, query)) throw new TypeError(`not a canonical prefix: ${prefix}`);
    return this.#trie(query.family);
  }

  #trie(family: Family): PrefixTrie {
    return family === 4 ? this.ipv4 : this.ipv6;
  }
}

function* walk(family: Family, trie: PrefixTrie, words: Uint32Array, length: number, maximal = false) {
  const { changes } = trie;
  const cursor = trie.within(words, length);
  while (cursor.next()) {
    yield write(family, cursor.words, cursor.length);
    if (trie.changes !== changes) throw new Error('the set was changed during a walk over it');
    if (maximal) cursor.skipCovered();
  }
}

function write(family: Family, words: Uint32Array, length: number): Prefix {
  const prefix = formatPrefix(family, words, length);
  if (prefix === undefined) throw new Error(`a length of ${length} in an IPv${family} trie`);
  return prefix;
}
