import type { Finding } from './run-checks.ts';

const MARKS: Readonly<Record<Finding['status'], string>> = { ok: '✓', warning: '!', failed: '✗', skipped: '-' };

const COLORS: Readonly<Record<Finding['status'], string>> = { ok: '32', warning: '33', failed: '31', skipped: '2' };

/** One line a check, its fix below it, and the totals. */
export function findingsText(findings: readonly Finding[], isColored: boolean): string {
  const width = Math.max(...findings.map(({ title }) => title.length));
  const lines = findings.flatMap(({ status, title, message, hint }) => {
    const mark = isColored ? `\u001b[${COLORS[status]}m${MARKS[status]}\u001b[0m` : MARKS[status];
    const line = `${mark} ${title.padEnd(width)}  ${oneLine(message)}`;
    return status === 'ok' || hint === undefined ? [line] : [line, `  ${' '.repeat(width)}  → ${oneLine(hint)}`];
  });
  return `${lines.join('\n')}\n\n${totalsText(findings)}\n`;
}

export function totals(findings: readonly Finding[]): Record<Finding['status'], number> {
  const count = (status: Finding['status']) => findings.filter((finding) => finding.status === status).length;
  return { ok: count('ok'), warning: count('warning'), failed: count('failed'), skipped: count('skipped') };
}

function totalsText(findings: readonly Finding[]): string {
  const { ok, warning, failed, skipped } = totals(findings);
  return `${ok} fine, ${warning} to look at, ${failed} failed, ${skipped} skipped`;
}

/** Messages carry words of other programs: none of them may move the cursor of a terminal. */
function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}
