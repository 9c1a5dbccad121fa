import { useState } from 'preact/hooks';
import { useResource } from '../../api/resource.ts';
import type { HubItem, HubItemsPage } from '../../api/wire-hub.ts';
import { Empty } from '../../parts/empty.tsx';
import { FramedTable } from '../../parts/framed-table.tsx';
import { SearchBox } from '../../parts/search-box.tsx';
import { Tag } from '../../parts/tag.tsx';
import { place, queryText, replaceQuery } from '../../routing/location.ts';
import { useStore } from '../../store.ts';
import { count } from '../../text/count.ts';
import type { Tone } from '../../text/headline.ts';
import { plain } from '../../text/plain.ts';
import type { HubTask } from './hub-dialog.tsx';

const STEP = 25;
const MOST = 500;

/** Everything in the Hub, for those who know what they look for. */
export function HubItems({ onTask }: { readonly onTask: (task: HubTask) => void }) {
  const { query: url } = useStore(place);
  const [limit, setLimit] = useState(STEP);
  const filters = { q: url.get('q') ?? '', type: url.get('type') ?? '', installed: url.get('installed') ?? '' };
  const query = queryText({ ...filters, limit: String(limit) });
  const { data } = useResource<HubItemsPage>(`/hub/items?${query}`, { kinds: ['hub'] });
  return (
    <section class="card flush" aria-labelledby="hub-items">
      <div class="card-head">
        <h2 id="hub-items">The whole Hub</h2>
        <span class="small muted number" aria-live="polite">
          {data === undefined ? '' : `${count(data.total)} match`}
        </span>
      </div>
      <HubToolbar filters={filters} counts={data?.counts ?? {}} />
      {data === undefined ? null : <Found page={data} onTask={onTask} />}
      {data !== undefined && data.total > data.items.length && limit < MOST ? (
        <div class="table-foot">
          <button class="button small" type="button" onClick={() => setLimit(Math.min(MOST, limit * 4))}>
            Show more
          </button>
        </div>
      ) : null}
    </section>
  );
}

function Found({ page, onTask }: { readonly page: HubItemsPage; readonly onTask: (task: HubTask) => void }) {
  if (page.items.length > 0) return <ItemTable items={page.items} onTask={onTask} />;
  return (
    <Empty icon="search" title="Nothing of that name in your index">
      Fetch the index to see what came out since.
    </Empty>
  );
}

interface HubToolbarProps {
  readonly filters: Readonly<Record<'q' | 'type' | 'installed', string>>;
  readonly counts: HubItemsPage['counts'];
}

function HubToolbar({ filters, counts }: HubToolbarProps) {
  const types = Object.entries(counts).filter(([name, value]) => value > 0 || name === filters.type);
  return (
    <div class="toolbar">
      <SearchBox
        label="Search the Hub"
        placeholder="nginx, ssh, CVE-2021-44228"
        value={filters.q}
        onChange={(next) => replaceQuery({ q: next })}
      />
      <select
        class="select"
        aria-label="Kind"
        value={filters.type}
        onChange={(event) => replaceQuery({ type: event.currentTarget.value })}
      >
        <option value="">Every kind</option>
        {types.map(([name, value]) => (
          <option key={name} value={name}>
            {name} ({count(value)})
          </option>
        ))}
      </select>
      <button
        class="chip"
        type="button"
        aria-pressed={filters.installed === 'true'}
        onClick={() => replaceQuery({ installed: filters.installed === 'true' ? '' : 'true' })}
      >
        Installed
      </button>
    </div>
  );
}

const STATUSES: Readonly<Record<HubItem['status'], { readonly tone: Tone; readonly word: string }>> = {
  not_installed: { tone: 'idle', word: 'Not installed' },
  installed: { tone: 'good', word: 'Installed' },
  update_available: { tone: 'watch', word: 'Update available' },
  tainted: { tone: 'warn', word: 'Changed by you' },
  local: { tone: 'idle', word: 'Your own' },
  unavailable: { tone: 'idle', word: 'Not in your index' },
};

function ItemTable({
  items,
  onTask,
}: {
  readonly items: readonly HubItem[];
  readonly onTask: (task: HubTask) => void;
}) {
  return (
    <FramedTable label="Items of the Hub" class="hub-table" heads={['Name', 'What it is for', 'State']}>
      {items.map((item) => (
        <tr key={`${item.type}/${item.name}`}>
          <td>
            <span class="one-line foreign" title={item.name}>
              {plain(item.name, 120)}
            </span>
            <span class="small muted">{item.type}</span>
          </td>
          <td>
            <span class="foreign clamp">{plain(item.description, 200)}</span>
          </td>
          <td>
            <Tag tone={STATUSES[item.status].tone}>{STATUSES[item.status].word}</Tag>
          </td>
          <td class="end">
            <ItemButton item={item} onTask={onTask} />
          </td>
        </tr>
      ))}
    </FramedTable>
  );
}

function ItemButton({ item, onTask }: { readonly item: HubItem; readonly onTask: (task: HubTask) => void }) {
  const { type, name, status } = item;
  if (status === 'local' || status === 'tainted') return null;
  const isThere = status !== 'not_installed';
  const verb = isThere ? 'Remove' : 'Install';
  const path = `/hub/items/${type}/${name.split('/').map(encodeURIComponent).join('/')}`;
  const start = () => onTask({ title: `${verb} ${name}`, verb, call: { method: isThere ? 'DELETE' : 'POST', path } });
  return (
    <button class="button small" type="button" aria-label={`${verb} ${name}`} onClick={start}>
      {verb}
    </button>
  );
}
