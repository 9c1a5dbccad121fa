import { formatMs } from '../terminal.ts';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface StageResult {
  readonly name: string;
  readonly ok: boolean;
  readonly ms: number;
  /** Of tests; a check has none. */
  readonly counts?: Counts;
}

/** The part of vitest's JSON report that is read here. */
interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

/** Counts from vitest's JSON report; a file that broke before its first test counts as one failed test. */
export function readCounts(json: string): Counts {
  const report = JSON.parse(json) as VitestReport;
  const broken = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** A run that failed without a failed test (a crash, an unhandled rejection) may not look like a success. */
export function countsOfRun(exitCode: number, json: string | undefined): Counts {
  const counts = json === undefined ? { passed: 0, failed: 0, skipped: 0 } : readCounts(json);
  return exitCode !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

export function isSuccess(results: readonly StageResult[]): boolean {
  return results.length > 0 && results.every((result) => result.ok);
}

/** The table, and under it, alone on its line, what a person or a script looks for. A failed check counts as one. */
export function formatSummary(results: readonly StageResult[]): string {
  const nameWidth = Math.max(...results.map((result) => result.name.length));
  const said = results.map(({ counts }) => (counts === undefined ? '' : describeCounts(counts)));
  const saidWidth = Math.max(...said.map((text) => text.length));
  const rows = results.map(({ name, ok, ms }, index) => {
    const columns = [name.padEnd(nameWidth), (said[index] ?? '').padEnd(saidWidth), formatMs(ms).padStart(12)];
    return `  ${ok ? '✓' : '✗'} ${columns.join('  ')}`;
  });
  const totals = results.map((result) => result.counts ?? { passed: 0, failed: result.ok ? 0 : 1 });
  const sum = (key: 'passed' | 'failed') => totals.reduce((total, counts) => total + counts[key], 0);
  return [...rows, '', `${sum('passed')} passed, ${sum('failed')} failed`].join('\n');
}

function describeCounts({ passed, failed, skipped }: Counts): string {
  const parts = [`${passed} passed`];
  if (failed > 0) parts.push(`${failed} failed`);
  if (skipped > 0) parts.push(`${skipped} skipped`);
  return parts.join(', ');
}
