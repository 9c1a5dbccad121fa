import { describe, expect, it } from 'vitest';
import { areaPath, changesIn, drawnGroups, slotText } from '../../control-api/ui/text/series.ts';

const counts = (local: number, community = 0, lists = 0) => ({ local, community, lists });
const slot = (hour: number, known: ReturnType<typeof counts> | null) =>
  ({ at: `2026-01-03T${String(hour).padStart(2, '0')}:00:00Z`, counts: known, state: known && 'enforcing' }) as const;

describe('a step chart', () => {
  it('rises to the most, and leaves a gap where nobody counted', () => {
    expect(areaPath([2, 4, undefined, 1], 40)).toBe('M0 40V20H1V0H2V40ZM3 40V30H4V40Z');
  });

  it('is flat where there was nothing, and nothing where nothing is known', () => {
    expect(areaPath([0, 0], 40)).toBe('M0 40V40H1V40H2V40Z');
    expect(areaPath([undefined], 40)).toBe('');
  });

  it('draws what was decided here always, and the others where there were some', () => {
    expect(drawnGroups([slot(1, counts(0)), slot(2, null)]).map(({ id }) => id)).toEqual(['local']);
    expect(drawnGroups([slot(1, counts(0, 0, 3))]).map(({ id }) => id)).toEqual(['local', 'lists']);
  });
});

describe('a part of the time in words', () => {
  it('names what there was, and says when nothing is known', () => {
    expect(slotText(slot(14, counts(6, 33_546)))).toMatch(/^\w{3},? \d\d:00: 6 local, 33,546 community$/);
    expect(slotText(slot(14, null))).toMatch(/: nobody counted$/);
    expect(slotText({ ...slot(14, counts(6)), state: 'off' })).toMatch(/6 local, protection off$/);
  });

  it('is told only when it differs from the part before', () => {
    const all = [slot(1, null), slot(2, null), slot(3, counts(1)), slot(4, counts(1)), slot(5, counts(2))];
    expect(changesIn(all).map(({ at }) => at.slice(11, 13))).toEqual(['01', '03', '05']);
  });
});
