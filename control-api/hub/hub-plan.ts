import { type HubItem, type HubRef, isInstalled, keyOf } from './hub-item.ts';

export interface HubChange extends HubRef {
  readonly action: 'install' | 'update' | 'remove';
}

/** What would change, or why nothing may. */
export type HubPlan =
  | { readonly kind: 'plan'; readonly changes: readonly HubChange[] }
  | { readonly kind: 'unknown'; readonly item: HubRef }
  /** Somebody changed it, or made it: it is theirs, and stays as it is. */
  | { readonly kind: 'untouchable'; readonly item: HubRef; readonly status: 'tainted' | 'local' }
  /** A collection that stays would be incomplete without it, and then neither be updated nor be removable. */
  | { readonly kind: 'needed'; readonly item: HubRef; readonly by: string };

type Catalog = ReadonlyMap<string, HubItem>;

/** Installing brings along every part that is not there yet. */
export function planInstall(catalog: Catalog, ref: HubRef): HubPlan {
  const item = catalog.get(keyOf(ref));
  if (item === undefined) return { kind: 'unknown', item: ref };
  const changes: HubChange[] = [];
  for (const part of closure(catalog, item)) {
    const isItself = keyOf(part) === keyOf(item);
    // A collection that lacks a part is completed; a file with content of its own is not overwritten.
    if (part.status === 'local' || (part.status === 'tainted' && part.parts.length === 0)) {
      if (isItself) return { kind: 'untouchable', item: ref, status: part.status };
    } else if (part.status === 'not_installed') {
      changes.push({ action: 'install', type: part.type, name: part.name });
    } else if (part.status === 'update_available') {
      changes.push({ action: 'update', type: part.type, name: part.name });
    }
  }
  return { kind: 'plan', changes };
}

/** Removing takes along each part that no other collection names. */
export function planRemove(catalog: Catalog, ref: HubRef): HubPlan {
  const item = catalog.get(keyOf(ref));
  if (item === undefined) return { kind: 'unknown', item: ref };
  if (!isInstalled(item)) return { kind: 'plan', changes: [] };
  if (item.status === 'local' || item.status === 'tainted') {
    return { kind: 'untouchable', item: ref, status: item.status };
  }
  const by = neededBy(catalog, item, item);
  if (by !== undefined) return { kind: 'needed', item: ref, by: by.name };
  return { kind: 'plan', changes: removedWith(catalog, item, new Set()) };
}

function removedWith(catalog: Catalog, item: HubItem, seen: Set<string>): HubChange[] {
  if (seen.has(keyOf(item)) || !isInstalled(item)) return [];
  seen.add(keyOf(item));
  const parts = item.parts
    .flatMap((part) => catalog.get(keyOf(part)) ?? [])
    .filter((part) => neededBy(catalog, part, item) === undefined);
  return [
    { action: 'remove', type: item.type, name: item.name },
    ...parts.flatMap((part) => removedWith(catalog, part, seen)),
  ];
}

/** An installed collection that names it, besides one. */
function neededBy(catalog: Catalog, part: HubItem, besides: HubItem): HubItem | undefined {
  return [...catalog.values()].find(
    (other) =>
      other.type === 'collections' &&
      isInstalled(other) &&
      keyOf(other) !== keyOf(besides) &&
      other.parts.some((ref) => keyOf(ref) === keyOf(part)),
  );
}

export function planUpgrade(catalog: Catalog): HubChange[] {
  return [...catalog.values()]
    .filter(({ status }) => status === 'update_available')
    .map(({ type, name }) => ({ action: 'update', type, name }));
}

/** The item, its parts, and theirs; each once. */
function closure(catalog: Catalog, item: HubItem): HubItem[] {
  const found = new Map<string, HubItem>();
  const visit = (next: HubItem) => {
    if (found.has(keyOf(next))) return;
    found.set(keyOf(next), next);
    for (const part of next.parts) {
      const known = catalog.get(keyOf(part));
      if (known !== undefined) visit(known);
    }
  };
  visit(item);
  return [...found.values()];
}

/** What really changed between two looks. */
export function difference(before: Catalog, after: Catalog): HubChange[] {
  return [...after.values()].flatMap((now): HubChange[] => {
    const was = before.get(keyOf(now));
    const { type, name } = now;
    const wasInstalled = was !== undefined && isInstalled(was);
    if (wasInstalled !== isInstalled(now)) return [{ action: wasInstalled ? 'remove' : 'install', type, name }];
    return was?.localVersion === now.localVersion ? [] : [{ action: 'update', type, name }];
  });
}
