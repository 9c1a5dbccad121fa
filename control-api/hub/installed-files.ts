import { createHash } from 'node:crypto';
import { type Dirent } from 'node:fs';
import { lstat, readdir, readFile, readlink, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { HUB_TYPES, type HubType } from './hub-item.ts';
import type { HubPaths } from './hub-paths.ts';

/** A file in CrowdSec's configuration that makes an item count. */
export interface InstalledFile {
  readonly type: HubType;
  readonly fileName: string;
  /** Below the Hub's folder; absent for a file of somebody's own. */
  readonly hubPath?: string;
  /** SHA-256 of what is there now; absent when a link points nowhere, or to what cannot be read. */
  readonly digest?: string;
}

/** Parsers and postoverflows lie one folder deeper, one for each stage. */
const STAGED: ReadonlySet<HubType> = new Set(['parsers', 'postoverflows']);

/** Finds what is installed: a link into the Hub's folder, or a file of somebody's own. */
export class InstalledFiles {
  /** Digests by path, valid as long as size and time stay. */
  readonly #digests = new Map<string, { readonly stamp: string; readonly digest: string }>();

  async list({ configDir, hubDir }: HubPaths): Promise<InstalledFile[]> {
    const perType = await Promise.all(
      HUB_TYPES.map(async (type) => {
        const folder = join(configDir, type);
        const folders = STAGED.has(type) ? (await entries(folder)).map(({ name }) => join(folder, name)) : [folder];
        const paths = (await Promise.all(folders.map(yamlFiles))).flat();
        return (await Promise.all(paths.map((path) => this.#describe(type, path, hubDir)))).flat();
      }),
    );
    return perType.flat();
  }

  /** Nothing for one that went since it was listed: cscli may be removing it right now. */
  async #describe(type: HubType, path: string, hubDir: string): Promise<InstalledFile | []> {
    const fileName = basename(path);
    const link = await linkAt(path);
    if (link === undefined) return [];
    if (link === 'none') return { type, fileName };
    const target = resolve(dirname(path), link.to);
    const hubPath = relative(hubDir, target);
    if (hubPath.startsWith('..')) return { type, fileName };
    const digest = await this.#digest(target);
    return { type, fileName, hubPath, ...(digest === undefined ? {} : { digest }) };
  }

  async #digest(path: string): Promise<string | undefined> {
    try {
      const { size, mtimeMs } = await stat(path);
      const stamp = `${size}:${mtimeMs}`;
      const known = this.#digests.get(path);
      if (known?.stamp === stamp) return known.digest;
      const digest = createHash('sha256')
        .update(await readFile(path))
        .digest('hex');
      this.#digests.set(path, { stamp, digest });
      return digest;
    } catch {
      return undefined; // nowhere, a folder, or not for this user to read: no version of the Hub's in any case
    }
  }
}

async function linkAt(path: string): Promise<{ readonly to: string } | 'none' | undefined> {
  try {
    return (await lstat(path)).isSymbolicLink() ? { to: await readlink(path) } : 'none';
  } catch {
    return undefined;
  }
}

async function yamlFiles(folder: string): Promise<string[]> {
  return (await entries(folder)).filter(({ name }) => /\.ya?ml$/.test(name)).map(({ name }) => join(folder, name));
}

/** A folder that is not there has nothing in it: CrowdSec makes them as it needs them. */
async function entries(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
