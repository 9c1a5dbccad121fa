import type { ComponentChildren } from 'preact';

interface FramedTableProps {
  /** What a screen reader calls the frame, which scrolls when the table is wider than the page. */
  readonly label: string;
  readonly class: string;
  /** The heads of the columns; one more follows them, for actions. */
  readonly heads: readonly string[];
  /** Rows. */
  readonly children: ComponentChildren;
}

/** A table that scrolls by itself, with a column of actions at the end. */
export function FramedTable({ label, class: name, heads, children }: FramedTableProps) {
  return (
    <div class="table-frame" tabIndex={0} role="region" aria-label={label}>
      <table class={`table ${name}`}>
        <thead>
          <tr>
            {heads.map((head) => (
              <th scope="col" key={head}>
                {head}
              </th>
            ))}
            <th scope="col">
              <span class="out-of-sight">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
