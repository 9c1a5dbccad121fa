import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { changes } from '../../api/live.ts';
import { ApiProblem, send } from '../../api/request.ts';
import type { DecisionPage } from '../../api/wire.ts';
import { missingPage, NO_ROWS, PAGE, type RowPages, withPage } from './row-pages.ts';

/** What a person asked for; everything is sorted, filtered and counted by the server, over the whole set. */
export interface DecisionQuery {
  readonly q: string;
  readonly origin: string;
  readonly country: string;
  readonly sort: string;
}

const REFRESH_MS = 5_000;

/** Pages that are asked for again when something changed; further down only the counts are. */
const MOST_REFRESHED = 3;

export interface DecisionList {
  readonly rows: RowPages;
  readonly page: DecisionPage | undefined;
  readonly problem: ApiProblem | undefined;
  /** When the counts were true. */
  readonly at: number | undefined;
  /** Fetches what is missing of these rows, a page at a time. */
  readonly need: (first: number, end: number) => void;
  readonly reload: () => Promise<void>;
}

export function filterText({ q, origin, country, sort }: DecisionQuery): string {
  const query = new URLSearchParams();
  if (q.trim() !== '') query.set('q', q.trim());
  if (origin !== 'all') query.set('origin', origin);
  if (country !== '') query.set('country', country);
  query.set('sort', sort);
  return query.toString();
}

interface Loaded {
  readonly key: string;
  readonly rows: RowPages;
  readonly page: DecisionPage | undefined;
  readonly at: number | undefined;
}

/** The rows near the reader, more of them on demand; what is there stays until something newer has come. */
export function useDecisions(query: DecisionQuery): DecisionList {
  const key = filterText(query);
  const [loaded, setLoaded] = useState<Loaded>({ key, rows: NO_ROWS, page: undefined, at: undefined });
  const [problem, setProblem] = useState<ApiProblem | undefined>(undefined);
  const latest = useRef(loaded);
  latest.current = loaded;
  const wantedKey = useRef(key);
  wantedKey.current = key;
  const isLoading = useRef(false);

  const keep = useCallback(async (work: () => Promise<Loaded>) => {
    try {
      const next = await work();
      if (next.key === wantedKey.current) setLoaded(next);
      setProblem(undefined);
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      setProblem(error);
    }
  }, []);

  const reload = useCallback(() => keep(() => refreshed(key, latest.current)), [key, keep]);

  const need = useCallback(
    (first: number, end: number) => {
      const now = latest.current;
      const index = missingPage(now.rows, first, end);
      if (isLoading.current || index === undefined || now.page === undefined || now.key !== key) return;
      isLoading.current = true;
      void keep(() => extended(latest.current, index)).finally(() => (isLoading.current = false));
    },
    [key, keep],
  );

  useEffect(() => {
    void reload();
    const timer = setInterval(() => document.hidden || void reload(), REFRESH_MS);
    const stop = changes.follow(() => void reload());
    return () => {
      clearInterval(timer);
      stop();
    };
  }, [reload]);

  return { rows: loaded.rows, page: loaded.page, at: loaded.at, problem, need, reload };
}

function fetchPage(key: string, cursor?: string): Promise<DecisionPage> {
  const after = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
  return send<DecisionPage>({ method: 'GET', path: `/decisions?${key}&limit=${PAGE}${after}` });
}

/** The pages from the start again; of a long list only the counts, so that nothing jumps under somebody who reads. */
async function refreshed(key: string, before: Loaded): Promise<Loaded> {
  const page = await fetchPage(key);
  const at = Date.now();
  const pages = before.key === key ? Math.ceil(before.rows.count / PAGE) : 1;
  if (pages > MOST_REFRESHED) return { ...before, page, at };
  let rows = withPage(NO_ROWS, 0, page);
  for (let index = 1; index < pages && index < rows.cursors.length; index++) {
    rows = withPage(rows, index, await fetchPage(key, rows.cursors[index]));
  }
  return { key, rows, page, at };
}

async function extended(before: Loaded, index: number): Promise<Loaded> {
  const page = await fetchPage(before.key, before.rows.cursors[index]);
  return { key: before.key, rows: withPage(before.rows, index, page), page, at: Date.now() };
}
