import { defineConfig } from 'vitest/config';

const project = (name: string, extra: object = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], ...extra },
});

/** Real servers share two cores: these projects run one file at a time, with time for a server to start. */
const realServers = { fileParallelism: false, testTimeout: 60_000, hookTimeout: 120_000 };

export default defineConfig({
  test: {
    projects: [
      project('unit'),
      project('property', { testTimeout: 60_000 }),
      project('golden', { ...realServers }),
      project('scenario', { testTimeout: 30_000 }),
      project('integration', { ...realServers }),
      project('e2e', { ...realServers }),
    ],
    coverage: {
      provider: 'v8',
      include: ['bouncer/**/*.ts', 'caddy/**/*.ts', 'control-api/**/*.ts'],
      exclude: ['**/main.ts', 'bouncer/cli.ts', 'control-api/ui/**'],
    },
  },
});
