export interface Tally {
  readonly name: string;
  readonly value: number;
}

/** The most frequent names, most frequent first; empty ones do not count. */
export function top(names: Iterable<string | undefined>, most: number): readonly Tally[] {
  const counts = new Map<string, number>();
  for (const name of names) {
    if (name !== undefined && name !== '') counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts]
    .map(([name, value]) => ({ name, value }))
    .sort((a, b) => b.value - a.value || (a.name < b.name ? -1 : 1))
    .slice(0, most);
}

/** How many of `times` fall into each of `slots` equal parts of the time from `from` to `to`. */
export function histogram(times: Iterable<number>, from: number, to: number, slots: number): readonly number[] {
  const counts = Array.from({ length: slots }, () => 0);
  for (const time of times) {
    if (time < from || time >= to) continue;
    const slot = Math.floor(((time - from) / (to - from)) * slots);
    counts[slot] = (counts[slot] ?? 0) + 1;
  }
  return counts;
}
