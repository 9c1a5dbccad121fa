import {
  type HubEntry,
  type HubIndexFile,
  HUB_TYPES,
  type HubItem,
  type HubRef,
  type HubStatus,
  isInstalled,
  keyOf,
  partsOf,
} from './hub-item.ts';
import type { InstalledFile } from './installed-files.ts';

/** Every item that the index knows or that is installed, with its state: pure, from the two lists. */
export function catalogOf(index: HubIndexFile, files: readonly InstalledFile[]): Map<string, HubItem> {
  const byPath = new Map(files.map((file) => [file.hubPath, file]));
  const items = new Map<string, HubItem>();
  for (const type of HUB_TYPES) {
    for (const [name, entry] of Object.entries(index[type])) {
      const item = itemOf({ type, name }, entry, byPath.get(entry.path));
      items.set(keyOf(item), item);
    }
  }
  for (const item of files.filter(({ hubPath }) => hubPath === undefined).map(localItem)) items.set(keyOf(item), item);
  return withTaintedCollections(items);
}

function itemOf(ref: HubRef, entry: HubEntry, file: InstalledFile | undefined): HubItem {
  const localVersion = versionOf(entry, file?.digest);
  return {
    ...ref,
    author: entry.author,
    description: entry.description,
    version: entry.version,
    status: file === undefined ? 'not_installed' : statusOf(entry, localVersion),
    ...(localVersion === undefined ? {} : { localVersion }),
    path: entry.path,
    parts: partsOf(entry),
  };
}

/** Several versions can have one content, where the Hub went back to an older one: the current version comes first. */
function versionOf({ version, versions }: HubEntry, digest: string | undefined): string | undefined {
  if (digest === undefined) return undefined;
  return [version, ...Object.keys(versions)].find((each) => versions[each]?.digest === digest);
}

/** A content that no version ever had was changed by somebody. */
function statusOf(entry: HubEntry, localVersion: string | undefined): HubStatus {
  if (localVersion === undefined) return 'tainted';
  return localVersion === entry.version ? 'installed' : 'update_available';
}

function localItem({ type, fileName }: InstalledFile): HubItem {
  return { type, name: fileName, author: '', description: '', version: '', status: 'local', path: fileName, parts: [] };
}

/** A collection of which a part is missing or changed is itself not what the Hub says it is. */
function withTaintedCollections(items: Map<string, HubItem>): Map<string, HubItem> {
  const settled = new Map<string, HubStatus>();
  const settle = (item: HubItem): HubStatus => {
    const known = settled.get(keyOf(item));
    if (known !== undefined) return known;
    settled.set(keyOf(item), item.status); // a collection that contains itself ends here
    if (!isInstalled(item)) return item.status;
    const parts = item.parts.flatMap((part) => items.get(keyOf(part)) ?? []);
    const isWhole = parts.every((part) => !['not_installed', 'tainted'].includes(settle(part)));
    const status = isWhole ? item.status : 'tainted';
    settled.set(keyOf(item), status);
    return status;
  };
  return new Map([...items].map(([key, item]) => [key, { ...item, status: settle(item) }]));
}
