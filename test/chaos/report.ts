import { formatMs } from '../../scripts/terminal.ts';
import type { Tally } from './tally.ts';

/** The figures of a run, two columns of text. */
export function reportRows(tally: Tally, windowMs: number): readonly (readonly [string, string])[] {
  return [
    ['steps', total(tally.steps)],
    ...sorted(tally.steps),
    ['faults', total(tally.faults)],
    ...sorted(tally.faults),
    ['restarts while LAPI was silent', String(tally.restarts)],
    ['answers checked', String(tally.checked)],
    ['  those that a restart may not change', String(tally.still)],
    ['no answer: Caddy was gone', String(tally.refused)],
    ['no answer: Caddy was there', String(tally.unanswered)],
    [`wrong, outside ${formatMs(windowMs)}`, String(tally.wrong.length)],
    ['longest until Caddy followed', ''],
    ...[...tally.lags].sort(byName).map(([kind, ms]): [string, string] => [`  ${kind}`, formatMs(ms)]),
  ];
}

/** Everything that somebody needs who looks for the reason. */
export function reportWrong(tally: Tally, lastSteps: readonly string[], logs: string): string {
  const answers = tally.wrong.slice(0, 3).map(({ client, status, step, history }) => {
    return `${client} was answered ${status} at step ${step}:\n${history.replace(/^/gm, '  ')}`;
  });
  return [...answers, 'the last steps:', ...lastSteps, 'the bouncer wrote last:', logs].join('\n');
}

function total(counts: ReadonlyMap<string, number>): string {
  return String([...counts.values()].reduce((sum, count) => sum + count, 0));
}

function sorted(counts: ReadonlyMap<string, number>): [string, string][] {
  return [...counts].sort(byName).map(([kind, count]) => [`  ${kind}`, String(count)]);
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
