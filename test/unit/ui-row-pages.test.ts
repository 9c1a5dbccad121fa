import { describe, expect, it } from 'vitest';
import type { Decision, DecisionPage } from '../../control-api/ui/api/wire.ts';
import {
  missingPage,
  NO_ROWS,
  PAGE,
  rowAt,
  type RowPages,
  rowsInMemory,
  withPage,
} from '../../control-api/ui/pages/decisions/row-pages.ts';

const ALL = 100_000;

/** A page of a list of 100,000, whose rows are their own index. */
function pageOf(index: number): DecisionPage {
  const decisions = Array.from({ length: PAGE }, (_, row) => ({ id: index * PAGE + row }) as Decision);
  const next = (index + 1) * PAGE < ALL ? { next_cursor: `after ${index}` } : {};
  return { decisions, total: ALL, matching: ALL, ...next } as unknown as DecisionPage;
}

function scrolledTo(end: number): RowPages {
  let rows = NO_ROWS;
  for (let index = 0; index * PAGE < end; index++) rows = withPage(rows, index, pageOf(index));
  return rows;
}

describe('a long list in a tab', () => {
  it('holds no more than nine pages, however far somebody scrolls', () => {
    const rows = scrolledTo(ALL);
    expect(rows.count).toBe(ALL);
    expect(rowsInMemory(rows).length).toBeLessThanOrEqual(9 * PAGE);
    expect(rowAt(rows, ALL - 1)?.id).toBe(ALL - 1);
    expect(missingPage(rows, ALL - 50, ALL + 60)).toBeUndefined();
  });

  it('knows what to fetch again on the way back, and from where', () => {
    const rows = scrolledTo(4_000);
    expect(rowAt(rows, 250)).toBeUndefined();
    expect(missingPage(rows, 250, 300)).toBe(1);
    expect(rows.cursors[1]).toBe('after 0');
    const back = withPage(rows, 1, pageOf(1));
    expect(rowAt(back, 250)?.id).toBe(250);
    expect(back.count).toBe(4_000);
    expect(back.cursors).toEqual(rows.cursors);
  });

  it('asks for the next page, and for none after the last', () => {
    expect(missingPage(NO_ROWS, 0, 20)).toBe(0);
    expect(missingPage(scrolledTo(PAGE), PAGE - 10, PAGE + 10)).toBe(1);
    expect(missingPage(scrolledTo(ALL), 99_990, 200_000)).toBeUndefined();
  });
});
