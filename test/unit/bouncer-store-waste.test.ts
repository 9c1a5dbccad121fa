import { describe, expect, it } from 'vitest';
import { DecisionRows } from '../../bouncer/decisions/decision-rows.ts';
import { formatPrefix } from '../../bouncer/shared/net/prefix.ts';
import { decisionOf } from '../support/fake-decision.ts';

describe('rows of decisions that have gone', () => {
  const decisionAt = (i: number) => ({ ...decisionOf(i, '::'), prefix: formatPrefix(4, [i * 256], 24)! });

  it('are no waste until there are 65,536 more than four for each decision, and then they can be given back', () => {
    const rows = new DecisionRows();
    for (let i = 0; i < 65_549; i++) rows.add(decisionAt(i));
    for (let row = 4; row < 65_549; row++) rows.remove(row);
    expect([rows.size, rows.isMostlyFree]).toEqual([4, false]);
    rows.remove(1);
    expect([rows.size, rows.columns.length, rows.isMostlyFree]).toEqual([3, 65_549, true]);
    const compacted = rows.compacted();
    expect([compacted.size, compacted.columns.length, compacted.isMostlyFree]).toEqual([3, 3, false]);
    expect([...compacted.columns]).toEqual([...rows.columns]);
    expect([0, 1, 2, 3].map((id) => compacted.withId(id))).toEqual([0, undefined, 1, 2]);
    expect(compacted.on(decisionAt(3).prefix)).toEqual([2]);
    expect(() => rows.remove(1)).toThrow('row 1 is free');
  });
});
