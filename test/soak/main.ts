/** `npm run test:soak`: an hour by a fast clock, then the real stack under load; nothing may go on growing. */
import { Command, InvalidArgumentError } from 'commander';
import { formatMs, Terminal } from '../../scripts/terminal.ts';
import type { Figure } from './figure.ts';
import { FACTOR, fastHour } from './fast-hour.ts';
import { realTime } from './real-time.ts';
import { tableOf } from './table.ts';

/** Of the whole time; five minutes are an hour of the fast clock, and four of load. */
const FAST_SHARE = 0.2;

export async function main(args: readonly string[]): Promise<void> {
  const minutes = readMinutes(args);
  const terminal = new Terminal();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
  const fastMs = minutes * 60_000 * FAST_SHARE;
  const realMs = minutes * 60_000 - fastMs;
  terminal.title(`Soak: ${formatMs(fastMs)} at ${FACTOR} times the speed, then ${formatMs(realMs)} of load`);
  const fast = await terminal.step(
    'fast clock',
    () => fastHour(fastMs),
    ({ hours, pulls, pushes }) => `${hours.toFixed(2)} hours, ${pulls} pulls, ${pushes} pushes`,
  );
  const isFastFine = show(terminal, fast.figures);
  const real = await terminal.step(
    'real stack',
    (doing) => realTime(realMs, doing),
    () => formatMs(realMs),
  );
  for (const [name, { done, failed, lastError }] of real.load)
    terminal.line(
      `  ${name.padEnd(24)} ${done} done, ${failed} failed${lastError === undefined ? '' : ` (${lastError})`}`,
    );
  const isRealFine = show(terminal, real.figures);
  for (const reason of [...real.broken, ...real.leaks]) terminal.fail(reason);
  const isFine = isFastFine && isRealFine && real.broken.length === 0;
  if (isFine) terminal.done('verdict', 'nothing grows beyond its bound');
  else terminal.fail('something goes on growing: see the lines with ✗');
  process.exit(isFine ? 0 : 1);
}

function show(terminal: Terminal, figures: readonly Figure[]): boolean {
  const { lines, isFine } = tableOf(figures);
  terminal.line();
  for (const line of lines) terminal.line(`  ${line}`);
  terminal.line();
  return isFine;
}

function readMinutes(args: readonly string[]): number {
  const positive = (text: string) => {
    const value = Number(text);
    if (!(value > 0)) throw new InvalidArgumentError('Give a number above zero.');
    return value;
  };
  const command = new Command('npm run test:soak --')
    .description(
      [
        'An hour of ticks by a fast clock, then the real stack under as much load as it takes, on loopback only.',
        'It ends with tables of what each process holds, and fails when something goes on growing.',
      ].join(' '),
    )
    .option('--minutes <number>', 'a fifth of it for the fast clock, the rest for the real stack', positive, 5)
    .parse([...args], { from: 'user' });
  return command.opts<{ minutes: number }>().minutes;
}
