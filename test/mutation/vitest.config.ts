import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** A mutant dies at the first test that fails: the quick ones are asked first. */
class UnitBeforeProperty extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => (moduleId.includes('/test/property/') ? 1 : 0);
    return Promise.resolve(files.toSorted((a, b) => rank(a) - rank(b) || a.moduleId.localeCompare(b.moduleId)));
  }
}

/** What a mutation run asks about each mutant: the tests of the part that it breaks, which `parts.mjs` names. */
export default defineConfig({
  test: {
    include: JSON.parse(process.env['MUTATION_TESTS'] ?? '[]') as string[],
    setupFiles: ['test/mutation/setup.ts'],
    // To load the modules anew for each test file takes longer than most tests do.
    isolate: process.env['MUTATION_ISOLATE'] !== 'false',
    // Stryker has a time limit for each mutant; its first run, which counts what each test covers, is several times slower.
    testTimeout: 600_000,
    sequence: { sequencer: UnitBeforeProperty },
  },
});
