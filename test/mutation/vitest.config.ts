import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** A mutant dies at the first test that fails: the quick ones are asked first. */
class UnitBeforeProperty extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => (moduleId.includes('/test/property/') ? 1 : 0);
    return Promise.resolve(files.toSorted((a, b) => rank(a) - rank(b) || a.moduleId.localeCompare(b.moduleId)));
  }
}

/** What a mutation run asks about each mutant: tests that start no server and wait for nothing. */
export default defineConfig({
  test: {
    include: ['test/unit/{bouncer,caddy,control-api,ipset,net,shared}-*.test.ts', 'test/property/*.test.ts'],
    exclude: [
      'test/unit/bouncer-{http,lapi-client,lapi-patience,lapi-tls,state}.test.ts',
      'test/unit/control-api-{client,config,confirmation,cscli,effect,geo,http,internet,openapi,rate-limit,seed-table}.test.ts',
      'test/unit/control-api-decisions-{http,lapi,scale}.test.ts',
      'test/unit/shared-{config,runtime,services}.test.ts',
      'test/property/{control-api-decisions-follow,ipset-at-scale}.test.ts',
    ],
    setupFiles: ['test/mutation/setup.ts'],
    // Stryker has a time limit for each mutant; its first run, which counts what each test covers, is several times slower.
    testTimeout: 600_000,
    sequence: { sequencer: UnitBeforeProperty },
  },
});
