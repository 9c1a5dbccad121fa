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

/** False when it is held; a lock whose owner is gone is removed, so that the next try can succeed. */
export async function tryLock(path: string): Promise<boolean> {
  try {
    await writeFile(path, `${process.pid} ${await startTime(process.pid)}`, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (await ownerIsGone(path)) await rm(path, { force: true });
    return false;
  }
}

export async function lockOwner(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.split(' ')[0] ?? '';
}

async function ownerIsGone(path: string): Promise<boolean> {
  const [pid = '', started = ''] = (await readFile(path, 'utf8').catch(() => '')).split(' ');
  if (pid === '') return Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? 0) > EMPTY_GRACE_MS;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return true;
  }
  // A number is used again after a restart of the machine; its start time tells the two apart.
  return started !== (await startTime(Number(pid)));
}

/** When a process started, in the kernel's ticks; empty where there is no /proc. */
async function startTime(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field is a name that may hold spaces; counting begins behind its bracket.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
