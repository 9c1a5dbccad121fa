import type { ViewPath } from '../../page/view-paths.ts';
import { Store } from '../store.ts';

export interface Place {
  readonly path: string;
  readonly query: URLSearchParams;
}

function here(): Place {
  const path = location.pathname.replace(/(.)\/+$/, '$1');
  return { path, query: new URLSearchParams(location.search) };
}

export const place = new Store<Place>(here());

addEventListener('popstate', () => place.set(here()));

export function goTo(path: string): void {
  if (path === `${location.pathname}${location.search}`) return;
  history.pushState(undefined, '', path);
  place.set(here());
  scrollTo(0, 0);
}

/** A view's URL carries what was searched and sorted, so that it can be kept and sent on. */
export function urlOf(path: ViewPath, query: Readonly<Record<string, string | undefined>> = {}): string {
  const text = queryText(query);
  return text === '' ? path : `${path}?${text}`;
}

/** What is empty is left out. */
export function queryText(query: Readonly<Record<string, string | undefined>>): string {
  const entries = Object.entries(query).filter((entry): entry is [string, string] => (entry[1] ?? '') !== '');
  return new URLSearchParams(entries).toString();
}

/** Changes the query of the view that is open, without a step in the history: typing is not going somewhere. */
export function replaceQuery(changes: Readonly<Record<string, string | undefined>>): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  history.replaceState(undefined, '', text === '' ? location.pathname : `${location.pathname}?${text}`);
  place.set(here());
}
