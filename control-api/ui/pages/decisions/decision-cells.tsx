import type { ComponentChildren } from 'preact';
import type { Decision } from '../../api/wire.ts';
import { useAction } from '../../parts/action.ts';
import { useNow } from '../../parts/now.ts';
import { Tag } from '../../parts/tag.tsx';
import { countryName } from '../../text/country.ts';
import { originName } from '../../text/origin.ts';
import { plain } from '../../text/plain.ts';
import { remaining } from '../../text/time.ts';
import type { ColumnId } from './columns.tsx';
import { unban } from './unban.ts';

interface DecisionCellsProps {
  readonly decision: Decision;
  readonly rowIndex: number;
  readonly columns: readonly ColumnId[];
  readonly isSelected: boolean;
  readonly onSelect: (decision: Decision, isSelected: boolean) => void;
  readonly onWhy: (address: string) => void;
}

export function DecisionCells(props: DecisionCellsProps) {
  const { decision, rowIndex, columns, isSelected, onSelect, onWhy } = props;
  const { isBusy, run } = useAction();
  const { value } = decision;
  return (
    <tr aria-rowindex={rowIndex} data-selected={isSelected}>
      <td>
        <input
          type="checkbox"
          aria-label={`Select ${value}`}
          checked={isSelected}
          onChange={(event) => onSelect(decision, event.currentTarget.checked)}
        />
      </td>
      <td>
        <button
          class="address one-line address-link"
          type="button"
          title={`Why is ${value} blocked?`}
          onClick={() => onWhy(firstOf(value))}
        >
          {value}
        </button>
      </td>
      {columns.map((id) => (
        <td key={id}>{CELLS[id](decision)}</td>
      ))}
      <td class="end">
        <button
          class="button plain small wide-only"
          type="button"
          aria-label={`Why is ${value} blocked?`}
          onClick={() => onWhy(firstOf(value))}
        >
          Why
        </button>
        <button
          class="button small"
          type="button"
          aria-label={`Unban ${value}`}
          disabled={isBusy}
          onClick={() =>
            run(async () => {
              await unban(value);
            })
          }
        >
          {isBusy ? 'Lifting' : 'Unban'}
        </button>
      </td>
    </tr>
  );
}

/** The API explains addresses: of a range, its first. */
function firstOf(value: string): string {
  return value.replace(/\/.*$/, '');
}

/** In the order of `COLUMNS`. */
const CELLS: Readonly<Record<ColumnId, (decision: Decision) => ComponentChildren>> = {
  country: ({ country }) =>
    country === null ? <span class="muted">–</span> : <span class="one-line">{countryName(country)}</span>,
  network: ({ as_name: name }) => <Foreign text={name ?? '–'} />,
  reason: ({ scenario }) => <Foreign text={scenario} short={scenario.replace(/^crowdsecurity\//, '')} />,
  remaining: ({ until }) => <Remaining until={Date.parse(until)} />,
  origin: ({ origin }) => <Foreign text={originName(origin)} />,
  type: ({ type }) => <Foreign text={type} />,
  enforced: ({ enforced }) => (
    <Tag tone={enforced === true ? 'good' : enforced === 'pending' ? 'warn' : 'idle'}>
      {enforced === true ? 'Enforced' : enforced === 'pending' ? 'Pending' : 'Not blocked'}
    </Tag>
  ),
};

/** @param short what is shown where it says enough; the whole is in the title. */
function Foreign({ text, short = text }: { readonly text: string; readonly short?: string }) {
  return (
    <span class="one-line foreign" title={plain(text)}>
      {plain(short, 160)}
    </span>
  );
}

function Remaining({ until }: { readonly until: number }) {
  const now = useNow();
  return <span class="number">{until <= now ? 'over' : remaining(until - now)}</span>;
}
