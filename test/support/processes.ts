import { readdir, readFile } from 'node:fs/promises';

export interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** Every process of this machine, read from the kernel: a minimal system has no `ps`. */
export async function allProcesses(): Promise<RunningProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map(describeProcess));
  return found.filter((entry) => entry !== undefined);
}

/** Everything that `pid` started, and what those started in turn. */
export async function descendantsOf(pid: number): Promise<RunningProcess[]> {
  const all = await allProcesses();
  const below = (parent: number): RunningProcess[] =>
    all.filter((entry) => entry.parent === parent).flatMap((entry) => [entry, ...below(entry.pid)]);
  return below(pid);
}

export function isRunning(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Undefined for one that ended meanwhile, and for one that waits for its parent to notice that it has. */
async function describeProcess(pid: number): Promise<RunningProcess | undefined> {
  const [stat, commandLine] = await Promise.all(
    ['stat', 'cmdline'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
  );
  // The second field is a name that may hold spaces; counting begins behind its bracket.
  const [state, parent] = (stat ?? '').slice((stat ?? '').lastIndexOf(')') + 2).split(' ');
  if (state === undefined || state === '' || state === 'Z') return undefined;
  return { pid, parent: Number(parent), command: (commandLine ?? '').replaceAll('\0', ' ').trim() };
}
