import { formatDuration } from '../../bouncer/shared/domain/duration.ts';
import { csvLine } from './csv.ts';
import type { DecisionTable } from './decision-table.ts';
import { type EnforcementFacts, type Enforced, enforcedRows } from './enforcement.ts';
import type { DecisionRow } from './decision-rows.ts';
import type { RowFilter } from './row-filter.ts';
import { type Column, COLUMNS, rowOrder } from './row-order.ts';
import { matchingSlots } from './row-page.ts';

export const EXPORT_FORMATS = ['csv', 'json'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Rows written between two turns of the event loop. */
const AT_ONCE = 1_000;

interface Export {
  readonly table: Pick<DecisionTable, 'rows'>;
  readonly filter: RowFilter;
  readonly sort: { readonly column: Column; readonly isDescending: boolean };
  readonly format: ExportFormat;
  readonly facts: EnforcementFacts;
  readonly now: number;
}

export function csvHeader(): string {
  return csvLine(COLUMNS);
}

/** The rows as they stand when it begins, in pieces; one that is lifted meanwhile is left out. */
export function* exportRows({ table, filter, sort, format, facts, now }: Export): Generator<string> {
  const ids = sortedIds(table, filter, sort, facts);
  let isFirst = true;
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const { rows } = table;
    const enforced = enforcedRows(rows, facts);
    let text = '';
    for (const id of ids.subarray(from, from + AT_ONCE)) {
      const slot = rows.slotOf(id);
      if (slot === undefined) continue;
      const cells = exported(rows.row(slot), enforced(slot), now);
      if (format === 'csv') text += csvLine(COLUMNS.map((field) => cells[field]));
      else text += `${isFirst ? '[' : ',\n'}${JSON.stringify(cells)}`;
      isFirst = false;
    }
    yield text;
  }
  if (format === 'json') yield isFirst ? '[]\n' : ']\n';
}

function sortedIds(
  table: Export['table'],
  filter: RowFilter,
  { column, isDescending }: Export['sort'],
  facts: EnforcementFacts,
): Float64Array {
  const { rows } = table;
  const enforced = enforcedRows(rows, facts);
  const order = rowOrder(rows, column, isDescending, (slot) => enforced(slot) !== false);
  const slots = matchingSlots(rows, filter).sort((a, b) => order.compare(a, b));
  return Float64Array.from(slots, (slot) => rows.ids[slot] ?? 0);
}

function exported({ until, ...row }: DecisionRow, enforced: Enforced, now: number) {
  return { ...row, duration: formatDuration(until - now), until: new Date(until).toISOString(), enforced };
}
