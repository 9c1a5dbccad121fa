import { useState } from 'preact/hooks';
import { useResource } from '../../api/resource.ts';
import type { Alert } from '../../api/wire.ts';
import { CurlLine } from '../../parts/copy-line.tsx';
import { Empty } from '../../parts/empty.tsx';
import { Note, ProblemNote } from '../../parts/note.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { place, queryText, replaceQuery } from '../../routing/location.ts';
import { useStore } from '../../store.ts';
import { plain } from '../../text/plain.ts';
import { age } from '../../text/time.ts';
import { AlertTable } from './alert-table.tsx';

const PERIODS = [
  { title: 'last day', value: '24h' },
  { title: 'last 7 days', value: '' },
  { title: 'last 30 days', value: '720h' },
] as const;

const STEP = 50;

/** As the API gives them at once. */
const MOST = 500;

export function AlertsPage() {
  const { query: url } = useStore(place);
  const [limit, setLimit] = useState(STEP);
  const filters = filtersIn(url);
  const { community, ...narrowed } = filters;
  const path = `/alerts?${queryText({ ...narrowed, include_community: community, limit: String(limit) })}`;
  const { data, problem, at } = useResource<{ alerts: readonly Alert[] }>(path, { everyMs: 15_000, kinds: ['*'] });
  return (
    <>
      <PageHead title="Alerts">
        What CrowdSec saw, and what it decided. It keeps 7 days or 5,000 alerts by default.
      </PageHead>
      <div class="stack">
        {problem === undefined ? null : <ProblemNote problem={problem} />}
        {problem !== undefined && at !== undefined ? (
          <Note tone="warn">Shown is what was known {age(Date.now() - at)} ago.</Note>
        ) : null}
        <section class="card flush" aria-label="Alerts">
          <Filters filters={filters} />
          <Alerts alerts={data?.alerts} />
          {data !== undefined && data.alerts.length >= limit && limit < MOST ? (
            <div class="table-foot">
              <button class="button small" type="button" onClick={() => setLimit(Math.min(MOST, limit * 4))}>
                Show more
              </button>
            </div>
          ) : null}
        </section>
        <CurlLine call={{ method: 'GET', path }} />
      </div>
    </>
  );
}

function Alerts({ alerts }: { readonly alerts: readonly Alert[] | undefined }) {
  if (alerts === undefined) return <div class="waiting why-waiting" />;
  if (alerts.length > 0) return <AlertTable alerts={alerts} />;
  return (
    <Empty icon="bell" title="No alerts">
      Nothing attacked in this time, or CrowdSec does not read your log yet: Diagnostics has a harmless test.
    </Empty>
  );
}

type AlertFilters = Readonly<Record<'ip' | 'scenario' | 'since' | 'community', string>>;

function filtersIn(url: URLSearchParams): AlertFilters {
  const of = (name: string) => url.get(name) ?? '';
  return { ip: of('ip'), scenario: of('scenario'), since: of('since'), community: of('community') };
}

function Filters({ filters: { ip, scenario, since, community } }: { readonly filters: AlertFilters }) {
  return (
    <div class="toolbar">
      <input
        class="input grow mono"
        type="search"
        aria-label="Address"
        placeholder="Address"
        value={ip}
        onChange={(event) => replaceQuery({ ip: event.currentTarget.value.trim() })}
      />
      <input
        class="input grow"
        type="search"
        aria-label="Scenario"
        placeholder="Scenario, as in crowdsecurity/http-probing"
        value={plain(scenario)}
        onChange={(event) => replaceQuery({ scenario: event.currentTarget.value.trim() })}
      />
      <select
        class="select"
        aria-label="Time"
        value={since}
        onChange={(event) => replaceQuery({ since: event.currentTarget.value })}
      >
        {PERIODS.map(({ title, value }) => (
          <option key={value} value={value}>
            {title}
          </option>
        ))}
      </select>
      <button
        class="chip"
        type="button"
        aria-pressed={community === 'true'}
        onClick={() => replaceQuery({ community: community === 'true' ? '' : 'true' })}
      >
        With community
      </button>
    </div>
  );
}
