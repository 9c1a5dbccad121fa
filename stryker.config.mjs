import { PARTS } from './test/mutation/parts.mjs';

/** Mutation tests of the part that MUTATION_PART names, or of all: `npm run test:mutation` goes from part to part. */
const name = process.env.MUTATION_PART ?? 'all';
const parts = name === 'all' ? Object.values(PARTS) : [PARTS[name]];
const tests = parts.flatMap((part) => part.tests);
process.env.MUTATION_TESTS = JSON.stringify(tests.map((pattern) => `test/${pattern}.test.ts`));
// What a part does not say is what holds for all.
process.env.MUTATION_RUNS = String(Math.max(...parts.map(({ runs = 60 }) => runs)));
process.env.MUTATION_ISOLATE = String(!parts.every(({ sharesModules = false }) => sharesModules));

export default {
  mutate: parts.flatMap((part) => part.mutate),
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
  coverageAnalysis: 'perTest',
  // What is computed once, when a module is loaded, would need every test for each mutant.
  ignoreStatic: true,
  concurrency: 1,
  timeoutMS: Math.max(...parts.map(({ patienceMs = 30_000 }) => patienceMs)),
  dryRunTimeoutMinutes: 30,
  thresholds: { high: 95, low: 90, break: 85 },
  reporters: ['clear-text', 'progress', 'json'],
  clearTextReporter: { allowColor: false, allowEmojis: false, reportTests: false, skipFull: false },
  jsonReporter: { fileName: `coverage/mutation/${name}.json` },
  tempDirName: '.cache/stryker',
  ignorePatterns: ['/.cache', '/.state', '/dist', '/coverage', '/control-api/ui', '/deploy'],
  allowEmpty: false,
};
