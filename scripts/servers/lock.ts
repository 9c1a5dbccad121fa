import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 200;
const WAIT_MS = 10 * 60_000;
/** A lock file is created and then filled: an empty one is young, or its owner died between the two. */
const EMPTY_GRACE_MS = 5_000;

/** Runs `action` while no other process of this clone holds `path`; a lock whose owner is gone is taken over. */
export async function withLock<T>(path: string, onWait: () => void, action: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const until = Date.now() + WAIT_MS;
  let told = false;
  while (!(await tryLock(path))) {
    if (Date.now() > until) {
      throw new Error(`another run has held ${path} for ${WAIT_MS / 60_000} minutes. If none is active, delete it.`);
    }
    if (!told) onWait();
    told = true;
    await sleep(POLL_MS);
  }
  try {
    return await action();
  } finally {
    await rm(path, { force: true });
  }
}

async function tryLock(path: string): Promise<boolean> {
  try {
    await writeFile(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (await ownerIsGone(path)) await rm(path, { force: true });
    return false;
  }
}

async function ownerIsGone(path: string): Promise<boolean> {
  try {
    const pid = Number(await readFile(path, 'utf8'));
    if (pid === 0) return Date.now() - (await stat(path)).mtimeMs > EMPTY_GRACE_MS;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
