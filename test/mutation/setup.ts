/**
 * Properties in a mutation run: the same cases for every mutant, fewer of them, and no time spent on the smallest
 * counterexample. Whether a mutant lives must not be chance.
 */
import type * as FastCheckModule from 'fast-check';
import fastCheck, { type IRawProperty, type Parameters } from 'fast-check';
import { vi } from 'vitest';

/** Thousands of cases find the rare mistake; a mutant that these do not find is worth a test of its own. */
const MOST_RUNS = Number(process.env['MUTATION_RUNS'] ?? 60);

fastCheck.configureGlobal({ seed: 20_260_101, endOnFailure: true });

vi.mock('fast-check', async (importOriginal) => {
  const { default: fc } = await importOriginal<typeof FastCheckModule>();
  const assert = (property: IRawProperty<unknown>, parameters: Parameters<unknown> = {}) =>
    fc.assert(property, { ...parameters, numRuns: Math.min(parameters.numRuns ?? 100, MOST_RUNS) });
  return { ...fc, default: { ...fc, assert } };
});
