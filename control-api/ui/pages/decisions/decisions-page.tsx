import { useState } from 'preact/hooks';
import { useStatus } from '../../api/status.ts';
import type { DecisionPage } from '../../api/wire.ts';
import { CurlLine } from '../../parts/copy-line.tsx';
import { Note, ProblemNote } from '../../parts/note.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { place, replaceQuery } from '../../routing/location.ts';
import { useStore } from '../../store.ts';
import { plain } from '../../text/plain.ts';
import { BanDialog } from './ban-dialog.tsx';
import { BulkBar } from './bulk-bar.tsx';
import { rememberedColumns } from './columns.tsx';
import { DecisionActions } from './decision-actions.tsx';
import { DecisionFoot } from './decision-foot.tsx';
import { type DecisionList, type DecisionQuery, filterText, useDecisions } from './decision-query.ts';
import { DecisionTable } from './decision-table.tsx';
import { DecisionToolbar } from './decision-toolbar.tsx';
import { NoDecisions } from './no-decisions.tsx';
import { rowsInMemory } from './row-pages.ts';
import { useSelection } from './selection.ts';
import { WhyBox } from './why-box.tsx';
import { WhyDialog } from './why-dialog.tsx';

/** Newest first. */
const DEFAULT_SORT = '-id';

/** What was decided here comes first: a few bans of one's own drown in a community list. */
function queryIn(url: URLSearchParams, local: number): DecisionQuery {
  return {
    q: url.get('q') ?? '',
    origin: url.get('origin') ?? (local > 0 ? 'local' : 'all'),
    country: url.get('country') ?? '',
    sort: url.get('sort') ?? DEFAULT_SORT,
  };
}

const askWhy = (address: string | undefined) => replaceQuery({ why: address });

export function DecisionsPage() {
  const { query: url } = useStore(place);
  const { data: status } = useStatus();
  const query = queryIn(url, status?.bouncer.decisions.local ?? 0);
  const list = useDecisions(query);
  const [isBanning, setBanning] = useState(false);
  const why = url.get('why');
  return (
    <>
      <PageHead
        title="Live Decisions"
        actions={<DecisionActions filter={filterText(query)} onBan={() => setBanning(true)} />}
      >
        Everything that the bouncer acts on, as it is now.
      </PageHead>
      <div class="stack">
        <WhyBox onAsk={askWhy} />
        {list.problem === undefined ? null : <ProblemNote problem={list.problem} />}
        <NotEnforced page={list.page} />
        <DecisionsCard query={query} list={list} />
        <CurlLine call={{ method: 'GET', path: `/decisions?${filterText(query)}` }} />
      </div>
      {isBanning ? <BanDialog onClose={() => setBanning(false)} onDone={list.reload} /> : null}
      {why === null ? null : <WhyDialog key={why} address={why} onClose={() => askWhy(undefined)} />}
    </>
  );
}

function NotEnforced({ page }: { readonly page: DecisionPage | undefined }) {
  if (page?.enforcement.state !== 'off') return null;
  return <Note tone="watch">Nobody is blocked now: {plain(page.enforcement.reason ?? 'protection is off')}.</Note>;
}

function DecisionsCard({ query, list }: { readonly query: DecisionQuery; readonly list: DecisionList }) {
  const { page, rows, problem } = list;
  const [columns, setColumns] = useState(rememberedColumns);
  const { selected, select, replace } = useSelection();
  const change = (patch: Readonly<Record<string, string>>) => {
    replace([]);
    replaceQuery(patch);
  };
  const matching = page?.matching ?? 0;
  const inMemory = rowsInMemory(rows);
  return (
    <section class="card flush" aria-label="Decisions">
      <DecisionToolbar query={query} page={page} columns={columns} onColumns={setColumns} onChange={change} />
      <BulkBar query={query} selected={selected} matching={matching} onDone={() => replace([])} />
      {page !== undefined && rows.count === 0 ? (
        <NoDecisions page={page} query={query} onClear={() => change({ q: '', origin: 'all', country: '' })} />
      ) : (
        <DecisionTable
          rows={rows}
          matching={matching}
          columns={columns}
          sort={query.sort}
          onSort={(sort) => change({ sort })}
          isSelected={({ id }) => selected.has(id)}
          onSelect={select}
          isAllSelected={inMemory.length > 0 && inMemory.every(({ id }) => selected.has(id))}
          onSelectAll={(isSelected) => replace(isSelected ? inMemory : [])}
          onNeed={list.need}
          onWhy={askWhy}
        />
      )}
      <DecisionFoot page={page} loaded={rows.count} at={list.at} isOld={problem !== undefined} />
    </section>
  );
}
