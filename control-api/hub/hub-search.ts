import type { HubItem, HubStatus, HubType } from './hub-item.ts';

export interface HubQuery {
  readonly q?: string | undefined;
  readonly type?: HubType | undefined;
  readonly installed?: boolean | undefined;
  readonly status?: HubStatus | undefined;
}

/** Items that have every word in their name or description; those with all words in the name first. */
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
  const rank = (item: HubItem) => (has(item.name) ? 0 : 1);
  return found.sort((a, b) => rank(a) - rank(b) || a.type.localeCompare(b.type) || a.name.localeCompare(b.name));
}
