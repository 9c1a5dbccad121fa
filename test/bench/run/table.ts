import { isReached, type Ratio, type Row, type Target, type Unit } from './row.ts';

/** The columns of one printed line; a row takes one line for itself and one for each further ratio. */
interface Line {
  readonly name: string;
  readonly value: string;
  readonly ratio: string;
  readonly target: string;
  readonly isReached: boolean | undefined;
}

export type Paint = (style: 'green' | 'red' | 'dim', text: string) => string;

/** The rows of one section as aligned lines, each with its detail below it. */
export function renderTable(rows: readonly Row[], paint: Paint): string[] {
  const blocks = rows.map((row) => ({ lines: linesOf(row), detail: row.detail }));
  const all = blocks.flatMap(({ lines }) => lines);
  const width = (column: 'name' | 'value' | 'ratio' | 'target') => Math.max(...all.map((line) => line[column].length));
  const widths = { name: width('name'), value: width('value'), ratio: width('ratio'), target: width('target') };
  const render = (line: Line) =>
    [
      line.name.padEnd(widths.name),
      line.value.padStart(widths.value),
      line.ratio.padEnd(widths.ratio),
      line.target.padEnd(widths.target),
      mark(line.isReached, paint),
    ]
      .join('  ')
      .trimEnd();
  return blocks.flatMap(({ lines, detail }) => [
    ...lines.map(render),
    ...(detail === undefined ? [] : [paint('dim', `  ${detail}`)]),
  ]);
}

function mark(isReached: boolean | undefined, paint: Paint): string {
  if (isReached === undefined) return '';
  return isReached ? paint('green', '✓ reached') : paint('red', '✗ not reached');
}

function linesOf(row: Row): Line[] {
  const { targets = [], ratios = [] } = row;
  const own = { name: row.name, value: formatValue(row.value, row.unit), ratio: '' };
  // A target of the value stands beside the value; ratios with targets of their own follow below.
  const values = targets.map((target) => judged(own, row.value, target, row.unit));
  const compared = ratios.map((ratio) => judgedRatio({ ...own, name: row.name }, ratio));
  const lines = [...values, ...compared];
  if (lines.length === 0) return [{ ...own, target: '', isReached: undefined }];
  return lines.map((line, i) => (i === 0 ? line : { ...line, name: '', value: '' }));
}

function judged(line: Omit<Line, 'target' | 'isReached'>, value: number, target: Target, unit: Unit): Line {
  return { ...line, target: formatTarget(target, unit), isReached: isReached(value, target) };
}

function judgedRatio(line: Omit<Line, 'target' | 'isReached'>, { to, times, target }: Ratio): Line {
  const ratio = `${formatTimes(times)} ${to}`;
  if (target === undefined) return { ...line, ratio, target: '', isReached: undefined };
  return { ...line, ratio, target: formatTarget(target, '×'), isReached: isReached(times, target) };
}

export function formatTarget({ kind, limit }: Target, unit: Unit): string {
  return `${kind === 'at_most' ? '≤' : '≥'} ${formatValue(limit, unit)}`;
}

export function formatValue(value: number, unit: Unit): string {
  if (unit === '×') return formatTimes(value);
  if (unit === '/s') return `${withThousands(value)}/s`;
  return `${value >= 1_000 ? withThousands(value) : significant(value)} ${unit}`;
}

export function formatTimes(times: number): string {
  return `${times >= 10 ? withThousands(times) : times.toFixed(2)}×`;
}

function withThousands(value: number): string {
  return Math.round(value).toLocaleString('en');
}

/** Three digits that count: 0.0123, 4.21, 118. */
function significant(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
