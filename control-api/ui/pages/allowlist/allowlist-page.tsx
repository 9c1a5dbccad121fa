import { useResource } from '../../api/resource.ts';
import type { AllowlistEntry } from '../../api/wire.ts';
import { FramedTable } from '../../parts/framed-table.tsx';
import { Empty } from '../../parts/empty.tsx';
import { ProblemNote } from '../../parts/note.tsx';
import { useNow } from '../../parts/now.ts';
import { PageHead } from '../../parts/page-head.tsx';
import { counted } from '../../text/count.ts';
import { plain } from '../../text/plain.ts';
import { ago, remaining } from '../../text/time.ts';
import { AllowForm } from './allow-form.tsx';
import { RemoveButton } from './remove-button.tsx';

interface Allowlist {
  readonly entries: readonly AllowlistEntry[];
  readonly total: number;
}

export function AllowlistPage() {
  const { data, problem, reload } = useResource<Allowlist>('/allowlist', { everyMs: 10_000, kinds: ['allowlist'] });
  return (
    <>
      <PageHead title="Allowlist">
        Never blocked, whatever CrowdSec or a list says of them. What the bouncer’s own ALLOWLIST names comes on top.
      </PageHead>
      <div class="stack">
        <AllowForm onDone={reload} />
        {problem === undefined ? null : <ProblemNote problem={problem} />}
        <section class="card flush" aria-label="Entries">
          {data === undefined ? null : data.total === 0 ? (
            <Empty icon="heart" title="The list is empty">
              Put your own address on it first: then no ban can lock you out.
            </Empty>
          ) : (
            <Entries entries={data.entries} onDone={reload} />
          )}
          {data === undefined ? null : <div class="table-foot">{counted(data.total, 'entry', 'entries')}</div>}
        </section>
      </div>
    </>
  );
}

interface EntriesProps {
  readonly entries: readonly AllowlistEntry[];
  readonly onDone: () => Promise<void>;
}

function Entries({ entries, onDone }: EntriesProps) {
  const now = useNow();
  return (
    <FramedTable
      label="Entries of the allowlist"
      class="allow-table"
      heads={['Address or range', 'Why', 'Since', 'Until']}
    >
      {entries.map((entry) => (
        <tr key={entry.value}>
          <td>
            <span class="address one-line">{entry.value}</span>
          </td>
          <td>
            <span class="one-line foreign" title={plain(entry.reason)}>
              {plain(entry.reason, 160) || '–'}
            </span>
          </td>
          <td class="muted">{entry.created_at === '' ? '–' : ago(Date.parse(entry.created_at), now)}</td>
          <td class="number">
            {entry.expires_at === undefined ? 'for good' : `${remaining(Date.parse(entry.expires_at) - now)} left`}
          </td>
          <td class="end">
            <RemoveButton entry={entry} onDone={onDone} />
          </td>
        </tr>
      ))}
    </FramedTable>
  );
}
