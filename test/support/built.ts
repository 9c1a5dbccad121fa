import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../../scripts/servers/project-root.ts';

/** Tests run the built programs, as a user does. `npm test` has built them and says so; alone, a test sees to it. */
const TEST_RUN_HAS_BUILT = 'TEST_RUN_HAS_BUILT';

export function requireBuild(): void {
  if (process.env[TEST_RUN_HAS_BUILT] === '1') return;
  const result = spawnSync(process.execPath, [join(projectRoot, 'scripts', 'bootstrap.mjs')], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`the build failed:\n${result.stderr}`);
  process.env[TEST_RUN_HAS_BUILT] = '1';
}
