import { formatTarget, formatTimes, formatValue } from './table.ts';
import { isReached, type Row } from './row.ts';

/** One target in words: what was measured, what it should reach, and what it came to. */
interface Verdict {
  readonly what: string;
  readonly reach: string;
  readonly got: string;
  readonly isReached: boolean;
}

/** Every target of these rows, in their order. */
export function verdictsOf(rows: readonly Row[]): Verdict[] {
  return rows.flatMap(({ name, value, unit, targets = [], ratios = [] }) => [
    ...targets.map((target) => ({
      what: name,
      reach: formatTarget(target, unit),
      got: formatValue(value, unit),
      isReached: isReached(value, target),
    })),
    ...ratios.flatMap(({ to, times, target }) =>
      target === undefined
        ? []
        : [
            {
              what: `${name}, against ${to}`,
              reach: formatTarget(target, '×'),
              got: formatTimes(times),
              isReached: isReached(times, target),
            },
          ],
    ),
  ]);
}

/** The whole run as one table, in Markdown, so that it can be read here and pasted elsewhere. */
export function markdownTable(verdicts: readonly Verdict[]): string[] {
  const cells = [
    ['what', 'reach', 'got', 'verdict'],
    ...verdicts.map(({ what, reach, got, isReached }) => [what, reach, got, isReached ? 'reached' : '**not reached**']),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const [head = '', ...rest] = cells.map(line);
  return [head, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rest];
}
