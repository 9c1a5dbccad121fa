import { readFile, stat } from 'node:fs/promises';
import { parseJson } from '../parse-json.ts';
import { catalogOf } from './hub-catalog.ts';
import { type HubEntry, type HubIndexFile, hubIndexSchema, type HubItem, type HubRef } from './hub-item.ts';
import { type HubPaths, hubPaths } from './hub-paths.ts';
import { InstalledFiles } from './installed-files.ts';

export type HubCatalogResult =
  | { readonly kind: 'ok'; readonly items: ReadonlyMap<string, HubItem>; readonly updatedAt: Date }
  | { readonly kind: 'unavailable'; readonly message: string; readonly hint: string };

/** The Hub as CrowdSec's own local index has it: works offline, and never asks anybody. */
export class HubIndex {
  readonly #configDir: string;
  readonly #installed = new InstalledFiles();
  #parsed: { readonly stamp: string; readonly index: HubIndexFile } | undefined;

  constructor(configDir: string) {
    this.#configDir = configDir;
  }

  async catalog(): Promise<HubCatalogResult> {
    const paths = await hubPaths(this.#configDir);
    const read = await this.#read(paths);
    if (read.kind !== 'ok') return read;
    const files = await this.#installed.list(paths);
    return { kind: 'ok', items: catalogOf(read.index, files), updatedAt: read.updatedAt };
  }

  /** The index's own entry: with the item's content and its long description, base64. */
  async entry({ type, name }: HubRef): Promise<HubEntry | undefined> {
    const read = await this.#read(await hubPaths(this.#configDir));
    return read.kind === 'ok' ? read.index[type][name] : undefined;
  }

  /** Some megabytes of JSON: parsed again only when the file has changed. */
  async #read({
    indexPath,
  }: HubPaths): Promise<
    { kind: 'ok'; index: HubIndexFile; updatedAt: Date } | Extract<HubCatalogResult, { kind: 'unavailable' }>
  > {
    try {
      const { size, mtimeMs, mtime } = await stat(indexPath);
      const stamp = `${indexPath}:${size}:${mtimeMs}`;
      if (this.#parsed?.stamp !== stamp) {
        const parsed = hubIndexSchema.safeParse(parseJson(await readFile(indexPath, 'utf8')));
        if (!parsed.success) return unavailable(`${indexPath} is not a Hub index`, 'Fetch it anew: POST /hub/update.');
        this.#parsed = { stamp, index: parsed.data };
      }
      return { kind: 'ok', index: this.#parsed.index, updatedAt: mtime };
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
      const hint =
        code === 'ENOENT' ? 'Fetch it: POST /hub/update; or correct CROWDSEC_CONFIG_DIR.' : 'Let this user read it.';
      return unavailable(`the Hub's index ${indexPath} cannot be read (${code})`, hint);
    }
  }
}

function unavailable(message: string, hint: string): Extract<HubCatalogResult, { kind: 'unavailable' }> {
  return { kind: 'unavailable', message, hint };
}
