/**
 * Starts a program of the tests that runs on its own, such as the benches, on the built product. The tests are no part
 * of `dist`: these are compiled beside it, into the cache.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bootstrap } from './bootstrap.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Runs `main` of test/NAME/main.ts with the arguments of this process. */
export async function runTestProgram(name) {
  bootstrap();
  // The product was built just now; what starts its servers need not look again.
  process.env.TEST_RUN_HAS_BUILT = '1';
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const config = join(root, 'tsconfig.programs.json');
  const compiled = spawnSync(process.execPath, [tsc, '-p', config], { encoding: 'utf8' });
  if (compiled.status !== 0) {
    process.stderr.write(`compiling test/${name} failed:\n${compiled.stdout}${compiled.stderr}`);
    process.exit(1);
  }
  const path = join(root, '.cache', 'programs', 'test', name, 'main.js');
  const { main } = await import(pathToFileURL(path).href);
  await main(process.argv.slice(2));
}
