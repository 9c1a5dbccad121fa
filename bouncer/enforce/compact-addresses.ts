import type { AddressSequence } from '../shared/domain/ruleset.ts';
import { type Address, type Family, formatPrefix } from '../shared/net/prefix.ts';

/** Words of an address, by family. */
const WORDS = { 4: 1, 6: 4 } as const;

/**
 * Addresses in order, in 4 bytes each for IPv4 and 16 for IPv6: a million of them as text are 60 MB, and are needed for
 * no longer than it takes to write them.
 */
export class CompactAddresses implements AddressSequence {
  readonly #ipv4: Uint32Array;
  readonly #ipv6: Uint32Array;

  /** @param ipv4 one word an address, in order. @param ipv6 four, the most significant first, in order. */
  constructor(ipv4: Uint32Array, ipv6: Uint32Array) {
    this.#ipv4 = ipv4;
    this.#ipv6 = ipv6;
  }

  get length(): number {
    return this.#ipv4.length + this.#ipv6.length / WORDS[6];
  }

  at(index: number): Address | undefined {
    if (index < 0 || index >= this.length) return undefined;
    const ipv4 = this.#ipv4.length;
    return index < ipv4 ? textAt(4, this.#ipv4, index) : textAt(6, this.#ipv6, index - ipv4);
  }

  *[Symbol.iterator](): Generator<Address, void, undefined> {
    for (let i = 0; i < this.#ipv4.length; i++) yield textAt(4, this.#ipv4, i);
    for (let i = 0; i < this.#ipv6.length / WORDS[6]; i++) yield textAt(6, this.#ipv6, i);
  }

  toJSON(): readonly Address[] {
    return [...this];
  }
}

function textAt(family: Family, words: Uint32Array, index: number): Address {
  const width = WORDS[family];
  for (let i = 0; i < width; i++) address[i] = words[index * width + i] ?? 0;
  const text = formatPrefix(family, address, 32 * width);
  if (text === undefined) throw new Error(`no IPv${family} address has ${32 * width} bits`);
  return text as Address;
}

const address = new Uint32Array(4);
