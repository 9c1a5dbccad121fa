import type { Decision, DecisionPage } from '../../api/wire.ts';

/** Rows of one request: what the API gives at most. */
export const PAGE = 200;

/** Pages on each side of the one in view that are kept: a tab that is scrolled through for hours stays small. */
const KEPT_AROUND = 4;

/**
 * A long list of which only the pages near the reader are in memory. Of those that were dropped the cursor is left, so
 * that scrolling back finds them again.
 */
export interface RowPages {
  readonly pages: ReadonlyMap<number, readonly Decision[]>;
  /** Where each page begins; one more than there are pages while more follow. */
  readonly cursors: readonly (string | undefined)[];
  /** Rows that were seen so far, dropped ones included. */
  readonly count: number;
}

export const NO_ROWS: RowPages = { pages: new Map(), cursors: [undefined], count: 0 };

export function rowAt({ pages }: RowPages, index: number): Decision | undefined {
  return pages.get(Math.floor(index / PAGE))?.[index % PAGE];
}

/** What is in memory, in its order. */
export function rowsInMemory({ pages }: RowPages): readonly Decision[] {
  return [...pages].sort(([a], [b]) => a - b).flatMap(([, rows]) => rows);
}

/** The first page of these rows that is missing, be it dropped or not yet seen; undefined when all are there. */
export function missingPage({ pages, cursors }: RowPages, first: number, end: number): number | undefined {
  const last = Math.min(Math.floor(Math.max(first, end - 1) / PAGE), cursors.length - 1);
  for (let index = Math.floor(first / PAGE); index <= last; index++) if (!pages.has(index)) return index;
  return undefined;
}

export function withPage(before: RowPages, index: number, page: DecisionPage): RowPages {
  const near = [...before.pages].filter(([known]) => Math.abs(known - index) <= KEPT_AROUND);
  const isNew = index === before.cursors.length - 1;
  const follows = isNew && page.next_cursor !== undefined ? [page.next_cursor] : [];
  return {
    pages: new Map([...near, [index, page.decisions]]),
    cursors: [...before.cursors, ...follows],
    count: Math.max(before.count, index * PAGE + page.decisions.length),
  };
}
