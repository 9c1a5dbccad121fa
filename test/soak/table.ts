import { type Figure, growthOf } from './figure.ts';

const HEAD = ['', 'start', 'warm', 'end', 'an hour', 'may grow by', ''];

export interface Table {
  readonly lines: readonly string[];
  readonly isFine: boolean;
}

/** Every figure as a line: start, after warming up, end, slope, bound, verdict. */
export function tableOf(figures: readonly Figure[]): Table {
  const rows = figures.map((figure) => {
    const { start, warm, end, perHour, isFine } = growthOf(figure);
    const shown = (value: number) => `${Number(value.toFixed(1))}${figure.unit === '' ? '' : ` ${figure.unit}`}`;
    const { mayGrowBy } = figure;
    const bound = mayGrowBy === undefined ? '–' : shown(mayGrowBy);
    const verdict = mayGrowBy === undefined ? '' : isFine ? '✓' : '✗ grows';
    const cells = [figure.name, shown(start), shown(warm), shown(end), signed(shown(perHour)), bound, verdict];
    return { cells, isFine };
  });
  const cells = [HEAD, ...rows.map((row) => row.cells)];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const lines = cells.map((row) =>
    row.map((text, i) => (i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!))).join('  '),
  );
  return { lines: lines.map((line) => line.trimEnd()), isFine: rows.every(({ isFine }) => isFine) };
}

function signed(text: string): string {
  return text.startsWith('-') ? text : `+${text}`;
}
