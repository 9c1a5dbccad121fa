import { rename, writeFile } from 'node:fs/promises';
import type { Child } from '../../scripts/servers/child.ts';

/** Runs before a daemon: its time of day then jumps when it is told to; its monotonic clock does not, as in life. */
const PRELOAD = `
import { readFileSync } from 'node:fs';
const Real = Date;
let offset = 0;
process.on('SIGUSR2', () => { offset = Number(readFileSync(process.env.CLOCK_OFFSET_FILE, 'utf8')); });
globalThis.Date = class extends Real {
  constructor(...args) { if (args.length === 0) super(Real.now() + offset); else super(...args); }
  static now() { return Real.now() + offset; }
};`;

/** The environment of a daemon whose clock is to jump. */
export function jumpingClock(offsetFile: string): Readonly<Record<string, string>> {
  const module = `data:text/javascript,${encodeURIComponent(PRELOAD)}`;
  return { NODE_OPTIONS: `--import=${module}`, CLOCK_OFFSET_FILE: offsetFile };
}

/** From now on their time of day is so far from the real one. */
export async function jump(daemons: readonly Child[], offsetFile: string, offsetMs: number): Promise<void> {
  await writeFile(`${offsetFile}.new`, String(offsetMs));
  await rename(`${offsetFile}.new`, offsetFile); // whole, whenever a daemon comes to read it
  for (const daemon of daemons) await daemon.kill('SIGUSR2');
}
