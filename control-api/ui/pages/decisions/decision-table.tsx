import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Decision } from '../../api/wire.ts';
import { useWindow } from '../../parts/windowed.ts';
import { type ColumnId, COLUMNS, isNarrow } from './columns.tsx';
import { DecisionCells } from './decision-cells.tsx';
import { rowAt, type RowPages } from './row-pages.ts';

export const ROW_HEIGHT = 44;

/** Pixels. */
const WIDE_WIDTHS = { select: 48, address: 200, actions: 156 } as const;
const NARROW_WIDTHS = { select: 34, address: 126, actions: 84 } as const;
const LEAST_REASON = 190;

/** Rows that are asked for before somebody gets there. */
const AHEAD = 60;

export interface DecisionTableProps {
  readonly rows: RowPages;
  readonly matching: number;
  readonly columns: readonly ColumnId[];
  readonly sort: string;
  readonly onSort: (sort: string) => void;
  readonly isSelected: (decision: Decision) => boolean;
  readonly onSelect: (decision: Decision, isSelected: boolean) => void;
  readonly isAllSelected: boolean;
  readonly onSelectAll: (isSelected: boolean) => void;
  readonly onNeed: (first: number, end: number) => void;
  readonly onWhy: (address: string) => void;
}

/** A real table of which only the rows in view exist. */
export function DecisionTable(props: DecisionTableProps) {
  const { rows, matching, columns, onNeed } = props;
  const { frame, window } = useWindow(rows.count, ROW_HEIGHT);
  const shown = COLUMNS.filter(({ id }) => columns.includes(id));
  const fixed = isNarrow() ? NARROW_WIDTHS : WIDE_WIDTHS;
  const least = shown.reduce(
    (sum, { width = LEAST_REASON }) => sum + width,
    fixed.select + fixed.address + fixed.actions,
  );
  useEffect(() => {
    onNeed(window.first, Math.min(window.end + AHEAD, matching));
  }, [rows, matching, window.first, window.end, onNeed]);
  return (
    <div class="window" ref={frame} tabIndex={0} role="region" aria-label="Live decisions">
      <table class="table" aria-rowcount={matching + 1} style={{ minWidth: `${least}px` }}>
        <colgroup>
          <col width={fixed.select} />
          <col {...(columns.includes('reason') ? { width: fixed.address } : {})} />
          {shown.map(({ id, width }) => (
            <col key={id} {...(width === undefined ? {} : { width })} />
          ))}
          <col width={fixed.actions} />
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">
              <input
                type="checkbox"
                aria-label="Select all that are shown"
                checked={props.isAllSelected}
                onChange={(event) => props.onSelectAll(event.currentTarget.checked)}
              />
            </th>
            <SortHead title="Address" column="value" {...props} />
            {shown.map(({ id, title, sort }) => (
              <SortHead key={id} title={title} column={sort} {...props} />
            ))}
            <th scope="col">
              <span class="out-of-sight">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          <Spacer rows={window.first} columns={shown.length + 3} />
          {drawn(rows, window.first, window.end).map(({ index, decision }) =>
            decision === undefined ? (
              <Spacer key={`missing ${index}`} rows={1} columns={shown.length + 3} />
            ) : (
              <DecisionCells
                key={decision.id}
                decision={decision}
                rowIndex={index + 2}
                columns={columns}
                isSelected={props.isSelected(decision)}
                onSelect={props.onSelect}
                onWhy={props.onWhy}
              />
            ),
          )}
          <Spacer rows={rows.count - window.end} columns={shown.length + 3} />
        </tbody>
      </table>
    </div>
  );
}

/** A decision that moved from one page to the next between two requests is drawn once. */
function drawn(rows: RowPages, first: number, end: number) {
  const seen = new Set<number>();
  return Array.from({ length: Math.max(0, end - first) }, (_, offset) => {
    const decision = rowAt(rows, first + offset);
    const isSecond = decision !== undefined && seen.has(decision.id);
    if (decision !== undefined) seen.add(decision.id);
    return { index: first + offset, decision: isSecond ? undefined : decision };
  });
}

function Spacer({ rows, columns }: { readonly rows: number; readonly columns: number }) {
  if (rows <= 0) return null;
  return (
    <tr class="spacer" aria-hidden="true">
      <td colSpan={columns} style={{ height: `${rows * ROW_HEIGHT}px` }} />
    </tr>
  );
}

interface SortHeadProps {
  readonly title: ComponentChildren;
  readonly column: string;
  readonly sort: string;
  readonly onSort: (sort: string) => void;
}

function SortHead({ title, column, sort, onSort }: SortHeadProps) {
  const direction = sort === column ? 'ascending' : sort === `-${column}` ? 'descending' : 'none';
  const next = direction === 'ascending' ? `-${column}` : column;
  return (
    <th scope="col" aria-sort={direction}>
      <button class="sort" type="button" onClick={() => onSort(next)}>
        {title}
        <svg class="sort-arrow" viewBox="0 0 9 9" aria-hidden="true">
          <path
            d={direction === 'descending' ? 'M1 2.500h7L4.500 7.500z' : 'M1 6.500h7L4.500 1.500z'}
            fill="currentColor"
          />
        </svg>
      </button>
    </th>
  );
}
