import { originKind } from '../../bouncer/shared/domain/decision.ts';
import { maskWord } from '../../bouncer/shared/net/words.ts';
import type { Prefix } from '../../bouncer/shared/net/prefix.ts';
import { readPastedPrefix } from '../http/prefix-input.ts';
import type { Cause, DecisionRows } from './decision-rows.ts';
import type { Place } from './places.ts';
import { shapeOf } from './row-order.ts';

/** Which rows are wanted; an empty list means all. */
export interface RowFilter {
  readonly q?: string | undefined;
  readonly origin?: readonly string[] | undefined;
  readonly type?: readonly string[] | undefined;
  readonly scope?: readonly string[] | undefined;
  readonly country?: readonly string[] | undefined;
}

/** Which parts of a filter a row fails; 0 when it passes. A facet is counted over rows that fail nothing but itself. */
export const FAILS = { origin: 1, type: 2, country: 4, other: 8 } as const;

/** How a country that is not known is asked for. */
export const NO_COUNTRY = 'unknown';

/** Compares words without case. */
export function rowFilter(rows: DecisionRows, filter: RowFilter): (slot: number) => number {
  const causes = Uint8Array.from(rows.causes.values(), (cause) => causeFails(cause, filter));
  const places = Uint8Array.from(rows.places.values(), (place) => placeFails(place, filter));
  const scopes = lower(filter.scope);
  const search = searchFor(rows, filter.q?.trim().toLowerCase() ?? '');
  return (slot) => {
    let fails = (causes[rows.cause[slot] ?? 0] ?? 0) | (places[rows.place[slot] ?? 0] ?? 0);
    if (scopes.length > 0 && !scopes.includes(rows.isAddress(slot) ? 'ip' : 'range')) fails |= FAILS.other;
    if (search !== undefined && !search(slot)) fails |= FAILS.other;
    return fails;
  };
}

function lower(words: readonly string[] | undefined): string[] {
  return (words ?? []).map((word) => word.toLowerCase());
}

function causeFails({ origin, type }: Cause, filter: RowFilter): number {
  const origins = lower(filter.origin);
  const types = lower(filter.type);
  const fitsOrigin =
    origins.length === 0 || origins.includes(origin.toLowerCase()) || origins.includes(originKind(origin));
  const fitsType = types.length === 0 || types.includes(type.toLowerCase());
  return (fitsOrigin ? 0 : FAILS.origin) | (fitsType ? 0 : FAILS.type);
}

function placeFails({ country }: Place, filter: RowFilter): number {
  const countries = lower(filter.country);
  return countries.length === 0 || countries.includes((country ?? NO_COUNTRY).toLowerCase()) ? 0 : FAILS.country;
}

/** An address or range finds what covers it and what is inside it; any other text is looked for in every column. */
function searchFor(rows: DecisionRows, q: string): ((slot: number) => boolean) | undefined {
  if (q === '') return undefined;
  const prefix = readPastedPrefix(q);
  const isRelated = prefix === undefined ? () => false : related(rows, prefix);
  const contains = (text: string | null) => text?.toLowerCase().includes(q) === true;
  const causes = Uint8Array.from(rows.causes.values(), ({ origin, scenario, type }) =>
    contains(scenario) || contains(origin) || contains(type) ? 1 : 0,
  );
  const places = Uint8Array.from(rows.places.values(), ({ country, as_name: name }) =>
    country?.toLowerCase() === q || contains(name) ? 1 : 0,
  );
  // Writing out every address is the costly part: only for what can be a piece of one.
  const mayBeValue = prefix === undefined && /^[0-9a-f.:/]+$/.test(q);
  return (slot) =>
    causes[rows.cause[slot] ?? 0] === 1 ||
    places[rows.place[slot] ?? 0] === 1 ||
    isRelated(slot) ||
    (mayBeValue && rows.value(slot).includes(q));
}

function related(rows: DecisionRows, prefix: Prefix): (slot: number) => boolean {
  const { words, shape } = shapeOf(prefix);
  const [family, length] = [shape >> 8, shape & 0xff];
  return (slot) => {
    if (rows.family(slot) !== family) return false;
    const common = Math.min(length, rows.prefixLength(slot));
    for (let i = 0; i < 4; i++) {
      const bits = common - 32 * i;
      if (maskWord(words[i] ?? 0, bits) !== maskWord(rows.words[4 * slot + i] ?? 0, bits)) return false;
    }
    return true;
  };
}
