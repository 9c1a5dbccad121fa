import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../scripts/servers/run.ts';
import type { Workbench } from './servers.ts';

/**
 * A disk of a few files, to be filled, emptied and made read-only. Where nobody may mount one (an ordinary user, a
 * container), it is a folder that a file takes the place of: then every write fails, too, and `isReal` is false.
 */
export class SmallDisk {
  readonly path: string;
  readonly isReal: boolean;
  #isThere = true;

  private constructor(path: string, isReal: boolean) {
    this.path = path;
    this.isReal = isReal;
  }

  /** The workbench takes it away in the end. */
  static async make(workbench: Workbench, name: string, { bytes = 1024 * 1024, files = 100 } = {}): Promise<SmallDisk> {
    const path = workbench.path(name);
    await mkdir(path, { mode: 0o755 });
    const options = `size=${bytes},nr_inodes=${files},mode=0755`;
    const isReal = (await run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path])).code === 0;
    const disk = new SmallDisk(path, isReal);
    workbench.also({ stop: () => disk.remove() });
    return disk;
  }

  /** How it fails, for the report. */
  get how(): string {
    return this.isReal ? 'a small tmpfs' : 'no mount here: a file in its place';
  }

  /** From here on no file can be made in it. */
  async fill(): Promise<void> {
    if (!this.isReal) return this.#replace();
    for (let n = 0; ; n++) {
      try {
        await writeFile(join(this.path, `ballast-${n}`), '');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return;
        throw error;
      }
    }
  }

  async empty(): Promise<void> {
    if (!this.isReal) return this.#putBack();
    const names = (await readdir(this.path)).filter((name) => name.startsWith('ballast-'));
    for (const name of names) await rm(join(this.path, name));
  }

  async makeReadOnly(): Promise<void> {
    return this.isReal ? this.#remount('ro') : this.#replace();
  }

  async makeWritable(): Promise<void> {
    return this.isReal ? this.#remount('rw') : this.#putBack();
  }

  async remove(): Promise<void> {
    if (!this.#isThere) return;
    this.#isThere = false;
    if (this.isReal) await run('umount', ['-l', this.path]);
    await rm(this.path, { recursive: true, force: true });
  }

  async #remount(how: 'ro' | 'rw'): Promise<void> {
    const result = await run('mount', ['-o', `remount,${how}`, this.path]);
    if (result.code !== 0) throw new Error(`mount -o remount,${how}: ${result.stderr}`);
  }

  async #replace(): Promise<void> {
    await rename(this.path, `${this.path}-away`);
    await writeFile(this.path, 'not a folder, so that none can be made anew');
  }

  async #putBack(): Promise<void> {
    await rm(this.path);
    await rename(`${this.path}-away`, this.path);
  }
}
