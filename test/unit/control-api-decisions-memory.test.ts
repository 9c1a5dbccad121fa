import { expect, it } from 'vitest';
import { DecisionRows } from '../../control-api/decisions/decision-rows.ts';
import { manyDecisions, somePlaces } from './control-api-decisions-fakes.ts';

const SIZE = 100_000;

it('a row of the list costs less than a hundred bytes in columns', () => {
  const rows = new DecisionRows();
  for (const decision of manyDecisions(SIZE)) rows.put(decision, 0);
  rows.locate(somePlaces, Number.POSITIVE_INFINITY);
  const columns = [rows.ids, rows.until, rows.words, rows.shapes, rows.cause, rows.place];
  const bytes = columns.reduce((sum, column) => sum + column.byteLength, 0);
  expect(bytes / SIZE).toBeLessThan(100);
});
