import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const folders: string[] = [];

// Imported by a test file, this runs at the end of it.
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder of its own, which goes when the test file has ended. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  folders.push(folder);
  return folder;
}

/** A file with this content that only its owner may read, for settings that name one. */
export function temporaryFile(content: string): string {
  const path = join(temporaryFolder('file'), 'content');
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}
