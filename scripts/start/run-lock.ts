import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf } from '../../bouncer/shared/runtime/reason.ts';
import { lockOwner, tryLock } from '../servers/lock.ts';

/** Two runs on one state would fight over the same database and sockets. @returns the path of the lock file. */
export async function claimState(stateDir: string): Promise<string> {
  await mkdir(stateDir, { recursive: true, mode: 0o755 }).catch((cause: unknown) => {
    const reason = reasonOf(cause);
    throw new Error(
      `the folder for the state cannot be made: ${reason}\n` +
        '  → name one that you may write to: START_STATE_DIR=/some/folder npm start',
      { cause },
    );
  });
  const path = join(stateDir, 'running');
  // Twice: the first try may find, and remove, what a killed run left.
  if ((await tryLock(path)) || (await tryLock(path))) return path;
  throw new Error(
    `npm start is running already with this state (pid ${await lockOwner(path)}, ${stateDir}).\n` +
      '  → stop that one with Ctrl-C, or give this one a state of its own: START_STATE_DIR=/some/folder npm start',
  );
}
