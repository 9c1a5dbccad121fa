import type { Decision } from '../domain/decision.ts';
import { type Family, formatPrefix, type Prefix } from '../net/prefix.ts';
import { type PrefixWords, prefixWords, readPrefix } from '../net/read-prefix.ts';
import type { DecisionList } from './decision-list.ts';
import { type Label, Labels } from './labels.ts';

/** Rows of a block: large enough to be returned to the system when it goes, small enough to be no waste. */
const BLOCK_BITS = 14;
const BLOCK_ROWS = 1 << BLOCK_BITS;
const ROW_BYTES = 8 + 8 + 16 + 4 + 1;

/** A row's span says family and length in one byte: an IPv6 prefix of `length` bits has `IPV6 + length`. */
const IPV6 = 64;

/** Marks a row that is free; it is no id, and equal to none. */
const NO_ID = Number.NaN;
const NONE = -1;

/** Columns of some rows, in one piece of memory. */
class Block {
  readonly ids: Float64Array;
  readonly ends: Float64Array;
  /** Four a row; one is used for IPv4, and the others are zero. */
  readonly words: Uint32Array;
  /** Of a free row: the next free one, or NONE. */
  readonly labels: Int32Array;
  readonly spans: Uint8Array;

  constructor() {
    const memory = new ArrayBuffer(BLOCK_ROWS * ROW_BYTES);
    this.ids = new Float64Array(memory, 0, BLOCK_ROWS);
    this.ends = new Float64Array(memory, 8 * BLOCK_ROWS, BLOCK_ROWS);
    this.words = new Uint32Array(memory, 16 * BLOCK_ROWS, 4 * BLOCK_ROWS);
    this.labels = new Int32Array(memory, 32 * BLOCK_ROWS, BLOCK_ROWS);
    this.spans = new Uint8Array(memory, 36 * BLOCK_ROWS, BLOCK_ROWS);
  }
}

/**
 * Decisions in 37 bytes each, where an object, its text and its number take 150: a `Decision` is made when one is asked
 * for. A row keeps its number for as long as its decision is there, and is used again afterwards.
 */
export class DecisionColumns implements DecisionList {
  readonly labels = new Labels();
  readonly #blocks: Block[] = [];
  #rows = 0;
  #free = NONE;
  #size = 0;

  /** How many rows there are, free ones included. */
  get length(): number {
    return this.#rows;
  }

  /** How many decisions there are. */
  get size(): number {
    return this.#size;
  }

  /** @returns the row that it is in. */
  add(decision: Decision): number {
    const row = this.#freeRow();
    this.#block(row).ids[row % BLOCK_ROWS] = decision.id;
    this.#size++;
    this.#write(row, decision);
    return row;
  }

