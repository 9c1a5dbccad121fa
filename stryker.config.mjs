/**
 * Mutation tests of the parts that decide without I/O: `npm run test:mutation`, or a part of them with
 * `npm run test:mutation -- --mutate 'bouncer/ipset/**'`.
 */
const MUTATED = [
  'bouncer/shared/{net,domain}/*.ts',
  'bouncer/ipset/*.ts',
  'bouncer/lapi/{decode,batch}.ts',
  'bouncer/decisions/*.ts',
  'bouncer/enforce/{ruleset,desired,push-pace,held-set,lane}.ts',
  'caddy/!(admin-*|capabilities).ts',
  'control-api/decisions/{ban-plan,ban-guards,csv,dictionary,page-cursor,prefix-matcher,row-filter,row-order}.ts',
  'control-api/enrollment/enrollment-key.ts',
  'control-api/hub/{hub-catalog,hub-item,hub-plan,hub-search}.ts',
  'control-api/crowdsec/{command-words,cscli-messages}.ts',
  'control-api/http/{cursor,duration-input,line-input,prefix-input}.ts',
  'control-api/parse-json.ts',
];

export default {
  mutate: MUTATED,
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'test/mutation/vitest.config.ts', related: true },
  coverageAnalysis: 'perTest',
  // What is computed once, when a module is loaded, would need every test for each mutant.
  ignoreStatic: true,
  concurrency: 2,
  timeoutMS: 10_000,
  dryRunTimeoutMinutes: 30,
  thresholds: { high: 95, low: 90, break: 85 },
  reporters: ['clear-text', 'progress', 'json'],
  clearTextReporter: { allowEmojis: false, reportTests: false, skipFull: false },
  jsonReporter: { fileName: 'coverage/mutation.json' },
  tempDirName: '.cache/stryker',
  ignorePatterns: ['/.cache', '/.state', '/dist', '/coverage', '/control-api/ui', '/deploy'],
  allowEmpty: false,
};
