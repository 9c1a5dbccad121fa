import { readFileSync, readdirSync } from 'node:fs';

/** The kernel counts `stat` in these; it is the same on every Linux that matters. */
const TICKS_A_SECOND = 100;
const NANOSECONDS = 1e9;

/** CPU seconds that a process has used so far, all its threads together. */
export function cpuSeconds(pid: number): number {
  return scheduledSeconds(pid) ?? tickedSeconds(pid);
}

/** To the nanosecond, where the kernel keeps scheduler statistics. */
function scheduledSeconds(pid: number): number | undefined {
  let total = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const text = readOrEmpty(`/proc/${pid}/task/${thread}/schedstat`);
    total += Number(text.split(' ')[0] ?? 0);
  }
  return total === 0 ? undefined : total / NANOSECONDS;
}

function tickedSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is a name that may hold spaces; counting begins behind its bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

export interface Memory {
  /** Resident now, in MB (10^6 bytes). */
  readonly residentMb: number;
  /** The most that ever was resident. */
  readonly peakMb: number;
}

export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (field: string) => {
    const kibibytes = Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
    return (kibibytes * 1024) / 1e6;
  };
  return { residentMb: megabytes('VmRSS'), peakMb: megabytes('VmHWM') };
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // the thread has ended
  }
}
