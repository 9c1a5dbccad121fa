/** What spreadsheets take for a formula; some trim spaces first, and some read full-width signs as plain ones. */
const FORMULA = /^\s*[=+\-@\t\r\n＝＋－＠]/;

/** One row of RFC 4180. A cell that a spreadsheet would run gets an apostrophe before it, which it shows as text. */
export function csvLine(cells: readonly (string | number | boolean | null)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(cell: string | number | boolean | null): string {
  if (cell === null) return '';
  if (typeof cell !== 'string') return String(cell);
  const safe = FORMULA.test(cell) ? `'${cell}` : cell;
  return /[",\r\n';\t]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
