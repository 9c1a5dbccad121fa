import type { Prefix } from '../shared/net/prefix.ts';
import { prefixWords } from '../shared/net/read-prefix.ts';
import { type DecisionColumns, hashOf, readWhole } from '../shared/decisions/decision-columns.ts';
import { withRoom } from './expiry-queue.ts';
import { RowTable } from './row-table.ts';

const NONE = -1;

/** Rows by their prefix, those of one prefix in the order in which they came. Nearly every prefix has one. */
export class PrefixRows {
  readonly #columns: DecisionColumns;
  /** The first row of each prefix. */
  readonly #first: RowTable;
  /** The row after each, or NONE. */
  #next = new Int32Array(64);

  constructor(columns: DecisionColumns) {
    this.#columns = columns;
    this.#first = new RowTable((row) => columns.hashAt(row));
  }

  /** The rows of exactly this prefix. */
  of(prefix: Prefix): number[] {
    const rows: number[] = [];
    readWhole(prefix, sought);
    const first = this.#first.find(hashOf(sought), (row) => this.#columns.isOn(row, sought));
    for (let row = first ?? NONE; row !== NONE; row = this.#next[row]!) rows.push(row);
    return rows;
  }

  add(row: number): void {
    this.#next = withRoom(this.#next, row);
    this.#next[row] = NONE;
    let last = this.#firstWith(row);
    if (last === undefined) {
      this.#first.add(row);
      return;
    }
    while (this.#next[last] !== NONE) last = this.#next[last]!;
    this.#next[last] = row;
  }

  remove(row: number): void {
    const first = this.#firstWith(row);
    const after = this.#next[row]!;
    if (first === row && after === NONE) this.#first.remove(row);
    else if (first === row) this.#first.replace(row, after);
    else {
      let before = first!;
      while (this.#next[before] !== row) before = this.#next[before]!;
      this.#next[before] = after;
    }
  }

  /** The first row of the prefix that is in this one. */
  #firstWith(row: number): number | undefined {
    return this.#first.find(this.#columns.hashAt(row), (other) => this.#columns.areOnSame(row, other));
  }
}

const sought = prefixWords();
