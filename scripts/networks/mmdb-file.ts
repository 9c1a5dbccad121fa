/**
 * A writer of MaxMind DB files, version 2.0 (https://maxmind.github.io/MaxMind-DB/): a binary tree over the bits of an
 * address, whose leaves point to a record. IPv4 lies in `::/96`.
 */

const ADDRESS_BITS = 128;

/** A node has two sides of 32 bits. */
const RECORD_BITS = 32;
const NODE_BYTES = 8;

/** Zeros between the tree and the data, so that a pointer can tell a record from a node. */
const SEPARATOR_BYTES = 16;
const METADATA_MARK = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');

/** A side that leads nowhere, while the tree grows; the root is never a child. */
const NOTHING = 0;
/** Set on a side that holds a record; the rest is the record's place among the data. */
const IS_RECORD = 0x8000_0000;

type Field = string | number;

export class MmdbFile {
  readonly #databaseType: string;
  readonly #builtAt: Date;
  #sides = new Uint32Array(1 << 16);
  #nodes = 1;
  readonly #data: Buffer[] = [];
  #dataBytes = 0;
  /** Where each record and each field's name lies: both are written once. */
  readonly #written = new Map<string, number>();

  constructor(databaseType: string, builtAt: Date) {
    this.#databaseType = databaseType;
    this.#builtAt = builtAt;
  }

  /**
   * Gives every address from `first` to `last` this record.
   * @throws Error where one of them has a record already.
   */
  add(first: bigint, last: bigint, field: string, value: string): void {
    const record = this.#record(field, value);
    let next = first;
    while (next <= last) {
      let hostBits = next === 0n ? ADDRESS_BITS - 1 : Math.min(trailingZeros(next), ADDRESS_BITS - 1);
      while (next + (1n << BigInt(hostBits)) - 1n > last) hostBits--;
      this.#place(next, ADDRESS_BITS - hostBits, record);
      next += 1n << BigInt(hostBits);
    }
  }

  toBuffer(): Buffer {
    const tree = Buffer.alloc(this.#nodes * NODE_BYTES);
    for (let side = 0; side < this.#nodes * 2; side++) {
      const held = this.#sides[side] ?? NOTHING;
      const isRecord = (held & IS_RECORD) !== 0;
      const pointer = this.#nodes + SEPARATOR_BYTES + (held & ~IS_RECORD);
      tree.writeUInt32BE(isRecord ? pointer : held === NOTHING ? this.#nodes : held, side * 4);
    }
    return Buffer.concat([tree, Buffer.alloc(SEPARATOR_BYTES), ...this.#data, METADATA_MARK, this.#metadata()]);
  }

  #place(address: bigint, length: number, record: number): void {
    let node = 0;
    for (let depth = 1; ; depth++) {
      const side = node * 2 + Number((address >> BigInt(ADDRESS_BITS - depth)) & 1n);
      const held = this.#sides[side] ?? NOTHING;
      if ((held & IS_RECORD) !== 0 || (depth === length && held !== NOTHING)) {
        throw new Error(`two records for an address: ${address.toString(16)}/${length}`);
      }
      if (depth === length) {
        this.#sides[side] = record | IS_RECORD;
        return;
      }
      node = held === NOTHING ? this.#newNode(side) : held;
    }
  }

  #newNode(parentSide: number): number {
    const node = this.#nodes++;
    if (node * 2 + 1 >= this.#sides.length) {
      const larger = new Uint32Array(this.#sides.length * 2);
      larger.set(this.#sides);
      this.#sides = larger;
    }
    this.#sides[parentSide] = node;
    return node;
  }

  #record(field: string, value: string): number {
    const key = `${field}\n${value}`;
    const known = this.#written.get(key);
    if (known !== undefined) return known;
    let name = this.#written.get(field);
    if (name === undefined) {
      name = this.#append(encoded(field));
      this.#written.set(field, name);
    }
    const place = this.#append(Buffer.concat([control(MAP, 1), pointerTo(name), encoded(value)]));
    this.#written.set(key, place);
    return place;
  }

  #append(bytes: Buffer): number {
    const place = this.#dataBytes;
    this.#data.push(bytes);
    this.#dataBytes += bytes.length;
    return place;
  }

  #metadata(): Buffer {
    const fields: Readonly<Record<string, Field>> = {
      binary_format_major_version: 2,
      binary_format_minor_version: 0,
      build_epoch: Math.floor(this.#builtAt.getTime() / 1_000),
      database_type: this.#databaseType,
      ip_version: 6,
      node_count: this.#nodes,
      record_size: RECORD_BITS,
    };
    const entries = Object.entries(fields).flatMap(([name, value]) => [encoded(name), encoded(value)]);
    return Buffer.concat([control(MAP, entries.length / 2), ...entries]);
  }
}

const TEXT = 2;
const NUMBER = 6;
const MAP = 7;

function encoded(value: Field): Buffer {
  if (typeof value === 'string') return Buffer.concat([control(TEXT, Buffer.byteLength(value)), Buffer.from(value)]);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return Buffer.concat([control(NUMBER, 4), bytes]);
}

/** The type in three bits, and the size: up to 28 beside it, up to 284 in a second byte. */
function control(type: number, size: number): Buffer {
  if (size < 29) return Buffer.from([(type << 5) | size]);
  if (size < 285) return Buffer.from([(type << 5) | 29, size - 29]);
  throw new Error(`a field of ${size} bytes is longer than this writer writes: 284`);
}

/** Field names come first in the data, so eleven bits reach them. */
function pointerTo(place: number): Buffer {
  if (place >= 1 << 11) throw new Error('a field name lies too far from the start of the data');
  return Buffer.from([0x20 | (place >> 8), place & 0xff]);
}

function trailingZeros(value: bigint): number {
  let zeros = 0;
  for (let rest = value; (rest & 1n) === 0n; rest >>= 1n) zeros++;
  return zeros;
}
