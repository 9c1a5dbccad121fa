import { defineConfig } from 'vitest/config';

const project = (name: string, extra: object = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], ...extra },
});

/** With time for a server to start; and `expect.poll` waits as long as `waitFor` does, not Vitest's one second. */
const REAL_SERVERS = { testTimeout: 60_000, hookTimeout: 120_000, expect: { poll: { timeout: 15_000 } } };

/** A test of real servers mostly waits for them: two files at a time fill two cores, a third would slow both down. */
const TWO_AT_A_TIME = { ...REAL_SERVERS, maxWorkers: 2, setupFiles: 'test/support/worker-ports.ts' };

/** What is painted by a browser, and what compiles a million addresses, wants both cores. */
const ONE_AT_A_TIME = { ...REAL_SERVERS, fileParallelism: false };

export default defineConfig({
  test: {
    projects: [
      project('unit'),
      project('property', { testTimeout: 60_000 }),
      project('golden', ONE_AT_A_TIME),
      project('scenario', { testTimeout: 30_000 }),
      project('integration', TWO_AT_A_TIME),
      project('e2e', ONE_AT_A_TIME),
    ],
    coverage: {
      provider: 'v8',
      include: ['bouncer/**/*.ts', 'caddy/**/*.ts', 'control-api/**/*.ts'],
      exclude: ['**/main.ts', 'bouncer/cli.ts', 'control-api/ui/**'],
    },
  },
});
