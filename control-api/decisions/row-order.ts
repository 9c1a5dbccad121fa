import { parsePrefix, type Prefix } from '../../bouncer/shared/net/prefix.ts';
import { prefixWords, readPrefix } from '../../bouncer/shared/net/read-prefix.ts';
import type { DecisionRows } from './decision-rows.ts';
import type { Dictionary } from './dictionary.ts';

export const COLUMNS = [
  'value',
  'country',
  'as_name',
  'scenario',
  'origin',
  'type',
  'scope',
  'duration',
  'until',
  'enforced',
  'id',
] as const;
export type Column = (typeof COLUMNS)[number];

/** What a row is sorted by, as a cursor carries it: the row itself may be gone when the next page is asked for. */
export type SortKey = string | number;

/** One way to sort; ties are broken by id, so that it is total and a page can begin after any row. */
export interface RowOrder {
  readonly isDescending: boolean;
  /** Negative when the row in slot `a` comes first. */
  compare(a: number, b: number): number;
  keyOf(slot: number): SortKey;
  /** Compares a row with a place in the order; undefined when `key` is none in this order. */
  after(key: SortKey, id: number): ((slot: number) => boolean) | undefined;
}

/** @param isEnforced only asked for when the column is `enforced`. */
export function rowOrder(
  rows: DecisionRows,
  column: Column,
  isDescending: boolean,
  isEnforced: (slot: number) => boolean,
): RowOrder {
  const sign = isDescending ? -1 : 1;
  if (column === 'value') return byValue(rows, sign);
  const text = textOf(rows, column);
  return text === undefined ? byNumber(rows, sign, numberOf(rows, column, isEnforced)) : byText(rows, sign, text);
}

/** A text column: its distinct values, each with its rank. */
interface Texts {
  readonly sorted: readonly string[];
  readonly rankOf: (slot: number) => number;
}

function textOf(rows: DecisionRows, column: Column): Texts | undefined {
  switch (column) {
    case 'origin':
    case 'scenario':
    case 'type':
      return ranked(
        rows.causes,
        (cause) => cause[column],
        (slot) => rows.cause[slot] ?? 0,
      );
    case 'country':
    case 'as_name':
      return ranked(
        rows.places,
        (place) => place[column] ?? LAST,
        (slot) => rows.place[slot] ?? 0,
      );
    default:
      return undefined;
  }
}

/** What is not known comes after everything that is. */
const LAST = '\uffff';

function ranked<Value>(
  dictionary: Dictionary<Value>,
  textOfValue: (value: Value) => string,
  indexOf: (slot: number) => number,
): Texts {
  const texts = dictionary.values().map(textOfValue);
  const sorted = [...new Set(texts)].sort();
  const rankOfText = new Map(sorted.map((text, rank) => [text, rank]));
  const ranks = Float64Array.from(texts, (text) => rankOfText.get(text) ?? 0);
  return { sorted, rankOf: (slot) => ranks[indexOf(slot)] ?? 0 };
}

function byText(rows: DecisionRows, sign: number, { sorted, rankOf }: Texts): RowOrder {
  const order = byNumber(rows, sign, rankOf);
  return {
    ...order,
    keyOf: (slot) => sorted[rankOf(slot)] ?? '',
    after: (key, id) => (typeof key === 'string' ? order.after(rankOfText(sorted, key), id) : undefined),
  };
}

/** The rank of a text, or the half between two ranks when no row has it any more. */
function rankOfText(sorted: readonly string[], text: string): number {
  const rank = sorted.findIndex((candidate) => candidate >= text);
  return rank < 0 ? sorted.length : sorted[rank] === text ? rank : rank - 0.5;
}

function numberOf(rows: DecisionRows, column: Column, isEnforced: (slot: number) => boolean): (slot: number) => number {
  switch (column) {
    case 'duration':
    case 'until':
      return (slot) => rows.until[slot] ?? 0;
    case 'scope':
      return (slot) => (rows.isAddress(slot) ? 0 : 1);
    case 'enforced':
      return (slot) => (isEnforced(slot) ? 1 : 0);
    default:
      return () => 0; // by id alone
  }
}

function byNumber(rows: DecisionRows, sign: number, numberAt: (slot: number) => number): RowOrder {
  const idOf = (slot: number) => rows.ids[slot] ?? 0;
  return {
    isDescending: sign < 0,
    compare: (a, b) => sign * (numberAt(a) - numberAt(b) || idOf(a) - idOf(b)),
    keyOf: numberAt,
    after: (key, id) =>
      typeof key === 'number' ? (slot) => sign * (numberAt(slot) - key || idOf(slot) - id) > 0 : undefined,
  };
}

/** As `comparePrefixes` has it: IPv4 before IPv6, by address, then the wider range first. */
function byValue(rows: DecisionRows, sign: number): RowOrder {
  const { words, shapes, ids } = rows;
  const compareWords = (slot: number, other: Uint32Array, at: number, otherShape: number): number => {
    const shape = shapes[slot] ?? 0;
    const families = (shape >> 8) - (otherShape >> 8);
    if (families !== 0) return families;
    for (let i = 0; i < 4; i++) {
      const difference = (words[4 * slot + i] ?? 0) - (other[at + i] ?? 0);
      if (difference !== 0) return difference;
    }
    return shape - otherShape;
  };
  return {
    isDescending: sign < 0,
    compare: (a, b) => sign * (compareWords(a, words, 4 * b, shapes[b] ?? 0) || (ids[a] ?? 0) - (ids[b] ?? 0)),
    keyOf: (slot) => rows.value(slot),
    after: (key, id) => {
      const prefix = typeof key === 'string' ? parsePrefix(key) : undefined;
      if (prefix === undefined) return undefined;
      const { words: at, shape } = shapeOf(prefix);
      return (slot) => sign * (compareWords(slot, at, 0, shape) || (ids[slot] ?? 0) - id) > 0;
    },
  };
}

/** A prefix in the form in which rows keep theirs. */
export function shapeOf(prefix: Prefix): { readonly words: Uint32Array; readonly shape: number } {
  const read = prefixWords();
  readPrefix(prefix, read);
  return { words: read.words, shape: (read.family << 8) | read.length };
}
