import { describe, expect, it } from 'vitest';
import { DecisionRows } from '../../control-api/decisions/decision-rows.ts';
import { enforcedRows } from '../../control-api/decisions/enforcement.ts';
import type { RowFilter } from '../../control-api/decisions/row-filter.ts';
import { type Column, COLUMNS, rowOrder } from '../../control-api/decisions/row-order.ts';
import { rowPage } from '../../control-api/decisions/row-page.ts';
import { bouncerStatus, caddyStatus } from './control-api-bouncers.ts';
import { manyDecisions, somePlaces } from './control-api-decisions-fakes.ts';

const SIZE = Number(process.env['DECISIONS'] ?? 100_000);

const rows = new DecisionRows();
for (const decision of manyDecisions(SIZE)) rows.put(decision, 0);
rows.locate(somePlaces, Number.POSITIVE_INFINITY);

/** The middle of several, so that a collection of garbage or a colleague's build does not count. */
function milliseconds(work: () => unknown): number {
  const times = Array.from({ length: 7 }, () => {
    const startedAt = performance.now();
    work();
    return performance.now() - startedAt;
  });
  return times.sort((a, b) => a - b)[3] ?? 0;
}

function page(
  column: Column,
  isDescending: boolean,
  filter: RowFilter = {},
  after?: { key: string | number; id: number },
) {
  const bouncers = [bouncerStatus({ caddies: [caddyStatus()] })];
  const enforced = enforcedRows(rows, { bouncers, allowlist: [], arrivalOf: () => undefined, notedSince: 0 });
  const order = rowOrder(rows, column, isDescending, (slot) => enforced(slot) !== false);
  return rowPage(rows, filter, order, 50, after && order.after(after.key, after.id));
}

describe(`a page of ${SIZE} decisions`, () => {
  const limit = (50 * SIZE) / 100_000;

  it.each(COLUMNS)('sorted by %s comes within 50 ms for 100,000, both ways', (column) => {
    const times = [false, true].map((isDescending) => milliseconds(() => page(column, isDescending)));
    for (const time of times) expect(time).toBeLessThan(limit);
  });

  it.each<[string, RowFilter]>([
    ['a piece of an address', { q: '13.' }],
    ['an address', { q: '203.0.113.9' }],
    ['a word', { q: 'http-probing' }],
    ['every filter', { q: '1', origin: ['community'], type: ['ban'], scope: ['ip'], country: ['DE'] }],
  ])('searched for %s comes within 50 ms for 100,000', (_name, filter) => {
    const time = milliseconds(() => page('value', false, filter));
    expect(time).toBeLessThan(limit);
  });

  it('costs less than a hundred bytes a row in columns', () => {
    const columns = [rows.ids, rows.until, rows.words, rows.shapes, rows.cause, rows.place];
    const bytes = columns.reduce((sum, column) => sum + column.byteLength, 0);
    expect(bytes / SIZE).toBeLessThan(100);
  });
});
