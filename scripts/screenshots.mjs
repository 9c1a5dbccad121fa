/**
 * `node scripts/screenshots.mjs [FOLDER]`: pictures of every view, from the built product on real servers. The best of
 * them are kept in deploy/screenshots, for the README.
 */
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bootstrap } from './bootstrap.mjs';

bootstrap();
process.env.TEST_RUN_HAS_BUILT = '1';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { runnerImport } = await import('vite');
const { module } = await runnerImport(join(root, 'test', 'e2e', 'screenshots.ts'), { root, logLevel: 'error' });
await module.main(resolve(process.argv[2] ?? join(root, '.cache', 'screenshots')));
