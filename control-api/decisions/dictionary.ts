/** Gives each distinct value a small number, and takes it back: what many rows share is kept once. */
export class Dictionary<Value> {
  readonly #values: Value[] = [];
  readonly #indexes = new Map<string, number>();
  readonly #keyOf: (value: Value) => string;

  constructor(keyOf: (value: Value) => string) {
    this.#keyOf = keyOf;
  }

  get size(): number {
    return this.#values.length;
  }

  indexOf(value: Value): number {
    const key = this.#keyOf(value);
    const known = this.#indexes.get(key);
    if (known !== undefined) return known;
    this.#indexes.set(key, this.#values.length);
    return this.#values.push(value) - 1;
  }

  at(index: number): Value {
    const value = this.#values[index];
    if (value === undefined) throw new RangeError(`no value has number ${index}`);
    return value;
  }

  values(): readonly Value[] {
    return this.#values;
  }
}
