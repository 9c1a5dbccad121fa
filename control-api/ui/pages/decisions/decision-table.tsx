import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Decision } from '../../api/wire.ts';
import { useWindow } from '../../parts/windowed.ts';
import { type ColumnId, COLUMNS, isNarrow } from './columns.tsx';
import { DecisionCells } from './decision-cells.tsx';

export const ROW_HEIGHT = 44;

/** Pixels. */
const WIDE_WIDTHS = { select: 48, address: 200, actions: 156 } as const;
const NARROW_WIDTHS = { select: 34, address: 126, actions: 84 } as const;
const LEAST_REASON = 190;

/** Rows that are asked for before somebody gets there. */
const AHEAD = 60;

export interface DecisionTableProps {
  readonly rows: readonly Decision[];
  readonly matching: number;
  readonly columns: readonly ColumnId[];
  readonly sort: string;
  readonly onSort: (sort: string) => void;
  readonly isSelected: (decision: Decision) => boolean;
  readonly onSelect: (decision: Decision, isSelected: boolean) => void;
  readonly isAllSelected: boolean;
  readonly onSelectAll: (isSelected: boolean) => void;
  readonly onMore: () => void;
  readonly onWhy: (address: string) => void;
}

/** A real table of which only the rows in view exist. */
export function DecisionTable(props: DecisionTableProps) {
  const { rows, matching, columns, onMore } = props;
  const { frame, window } = useWindow(rows.length, ROW_HEIGHT);
  const shown = COLUMNS.filter(({ id }) => columns.includes(id));
  const fixed = isNarrow() ? NARROW_WIDTHS : WIDE_WIDTHS;
  const least = shown.reduce(
    (sum, { width = LEAST_REASON }) => sum + width,
    fixed.select + fixed.address + fixed.actions,
  );
  useEffect(() => {
    if (rows.length < matching && window.end + AHEAD >= rows.length) onMore();
  }, [rows.length, matching, window.end, onMore]);
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
          {rows.slice(window.first, window.end).map((decision, index) => (
            <DecisionCells
              key={decision.id}
              decision={decision}
              rowIndex={window.first + index + 2}
              columns={columns}
              isSelected={props.isSelected(decision)}
              onSelect={props.onSelect}
              onWhy={props.onWhy}
            />
          ))}
          <Spacer rows={rows.length - window.end} columns={shown.length + 3} />
        </tbody>
      </table>
    </div>
  );
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
