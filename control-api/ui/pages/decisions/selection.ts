import { useCallback, useState } from 'preact/hooks';
import type { Decision } from '../../api/wire.ts';

/** Rows that somebody ticked, also those that scrolled away meanwhile. */
export function useSelection() {
  const [selected, setSelected] = useState<ReadonlyMap<number, Decision>>(new Map());
  const select = useCallback((decision: Decision, isSelected: boolean) => {
    setSelected((before) => {
      const after = new Map(before);
      if (isSelected) after.set(decision.id, decision);
      else after.delete(decision.id);
      return after;
    });
  }, []);
  const replace = useCallback((rows: readonly Decision[]) => {
    setSelected(new Map(rows.map((row) => [row.id, row] as const)));
  }, []);
  return { selected, select, replace };
}
