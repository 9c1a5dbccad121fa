import type { Decision } from '../shared/domain/decision.ts';
import type { Prefix } from '../shared/net/prefix.ts';
import { prefixWords } from '../shared/net/read-prefix.ts';
import { DecisionColumns, mix, readWhole } from '../shared/decisions/decision-columns.ts';
import { ExpiryQueue } from './expiry-queue.ts';
import { PrefixRows } from './prefix-rows.ts';
import { RowTable } from './row-table.ts';

/** Newer LAPIs tell durations in whole seconds, so two readings of one decision differ by up to two of them. */
const READING_SLACK_MS = 2_000;

/** Free rows that are no waste. */
const MANY = 65_536;

/** Decisions in columns, found by id, by prefix, and by when they run out. Every row is in all three, or free. */
export class DecisionRows {
  readonly columns = new DecisionColumns();
  readonly expiries = new ExpiryQueue((row) => this.columns.endAt(row));
  readonly #byPrefix = new PrefixRows(this.columns);
  readonly #byId = new RowTable((row) => hashOfId(this.columns.idAt(row)));

  get size(): number {
    return this.columns.size;
  }

  withId(id: number): number | undefined {
    return this.#byId.find(hashOfId(id), (row) => this.columns.idAt(row) === id);
  }

  /** The rows of exactly this prefix. */
  on(prefix: Prefix): number[] {
    return this.#byPrefix.of(prefix);
  }

  add(decision: Decision): number {
    const row = this.columns.add(decision);
    this.#byId.add(row);
    this.#byPrefix.add(row);
    this.expiries.add(row);
    return row;
  }

  /** Puts another reading of a decision, with the same id and prefix, in its place. */
  renew(row: number, decision: Decision): void {
    this.columns.replace(row, decision);
    this.expiries.moved(row);
  }

  /** @returns the decision that was in the row. */
  remove(row: number): Decision {
    const decision = this.columns.at(row);
    if (decision === undefined) throw new Error(`row ${row} is free`);
    this.expiries.remove(row);
    this.#byPrefix.remove(row);
    this.#byId.remove(row);
    this.columns.remove(row);
    return decision;
  }

  /** Whether the row holds a decision of this prefix and type: one that may be put in its place. */
  isRenewedBy(row: number, { prefix, type }: Decision): boolean {
    return this.columns.labelAt(row).type === type && this.columns.isOn(row, readWhole(prefix, given));
  }

  /** Whether the decision is what the row holds, read once more. */
  holds(row: number, decision: Decision): boolean {
    const { origin, scenario } = this.columns.labelAt(row);
    const isSameTime = Math.abs(this.columns.endAt(row) - decision.expiresAt) <= READING_SLACK_MS;
    return (
      isSameTime && origin === decision.origin && scenario === decision.scenario && this.isRenewedBy(row, decision)
    );
  }

  /** Whether most of the memory is for rows that are free. */
  get isMostlyFree(): boolean {
    return this.columns.length > 4 * this.size + MANY;
  }

  /** The same decisions without the free rows. */
  compacted(): DecisionRows {
    const rows = new DecisionRows();
    for (const decision of this.columns) rows.add(decision);
    return rows;
  }
}

const given = prefixWords();

/** Of the id's whole part; ids are whole, and others are told apart when they are compared. */
function hashOfId(id: number): number {
  return mix(mix(0, id | 0), Math.floor(id / 2 ** 32) | 0);
}
