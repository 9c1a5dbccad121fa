import { spawnSync } from 'node:child_process';

let prefix: readonly string[] | undefined;

/**
 * What to put before a command so that the kernel itself ends the child when its parent dies, even by SIGKILL.
 * Empty where util-linux does not have it.
 */
export function dieWithParent(): readonly string[] {
  prefix ??=
    spawnSync('setpriv', ['--pdeathsig', 'TERM', 'true']).status === 0 ? ['setpriv', '--pdeathsig', 'TERM'] : [];
  return prefix;
}
