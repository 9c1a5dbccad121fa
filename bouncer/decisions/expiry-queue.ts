const FIRST_ROOM = 64;

/** Rows by when they run out, soonest first: a binary heap that knows where each row is, so that any can be taken out. */
export class ExpiryQueue {
  readonly #endOf: (row: number) => number;
  #heap = new Int32Array(FIRST_ROOM);
  /** Where each row is in the heap. */
  #places = new Int32Array(FIRST_ROOM);
  #size = 0;

  constructor(endOf: (row: number) => number) {
    this.#endOf = endOf;
  }

  /** The row that runs out first. */
  get soonest(): number | undefined {
    return this.#size === 0 ? undefined : this.#heap[0];
  }

  add(row: number): void {
    this.#heap = withRoom(this.#heap, this.#size);
    this.#places = withRoom(this.#places, row);
    this.#rise(this.#size++, row);
  }

  remove(row: number): void {
    const place = this.#places[row]!;
    const last = this.#heap[--this.#size]!;
    if (last !== row) this.#settle(place, last);
  }

  /** The end of a row that is in it has changed. */
  moved(row: number): void {
    this.#settle(this.#places[row]!, row);
  }

  #settle(place: number, row: number): void {
    this.#rise(place, row);
    if (this.#places[row] === place) this.#sink(place, row);
  }

  /** Puts a row where it belongs, at `place` or above. */
  #rise(place: number, row: number): void {
    const end = this.#endOf(row);
    let at = place;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const above = this.#heap[parent]!;
      if (this.#endOf(above) <= end) break;
      this.#put(at, above);
      at = parent;
    }
    this.#put(at, row);
  }

  /** Puts a row where it belongs, at `place` or below. */
  #sink(place: number, row: number): void {
    const end = this.#endOf(row);
    let at = place;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#endOf(this.#heap[child + 1]!) < this.#endOf(this.#heap[child]!)) child++;
      const below = this.#heap[child]!;
      if (this.#endOf(below) >= end) break;
      this.#put(at, below);
      at = child;
    }
    this.#put(at, row);
  }

  #put(place: number, row: number): void {
    this.#heap[place] = row;
    this.#places[row] = place;
  }
}

/** The same numbers, in an array that has an element `index`. */
export function withRoom(numbers: Int32Array<ArrayBuffer>, index: number): Int32Array<ArrayBuffer> {
  if (index < numbers.length) return numbers;
  const larger = new Int32Array(Math.max(index + 1, Math.ceil(numbers.length * 1.5)));
  larger.set(numbers);
  return larger;
}
