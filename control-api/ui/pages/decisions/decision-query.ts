import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { changes } from '../../api/live.ts';
import { ApiProblem, send } from '../../api/request.ts';
import type { Decision, DecisionPage } from '../../api/wire.ts';

/** What a person asked for; everything is sorted, filtered and counted by the server, over the whole set. */
export interface DecisionQuery {
  readonly q: string;
  readonly origin: string;
  readonly country: string;
  readonly sort: string;
}

const PAGE = 200;
const REFRESH_MS = 5_000;

/** Pages that are asked for again when something changed; further down only the counts are. */
const MOST_REFRESHED = 3;

export interface DecisionList {
  readonly rows: readonly Decision[];
  readonly page: DecisionPage | undefined;
  readonly problem: ApiProblem | undefined;
  /** When the counts were true. */
  readonly at: number | undefined;
  readonly loadMore: () => void;
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
  readonly rows: readonly Decision[];
  readonly page: DecisionPage | undefined;
  readonly cursor: string | undefined;
  readonly at: number | undefined;
}

/** The rows so far, more of them on demand; what is there stays until something newer has come. */
export function useDecisions(query: DecisionQuery): DecisionList {
  const key = filterText(query);
  const [loaded, setLoaded] = useState<Loaded>({ key, rows: [], page: undefined, cursor: undefined, at: undefined });
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

  const loadMore = useCallback(() => {
    const now = latest.current;
    if (isLoading.current || now.cursor === undefined || now.key !== key) return;
    isLoading.current = true;
    void keep(() => extended(now)).finally(() => (isLoading.current = false));
  }, [key, keep]);

  useEffect(() => {
    void reload();
    const timer = setInterval(() => document.hidden || void reload(), REFRESH_MS);
    const stop = changes.follow(() => void reload());
    return () => {
      clearInterval(timer);
      stop();
    };
  }, [reload]);

  return { rows: loaded.rows, page: loaded.page, at: loaded.at, problem, loadMore, reload };
}

function fetchPage(key: string, cursor?: string): Promise<DecisionPage> {
  const after = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
  return send<DecisionPage>({ method: 'GET', path: `/decisions?${key}&limit=${PAGE}${after}` });
}

/** The pages from the start again; of a long list only the counts, so that nothing jumps under somebody who reads. */
async function refreshed(key: string, before: Loaded): Promise<Loaded> {
  const page = await fetchPage(key);
  const at = Date.now();
  const pages = before.key === key ? Math.ceil(before.rows.length / PAGE) : 1;
  if (pages > MOST_REFRESHED) return { ...before, page, at };
  let rows = page.decisions;
  let cursor = page.next_cursor;
  for (let more = 1; more < pages && cursor !== undefined; more++) {
    const next = await fetchPage(key, cursor);
    rows = [...rows, ...next.decisions];
    cursor = next.next_cursor;
  }
  return { key, rows, page, cursor, at };
}

async function extended(before: Loaded): Promise<Loaded> {
  const page = await fetchPage(before.key, before.cursor);
  const known = new Set(before.rows.map(({ id }) => id));
  const rows = [...before.rows, ...page.decisions.filter(({ id }) => !known.has(id))];
  return { key: before.key, rows, page, cursor: page.next_cursor, at: Date.now() };
}