  /** Puts another reading of the same decision in its place. */
  replace(row: number, decision: Decision): void {
    this.labels.release(this.#block(row).labels[row % BLOCK_ROWS]!, this.#familyAt(row));
    this.#write(row, decision);
  }

  remove(row: number): void {
    const { ids, labels } = this.#block(row);
    const at = row % BLOCK_ROWS;
    this.labels.release(labels[at]!, this.#familyAt(row));
    ids[at] = NO_ID;
    labels[at] = this.#free;
    this.#free = row;
    this.#size--;
  }

  /** Undefined where the row is free. */
  at(row: number): Decision | undefined {
    if (row >= this.#rows || this.isFree(row)) return undefined;
    const { origin, scenario, type } = this.labelAt(row);
    return { id: this.idAt(row), origin, scenario, type, prefix: this.prefixAt(row), expiresAt: this.endAt(row) };
  }

  isFree(row: number): boolean {
    return Number.isNaN(this.idAt(row));
  }

  idAt(row: number): number {
    return this.#block(row).ids[row % BLOCK_ROWS]!;
  }

  /** Monotonic ms at which the decision runs out. */
  endAt(row: number): number {
    return this.#block(row).ends[row % BLOCK_ROWS]!;
  }

  labelAt(row: number): Label {
    return this.labels.at(this.#block(row).labels[row % BLOCK_ROWS]!);
  }

  prefixAt(row: number): Prefix {
    const span = this.#spanAt(row);
    for (let i = 0; i < 4; i++) words[i] = this.#wordAt(row, i);
    const prefix = formatPrefix(familyOf(span), words, span < IPV6 ? span : span - IPV6);
    if (prefix === undefined) throw new Error(`row ${row} has the span ${span}`);
    return prefix;
  }

  /** Whether the decision in a row is on exactly this prefix. */
  isOn(row: number, prefix: PrefixWords): boolean {
    if (this.#spanAt(row) !== spanOf(prefix)) return false;
    for (let i = 0; i < 4; i++) if (this.#wordAt(row, i) !== prefix.words[i]) return false;
    return true;
  }

  /** Whether the decisions in two rows are on the same prefix. */
  areOnSame(row: number, other: number): boolean {
    if (this.#spanAt(row) !== this.#spanAt(other)) return false;
    for (let i = 0; i < 4; i++) if (this.#wordAt(row, i) !== this.#wordAt(other, i)) return false;
    return true;
  }

  /** Of the prefix in a row; the same as `hashOf` gives for the prefix itself. */
  hashAt(row: number): number {
    let hash = mix(SEED, this.#spanAt(row));
    for (let i = 0; i < 4; i++) hash = mix(hash, this.#wordAt(row, i));
    return hash;
  }

  /** All decisions, by row. More may come and others go meanwhile. */
  *[Symbol.iterator](): Generator<Decision, void, undefined> {
    for (let row = 0; row < this.#rows; row++) {
      const decision = this.at(row);
      if (decision !== undefined) yield decision;
    }
  }

  #freeRow(): number {
    const row = this.#free;
    if (row !== NONE) {
      this.#free = this.#block(row).labels[row % BLOCK_ROWS]!;
      return row;
    }
    if (this.#rows === this.#blocks.length * BLOCK_ROWS) this.#blocks.push(new Block());
    return this.#rows++;
  }

  #write(row: number, decision: Decision): void {
    const { ends, words: columns, labels, spans } = this.#block(row);
    const at = row % BLOCK_ROWS;
    readWhole(decision.prefix, read);
    for (let i = 0; i < 4; i++) columns[4 * at + i] = read.words[i]!;
    spans[at] = spanOf(read);
    ends[at] = decision.expiresAt;
    labels[at] = this.labels.take(decision, read.family);
  }

  #block(row: number): Block {
    return this.#blocks[row >>> BLOCK_BITS]!;
  }

  #wordAt(row: number, i: number): number {
    return this.#block(row).words[4 * (row % BLOCK_ROWS) + i]!;
  }

  #spanAt(row: number): number {
    return this.#block(row).spans[row % BLOCK_ROWS]!;
  }

  #familyAt(row: number): Family {
    return familyOf(this.#spanAt(row));
  }
}

const words = new Uint32Array(4);
const read = prefixWords();

/** Reads a prefix that is known to be one. */
export function readWhole(prefix: Prefix, into: PrefixWords): PrefixWords {
  if (!readPrefix(prefix, into)) throw new TypeError(`not a prefix: ${prefix}`);
  return into;
}

export function hashOf(prefix: PrefixWords): number {
  let hash = mix(SEED, spanOf(prefix));
  for (let i = 0; i < 4; i++) hash = mix(hash, prefix.words[i]!);
  return hash;
}

function spanOf({ family, length }: PrefixWords): number {
  return family === 4 ? length : IPV6 + length;
}

function familyOf(span: number): Family {
  return span < IPV6 ? 4 : 6;
}

/** Another in each process: whoever attacks chooses addresses, and must not choose those that share a hash. */
const SEED = Math.floor(Math.random() * 2 ** 32);

/** One round of MurmurHash3, and a shift so that the low bits have a part of the high ones. */
export function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const mixed = hash ^ k;
  const turned = Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64;
  return (turned ^ (turned >>> 15)) >>> 0;
}
