import { mkdir, rm } from 'node:fs/promises';
import { run } from '../../scripts/servers/run.ts';
import type { Workbench } from './servers.ts';

/** A disk that is soon full, or that nobody may write to. */
export interface SmallDisk {
  readonly path: string;
  /** Whether it is one: only root may mount, and not in every container. Then it is a folder like any other. */
  readonly isReal: boolean;
  /** Writes fail with EROFS from here on, or work again. */
  readonly: (isReadOnly: boolean) => Promise<void>;
  remove(): Promise<void>;
}

/** A tmpfs of so many bytes and so many files; the workbench takes it away, too. */
export async function smallDisk(
  workbench: Workbench,
  name: string,
  limits: { readonly bytes?: number; readonly files?: number },
): Promise<SmallDisk> {
  const path = workbench.path(name);
  await mkdir(path, { mode: 0o755 });
  const { bytes = 1024 * 1024, files = 100 } = limits;
  const options = `size=${bytes},nr_inodes=${files},mode=0755`;
  const isReal = (await run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path])).code === 0;
  let isThere = true;
  const disk: SmallDisk = {
    path,
    isReal,
    readonly: async (isReadOnly) => {
      if (isReal) await run('mount', ['-o', `remount,${isReadOnly ? 'ro' : 'rw'}`, path]);
      else await run('chmod', [isReadOnly ? '0555' : '0755', path]);
    },
    remove: async () => {
      if (!isThere) return;
      isThere = false;
      if (isReal) await run('umount', ['-l', path]);
      await rm(path, { recursive: true, force: true });
    },
  };
  workbench.also({ stop: () => disk.remove() });
  return disk;
}
