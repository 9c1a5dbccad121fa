import type { DecisionHistory } from '../api/wire.ts';
import { origins } from './headline.ts';

export const GROUPS = [
  { id: 'local', title: 'Decided here' },
  { id: 'community', title: 'Community' },
  { id: 'lists', title: 'Lists' },
] as const;

type Slot = DecisionHistory['slots'][number];

/** What is drawn: what was decided here always, the others where there ever were some. */
export function drawnGroups(slots: readonly Slot[]): readonly (typeof GROUPS)[number][] {
  return GROUPS.filter(({ id }) => id === 'local' || slots.some(({ counts }) => (counts?.[id] ?? 0) > 0));
}

/**
 * The outline of a filled step chart in a box of `slots.length` by `height`; a gap where nobody counted.
 * Each group has a scale of its own: six bans of one's own would be no pixel beside a community list.
 */
export function areaPath(values: readonly (number | undefined)[], height: number): string {
  const most = Math.max(1, ...values.map((value) => value ?? 0));
  const y = (value: number) => Math.round((height - (height * value) / most) * 100) / 100;
  return values
    .map((value, slot) => {
      if (value === undefined) return '';
      const begins = slot === 0 || values[slot - 1] === undefined;
      const ends = values[slot + 1] === undefined;
      return `${begins ? `M${slot} ${height}` : ''}V${y(value)}H${slot + 1}${ends ? `V${height}Z` : ''}`;
    })
    .join('');
}

const moment = new Intl.DateTimeFormat('en', { weekday: 'short', hour: '2-digit', minute: '2-digit', hour12: false });

/** `Sat 14:00: 6 local, 33,546 community`. */
export function slotText({ at, counts, state }: Slot): string {
  const words = counts === null ? 'nobody counted' : origins({ ...counts, total: 0 });
  const note = state === 'off' ? ', protection off' : state === 'monitoring' ? ', only watched' : '';
  return `${moment.format(new Date(at))}: ${words}${note}`;
}

/** The slots in which something else was true than before: what a table has to say. */
export function changesIn(slots: readonly Slot[]): readonly Slot[] {
  const told = slots.map(({ counts, state }) => JSON.stringify([counts, state]));
  return slots.filter((_, index) => index === 0 || told[index] !== told[index - 1]);
}
