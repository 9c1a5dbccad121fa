import type { DecisionPage } from '../../api/wire.ts';
import { Empty } from '../../parts/empty.tsx';
import { plain } from '../../text/plain.ts';
import type { DecisionQuery } from './decision-query.ts';

interface NoDecisionsProps {
  readonly page: DecisionPage;
  readonly query: DecisionQuery;
  readonly onClear: () => void;
}

/** Not known yet, nobody banned, or nothing that matches: three things that look alike and mean different ones. */
export function NoDecisions({ page, query, onClear }: NoDecisionsProps) {
  if (page.table.state === 'loading') {
    return (
      <Empty icon="refresh" title="Not known yet">
        {plain(page.table.reason ?? 'The first complete list is on its way.')}
      </Empty>
    );
  }
  if (page.total === 0) {
    return (
      <Empty icon="shieldCheck" title="Nobody is banned">
        CrowdSec has decided nothing at the moment. New decisions appear here as they are made.
      </Empty>
    );
  }
  return (
    <Empty icon="search" title="No decision matches">
      {query.q === '' ? 'Nothing of this kind among them. ' : `Nothing contains “${plain(query.q, 60)}”. `}
      <button class="button small" type="button" onClick={onClear}>
        Show all
      </button>
    </Empty>
  );
}
