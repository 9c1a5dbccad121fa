import type { DecisionPage } from '../../api/wire.ts';
import { count } from '../../text/count.ts';
import { countryName } from '../../text/country.ts';
import { originCounts } from '../../text/origin.ts';
import { type ColumnId, ColumnMenu } from './columns.tsx';
import type { DecisionQuery } from './decision-query.ts';
import { SearchBox } from '../../parts/search-box.tsx';

const TABS = [
  { id: 'local', title: 'Local' },
  { id: 'community', title: 'Community' },
  { id: 'lists', title: 'Lists' },
  { id: 'all', title: 'All' },
] as const;

interface DecisionToolbarProps {
  readonly query: DecisionQuery;
  readonly page: DecisionPage | undefined;
  readonly columns: readonly ColumnId[];
  readonly onColumns: (columns: readonly ColumnId[]) => void;
  readonly onChange: (patch: Readonly<Record<string, string>>) => void;
}

export function DecisionToolbar({ query, page, columns, onColumns, onChange }: DecisionToolbarProps) {
  const counts = originCounts(page?.facets.origin ?? {});
  const countries = Object.entries(page?.facets.country ?? {});
  const isListed = countries.some(([code]) => code === query.country);
  return (
    <div class="toolbar">
      <div class="chips" role="group" aria-label="Origin">
        {TABS.map(({ id, title }) => (
          <button
            key={id}
            class="chip"
            type="button"
            aria-pressed={query.origin === id}
            onClick={() => onChange({ origin: id })}
          >
            {title}
            <span class="number">{count(counts[id])}</span>
          </button>
        ))}
      </div>
      <SearchBox
        label="Search decisions"
        placeholder="Address, range, reason or network"
        value={query.q}
        onChange={(q) => onChange({ q })}
      />
      <select
        class="select"
        aria-label="Country"
        value={query.country}
        onChange={(event) => onChange({ country: event.currentTarget.value })}
      >
        <option value="">Every country</option>
        {query.country === '' || isListed ? null : <option value={query.country}>{countryName(query.country)}</option>}
        {countries.map(([code, value]) => (
          <option key={code} value={code}>
            {code === 'unknown' ? 'Unknown' : countryName(code)} ({count(value)})
          </option>
        ))}
      </select>
      <ColumnMenu shown={columns} onChange={onColumns} />
    </div>
  );
}
