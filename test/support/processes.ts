import { readFileSync } from 'node:fs';
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

/** A process that has ended, and whose new parent has not noticed yet, does not run. */
export function isRunning(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    return stateOf(readFileSync(`/proc/${pid}/stat`, 'utf8')).state !== 'Z';
  } catch {
    return false;
  }
}

/** Undefined for one that ended meanwhile, and for one that waits for its parent to notice that it has. */
async function describeProcess(pid: number): Promise<RunningProcess | undefined> {
  const [stat, commandLine] = await Promise.all(
    ['stat', 'cmdline'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
  );
  const { state, parent } = stateOf(stat ?? '');
  if (state === '' || state === 'Z') return undefined;
  return { pid, parent, command: (commandLine ?? '').replaceAll('\0', ' ').trim() };
}

/** From `/proc/N/stat`. Its second field is a name that may hold spaces: counting begins behind the name's bracket. */
function stateOf(stat: string): { state: string; parent: number } {
  const [state = '', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state, parent: Number(parent) };
}
