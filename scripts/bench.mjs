/**
 * `npm run bench`: measures the built product on real servers and prints a table. The benches belong to the tests,
 * which are no part of `dist`: they are compiled beside it, into the cache.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bootstrap } from './bootstrap.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

bootstrap();
// The product was built just now; what starts its servers need not look again.
process.env.TEST_RUN_HAS_BUILT = '1';

const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const compiled = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.bench.json')], { encoding: 'utf8' });
if (compiled.status !== 0) {
  process.stderr.write(`compiling the benches failed:\n${compiled.stdout}${compiled.stderr}`);
  process.exit(1);
}
const { main } = await import(pathToFileURL(join(root, '.cache', 'bench', 'test', 'bench', 'main.js')).href);
await main(process.argv.slice(2));
