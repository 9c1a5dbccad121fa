import { MOST_MEMBERS } from './bucket-size.ts';

/**
 * A few prefixes in the order of a walk, taken out of the trie while their part of it is built anew: what is in a bucket,
 * and the one more that is too much for it. There is one list, and it is used again and again.
 */
export class Members {
  count = 0;
  /** An address in five words for each, as everywhere in the trie. */
  readonly rows: Uint32Array[] = Array.from({ length: MOST_MEMBERS + 1 }, () => new Uint32Array(5));
  readonly lengths = new Uint8Array(MOST_MEMBERS + 1);

  clear(): void {
    this.count = 0;
  }

  /** Adds one that comes after all others. */
  push(words: Uint32Array, length: number): void {
    copyWords(words, this.rows[this.count]!);
    this.lengths[this.count++] = length;
  }

  /** Adds one where it belongs; false when it was there. */
  insert(words: Uint32Array, length: number): boolean {
    let at = this.count;
    for (; at > 0; at--) {
      const order = this.#compare(at - 1, words, length);
      if (order === 0) return false;
      if (order < 0) break;
    }
    this.push(words, length);
    const row = this.rows[this.count - 1]!;
    for (let i = this.count - 1; i > at; i--) this.#put(i, this.rows[i - 1]!, this.lengths[i - 1]!);
    this.#put(at, row, length);
    return true;
  }

  /** Takes out one that is there. */
  remove(words: Uint32Array, length: number): void {
    let at = 0;
    while (this.#compare(at, words, length) !== 0) at++;
    const row = this.rows[at]!;
    this.count--;
    for (let i = at; i < this.count; i++) this.#put(i, this.rows[i + 1]!, this.lengths[i + 1]!);
    this.rows[this.count] = row;
  }

  #put(at: number, row: Uint32Array, length: number): void {
    this.rows[at] = row;
    this.lengths[at] = length;
  }

  #compare(at: number, words: Uint32Array, length: number): number {
    const row = this.rows[at]!;
    for (let i = 0; i < 4; i++) if (row[i] !== words[i]) return row[i]! - words[i]!;
    return this.lengths[at]! - length;
  }
}

/** For so few words a call of `set` takes longer than the copy. */
function copyWords(from: Uint32Array, to: Uint32Array): void {
  for (let i = 0; i < 4; i++) to[i] = from[i]!;
}
