import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The clone's folder, whether this file runs from its source or from `dist`. */
function findRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package-lock.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`no package-lock.json above ${import.meta.dirname}: is this a whole clone?`);
    folder = parent;
  }
  return folder;
}

export const projectRoot = findRoot();
export const cacheDir = join(projectRoot, '.cache');
