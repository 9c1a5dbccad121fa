import type { DecisionPage } from '../../api/wire.ts';
import { useNow } from '../../parts/now.ts';
import { count, counted } from '../../text/count.ts';
import { plain } from '../../text/plain.ts';
import { age } from '../../text/time.ts';

interface DecisionFootProps {
  readonly page: DecisionPage | undefined;
  readonly loaded: number;
  readonly at: number | undefined;
  readonly isOld: boolean;
}

/** How many there are, and how old that is when it is not of this moment. */
export function DecisionFoot({ page, loaded, at, isOld }: DecisionFootProps) {
  const now = useNow();
  if (page === undefined) return <div class="table-foot">Asking for the decisions</div>;
  const { matching, total, table } = page;
  const asOf = table.as_of === undefined ? undefined : Date.parse(table.as_of);
  const since = isOld ? at : table.state === 'stale' ? asOf : undefined;
  return (
    <div class="table-foot">
      <span aria-live="polite">
        {matching === total ? counted(total, 'decision') : `${counted(matching, 'decision')} of ${count(total)} match`}
        {loaded > 0 && loaded < matching ? `, ${count(loaded)} loaded` : ''}
      </span>
      {since === undefined ? null : (
        <span>
          As of {age(now - since)} ago{table.reason === undefined ? '' : `: ${plain(table.reason)}`}
        </span>
      )}
    </div>
  );
}
