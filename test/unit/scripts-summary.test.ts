import { describe, expect, it } from 'vitest';
import { formatMs } from '../../scripts/terminal.ts';
import { chooseStages, STAGES } from '../../scripts/test-run/stages.ts';
import { countsOfRun, formatSummary, isSuccess, readCounts } from '../../scripts/test-run/summary.ts';
import { installCommand, missingPackages } from '../../scripts/test-run/system-packages.ts';

const report = (passed: number, failed: number, files: object[] = []) =>
  JSON.stringify({
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: 1,
    numTodoTests: 2,
    testResults: files,
  });

describe('counting', () => {
  it("reads vitest's own numbers", () => {
    expect(readCounts(report(7, 1))).toEqual({ passed: 7, failed: 1, skipped: 3 });
  });

  it('counts a file that broke before its first test as a failed test', () => {
    const files = [
      { status: 'failed', assertionResults: [] },
      { status: 'failed', assertionResults: [{ status: 'failed' }] },
      { status: 'passed', assertionResults: [] },
    ];
    expect(readCounts(report(7, 1, files)).failed).toBe(2);
  });

  it.each([
    ['a failed run without a failed test', 1, report(7, 0), 1],
    ['a failed run without a report', 1, undefined, 1],
    ['a failed run with failed tests', 1, report(7, 3), 3],
    ['a good run', 0, report(7, 0), 0],
    ['a good run without tests', 0, undefined, 0],
  ])('%s', (_name, code, json, failed) => {
    expect(countsOfRun(code, json).failed).toBe(failed);
  });
});

describe('the summary', () => {
  const lint = { name: 'lint', ok: true, ms: 2_000 };
  const unit = { name: 'unit', ok: true, ms: 900, counts: { passed: 40, failed: 0, skipped: 0 } };

  it('ends with the totals, alone on the last line', () => {
    expect(formatSummary([lint, unit]).split('\n').at(-1)).toBe('40 passed, 0 failed');
    expect(isSuccess([lint, unit])).toBe(true);
  });

  it('shows failures and skipped tests, and counts a failed check as one failure', () => {
    const broken = { ...unit, ok: false, counts: { passed: 38, failed: 2, skipped: 1 } };
    const text = formatSummary([{ ...lint, ok: false }, broken]);
    expect(text).toMatch(/✗ lint/);
    expect(text).toMatch(/✗ unit +38 passed, 2 failed, 1 skipped +900 ms/);
    expect(text.split('\n').at(-1)).toBe('38 passed, 3 failed');
    expect(isSuccess([lint, broken])).toBe(false);
  });

  it('is no success when nothing ran', () => {
    expect(isSuccess([])).toBe(false);
  });
});

describe('stages', () => {
  it('are all of them, or the named ones in their order', () => {
    expect(chooseStages([])).toBe(STAGES);
    expect(chooseStages(['unit', 'lint']).map((stage) => stage.name)).toEqual(['lint', 'unit']);
  });

  it('names those that exist when one does not', () => {
    expect(() => chooseStages(['unti'])).toThrow(/no such stage: unti.*types.*unit.*e2e/);
  });
});

it('names what root must install in one line', () => {
  const packages = [
    { name: 'there', provides: '/' },
    { name: 'not-there', provides: '/no/such/path' },
  ];
  expect(missingPackages(packages)).toEqual(['not-there']);
  expect(installCommand(['a', 'b'])).toBe('apt-get install -y --no-install-recommends a b');
});

it.each([
  [12.4, '12 ms'],
  [999.6, '1.0 s'],
  [1_500, '1.5 s'],
  [59_960, '1 min 0 s'],
  [125_000, '2 min 5 s'],
  [179_600, '3 min 0 s'],
])('writes %d ms for people as %s', (ms, text) => {
  expect(formatMs(ms)).toBe(text);
});
