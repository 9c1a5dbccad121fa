import { DecisionRows } from '../../../control-api/decisions/decision-rows.ts';
import { enforcedRows } from '../../../control-api/decisions/enforcement.ts';
import type { RowFilter } from '../../../control-api/decisions/row-filter.ts';
import { COLUMNS, type Column, rowOrder } from '../../../control-api/decisions/row-order.ts';
import { rowPage } from '../../../control-api/decisions/row-page.ts';
import { bouncerStatus, caddyStatus } from '../../unit/control-api-bouncers.ts';
import { manyDecisions, somePlaces } from '../../unit/control-api-decisions-fakes.ts';
import { median } from '../measure/statistics.ts';
import { atMost, type Row } from '../run/row.ts';
import type { Section } from '../run/section.ts';

const SIZE = 100_000;
const ROUNDS = 7;
const PAGE = 50;

/** A page is for somebody who waits for it. */
const WITHIN_MS = atMost(50);

const SEARCHES: readonly (readonly [string, RowFilter])[] = [
  ['a piece of an address', { q: '13.' }],
  ['a word', { q: 'http-probing' }],
  ['every filter', { q: '1', origin: ['community'], type: ['ban'], scope: ['ip'], country: ['DE'] }],
];

/** The control API's list of decisions, in this process alone: sorted, searched, counted, one page taken. */
export const listSection: Section = {
  name: 'list',
  title: `a page of ${SIZE.toLocaleString('en')} decisions`,
  run({ quick, doing }) {
    doing('every column, both ways');
    const rows = new DecisionRows();
    for (const decision of manyDecisions(SIZE)) rows.put(decision, 0);
    rows.locate(somePlaces, Number.POSITIVE_INFINITY);
    const bouncers = [bouncerStatus({ caddies: [caddyStatus()] })];
    const page = (column: Column, isDescending: boolean, filter: RowFilter) => {
      const enforced = enforcedRows(rows, { bouncers, allowlist: [], arrivalOf: () => undefined, notedSince: 0 });
      const order = rowOrder(rows, column, isDescending, (slot) => enforced(slot) !== false);
      return rowPage(rows, filter, order, PAGE);
    };
    const rounds = quick ? 3 : ROUNDS;
    const sorts = COLUMNS.map((column) => ({
      column,
      ms: Math.max(...[false, true].map((isDescending) => time(rounds, () => page(column, isDescending, {})))),
    })).sort((a, b) => b.ms - a.ms);
    const slowest = sorts[0];
    if (slowest === undefined) throw new Error('there are no columns to sort by');
    const result: Row[] = [
      {
        name: 'list of decisions: sorted by its slowest column',
        value: slowest.ms,
        unit: 'ms',
        targets: [WITHIN_MS],
        detail: slowest.column,
        figures: Object.fromEntries(sorts.map(({ column, ms }) => [column, ms])),
      },
      ...SEARCHES.map(([what, filter]): Row => ({
        name: `list of decisions: searched for ${what}`,
        value: time(rounds, () => page('value', false, filter)),
        unit: 'ms',
        targets: [WITHIN_MS],
      })),
    ];
    return Promise.resolve(result);
  },
};

function time(rounds: number, work: () => unknown): number {
  const times = Array.from({ length: rounds }, () => {
    const startedAt = performance.now();
    work();
    return performance.now() - startedAt;
  });
  return median(times);
}
