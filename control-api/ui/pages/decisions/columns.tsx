import { Icon } from '../../parts/icon.tsx';
import { remember, remembered } from '../../parts/remembered.ts';

/** Columns that may be left out; the address and the buttons always stay. `sort` is what the API calls it. */
export const COLUMNS = [
  { id: 'country', title: 'Country', sort: 'country', width: 124 },
  { id: 'network', title: 'Network', sort: 'as_name', width: 170 },
  { id: 'reason', title: 'Reason', sort: 'scenario', width: undefined },
  { id: 'remaining', title: 'Remaining', sort: 'until', width: 112 },
  { id: 'origin', title: 'Origin', sort: 'origin', width: 112 },
  { id: 'type', title: 'Type', sort: 'type', width: 90 },
  { id: 'enforced', title: 'Enforced', sort: 'enforced', width: 110 },
] as const;

export type ColumnId = (typeof COLUMNS)[number]['id'];

const KEY = 'decision-columns';
const WIDE: readonly ColumnId[] = ['country', 'reason', 'remaining', 'origin', 'enforced'];
const NARROW: readonly ColumnId[] = ['remaining'];
const NARROW_BELOW = 700;

/** A phone: the address opens the story, so one button is enough. */
export function isNarrow(): boolean {
  return innerWidth < NARROW_BELOW;
}

export function rememberedColumns(): readonly ColumnId[] {
  const words = remembered(KEY)?.split(' ');
  if (words === undefined) return isNarrow() ? NARROW : WIDE;
  return COLUMNS.map(({ id }) => id).filter((id) => words.includes(id));
}

interface ColumnMenuProps {
  readonly shown: readonly ColumnId[];
  readonly onChange: (shown: readonly ColumnId[]) => void;
}

export function ColumnMenu({ shown, onChange }: ColumnMenuProps) {
  const toggle = (id: ColumnId) => {
    const next = COLUMNS.map((column) => column.id).filter((known) => shown.includes(known) !== (known === id));
    remember(KEY, next.join(' '));
    onChange(next);
  };
  return (
    <details class="menu">
      <summary class="button">
        <Icon name="columns" />
        Columns
      </summary>
      <div class="menu-panel">
        {COLUMNS.map(({ id, title }) => (
          <label key={id}>
            <input type="checkbox" checked={shown.includes(id)} onChange={() => toggle(id)} />
            {title}
          </label>
        ))}
      </div>
    </details>
  );
}
