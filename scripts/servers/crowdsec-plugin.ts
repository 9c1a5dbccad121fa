import { chmod, copyFile, readdir, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CrowdsecBinaries } from './binaries.ts';
import { PUSH_NAME, pushNotification, type CrowdsecFolders, type Push } from './crowdsec-config.ts';
import { writeSecretFile } from './secret-file.ts';

/** Sets up, or takes away, CrowdSec's http plugin: it wants a folder of its own, and the name `notification-http`. */
export async function preparePlugin(
  folders: CrowdsecFolders,
  { httpPlugin }: CrowdsecBinaries,
  push: Push | undefined,
): Promise<void> {
  const notification = join(folders.notifications, `${PUSH_NAME}.yaml`);
  const plugin = join(folders.plugins, 'notification-http');
  await endLeftovers(plugin);
  await rm(notification, { force: true });
  await rm(plugin, { force: true });
  if (push === undefined || httpPlugin === undefined) return;
  await copyFile(httpPlugin, plugin);
  await chmod(plugin, 0o755);
  await writeSecretFile(notification, pushNotification(push));
}

/**
 * CrowdSec 1.4.6 leaves its plugin running when it is ended from outside, and a run that was itself killed cannot
 * clean up. The plugin is a copy in our own state folder, so what runs it was started by an earlier run of ours.
 */
async function endLeftovers(plugin: string): Promise<void> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
  for (const pid of pids) {
    const program = await readlink(`/proc/${pid}/exe`).catch(() => '');
    if (program === plugin || program === `${plugin} (deleted)`) process.kill(pid, 'SIGKILL');
  }
}
