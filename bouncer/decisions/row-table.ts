const SMALLEST = 64;

/**
 * Finds rows by a hash of what is in them: row numbers in one typed array, open addressing, at most half full.
 * What a row holds must not change while it is in the table.
 */
export class RowTable {
  readonly #hashOf: (row: number) => number;
  /** Row number plus one; zero is an empty slot. */
  #slots = new Int32Array(SMALLEST);
  #size = 0;

  constructor(hashOf: (row: number) => number) {
    this.#hashOf = hashOf;
  }

  /** The row that has the hash and is meant; undefined when there is none. */
  find(hash: number, isMeant: (row: number) => boolean): number | undefined {
    const mask = this.#slots.length - 1;
    for (let i = hash & mask; this.#slots[i] !== 0; i = (i + 1) & mask) {
      const row = this.#slots[i]! - 1;
      if (isMeant(row)) return row;
    }
    return undefined;
  }

  /** Adds a row that is not in it. */
  add(row: number): void {
    this.#size++;
    if (this.#size * 2 > this.#slots.length) this.#resize(this.#slots.length * 2);
    this.#slots[this.#emptyFor(row)] = row + 1;
  }

  /** Puts a row with the same hash in the place of another. */
  replace(row: number, by: number): void {
    this.#slots[this.#slotOf(row)] = by + 1;
  }

  remove(row: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let gap = this.#slotOf(row);
    // What was displaced past the gap moves up into it, so that no search ends too early.
    for (let i = (gap + 1) & mask; slots[i] !== 0; i = (i + 1) & mask) {
      const home = this.#hashOf(slots[i]! - 1) & mask;
      if (((i - home) & mask) < ((i - gap) & mask)) continue;
      slots[gap] = slots[i]!;
      gap = i;
    }
    slots[gap] = 0;
    this.#size--;
    if (this.#size * 16 < slots.length && slots.length > SMALLEST) this.#resize(slots.length / 4);
  }

  #slotOf(row: number): number {
    const mask = this.#slots.length - 1;
    for (let i = this.#hashOf(row) & mask; this.#slots[i] !== 0; i = (i + 1) & mask) {
      if (this.#slots[i] === row + 1) return i;
    }
    throw new Error(`row ${row} is not in the table`);
  }

  #emptyFor(row: number): number {
    const mask = this.#slots.length - 1;
    let i = this.#hashOf(row) & mask;
    while (this.#slots[i] !== 0) i = (i + 1) & mask;
    return i;
  }

  #resize(length: number): void {
    const before = this.#slots;
    this.#slots = new Int32Array(Math.max(SMALLEST, length));
    for (const slot of before) if (slot !== 0) this.#slots[this.#emptyFor(slot - 1)] = slot;
  }
}
