import type { HubItem, HubStatus, HubType } from './hub-item.ts';

export interface HubQuery {
  readonly q?: string | undefined;
  readonly type?: HubType | undefined;
  readonly installed?: boolean | undefined;
  readonly status?: HubStatus | undefined;
}

/**
 * Items that have every word in their name or description. First the one that is called so, whoever its author is, then
 * those with all words in the name.
 */
export function searchHub(items: Iterable<HubItem>, { q = '', type, installed, status }: HubQuery): HubItem[] {
  const words = q.toLowerCase().split(/\s/); // an empty one is in every text
  const has = (text: string) => words.every((word) => text.toLowerCase().includes(word));
  const found = [...items].filter(
    (item) =>
      (type === undefined || item.type === type) &&
      (status === undefined || item.status === status) &&
      (installed === undefined || installed === (item.status !== 'not_installed')) &&
      has(`${item.name} ${item.description}`),
  );
  const wanted = q.trim().toLowerCase();
  const isCalledSo = ({ name }: HubItem) => name.slice(name.indexOf('/') + 1).toLowerCase() === wanted;
  const rank = (item: HubItem) => (isCalledSo(item) ? 0 : has(item.name) ? 1 : 2);
  return found.sort((a, b) => rank(a) - rank(b) || a.type.localeCompare(b.type) || a.name.localeCompare(b.name));
}
