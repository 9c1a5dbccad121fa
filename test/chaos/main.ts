/** `npm run test:chaos`: everything at once against the real stack, while every answer of Caddy is checked. */
import { randomInt } from 'node:crypto';
import { Command, InvalidArgumentError, Option } from 'commander';
import { reasonOf } from '../../bouncer/shared/runtime/reason.ts';
import { formatMs, Terminal } from '../../scripts/terminal.ts';
import { CADDY_VERSIONS, type CaddyVersion } from '../support/servers.ts';
import { reportRows, reportWrong } from './report.ts';
import { type ChaosOptions, runChaos } from './run.ts';
import { describe } from './step.ts';

/**
 * The window W. At the settings of the test stack LAPI is asked every second, and everything again every two; a push
 * follows the last one after ten times what one takes, which is seconds on a machine that is busy with other things.
 */
const WINDOW_S = 10;

interface CommandLine {
  readonly minutes: number;
  readonly seed: number;
  readonly caddy: readonly CaddyVersion[];
  readonly lane: readonly boolean[];
  readonly windowMs: number;
  readonly steps: boolean;
}

export async function main(args: readonly string[]): Promise<void> {
  const { minutes, seed, caddy, lane, windowMs, steps } = readCommandLine(args);
  const terminal = new Terminal();
  // What was started ends with this process, also what is paused and would not hear a signal.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
  const worlds = caddy.flatMap((version) => lane.map((withLane) => ({ caddy: version, lane: withLane })));
  const durationMs = (minutes * 60_000) / worlds.length;
  terminal.title(`Chaos: ${formatMs(durationMs)} each, window ${formatMs(windowMs)}, --seed ${seed}`);
  for (const world of worlds) {
    const isRight = await runOne({ ...world, seed, durationMs, windowMs }, steps, terminal).catch((error: unknown) => {
      const reason = reasonOf(error);
      terminal.fail(`could not go on; again: ${commandFor({ ...world, seed, durationMs, windowMs })}\n${reason}`);
      return false;
    });
    if (!isRight) process.exit(1);
  }
  process.exit(0);
}

async function runOne(options: ChaosOptions, showSteps: boolean, terminal: Terminal): Promise<boolean> {
  const name = `Caddy ${options.caddy}, lane ${options.lane ? 'on' : 'off'}`;
  const onStep: ChaosOptions['onStep'] = (step, action) => {
    if (showSteps) terminal.note(`${step}. ${describe(action)}`);
  };
  const { tally, lastSteps, logs } = await runChaos({ ...options, onStep });
  terminal.done(name, `${tally.stepCount} steps`);
  for (const [label, text] of reportRows(tally, options.windowMs)) terminal.line(`  ${label.padEnd(34)} ${text}`);
  terminal.line();
  if (tally.wrong.length === 0) return true;
  terminal.fail(`wrong answers; again: ${commandFor(options)}\n${reportWrong(tally, lastSteps, logs)}`);
  return false;
}

/** The same steps once more, on the same Caddy. */
function commandFor({ seed, caddy, lane, durationMs, windowMs }: ChaosOptions): string {
  const world = `--caddy ${caddy === '2.6.2' ? '2.6' : caddy} --lane ${lane ? 'on' : 'off'}`;
  const times = `--minutes ${Number((durationMs / 60_000).toFixed(2))} --window ${windowMs / 1_000}`;
  return `npm run test:chaos -- --seed ${seed} ${world} ${times}`;
}

function readCommandLine(args: readonly string[]): CommandLine {
  const positive = (text: string) => {
    const value = Number(text);
    if (!(value > 0)) throw new InvalidArgumentError('Give a number above zero.');
    return value;
  };
  const command = new Command('npm run test:chaos --')
    .description(
      [
        'Decisions, settings, reloads, restarts and faults at random against the real stack, on loopback only,',
        'while every answer of Caddy is checked. It ends with a table, and fails on the first wrong answer.',
      ].join(' '),
    )
    .option('--minutes <number>', 'for all runs together: one for each Caddy, with the lane and without', positive, 5)
    .option('--seed <number>', 'the same seed takes the same steps', Number, randomInt(1, 1_000_000))
    .addOption(new Option('--caddy <version>', 'this Caddy alone').choices(['2.6', 'newest']))
    .addOption(
      new Option('--lane <state>', 'only with the lane (bans without a reload), or only without').choices([
        'on',
        'off',
      ]),
    )
    .option(
      '--window <seconds>',
      'how long a change may take while all that it needs is there; more on a busy machine, where a push that takes 2 s makes the next one wait for 20 s',
      positive,
      WINDOW_S,
    )
    .option('--steps', 'print each step', false)
    .parse([...args], { from: 'user' });
  const { minutes, seed, caddy, lane, window, steps } = command.opts<{
    minutes: number;
    window: number;
    seed: number;
    caddy?: '2.6' | 'newest';
    lane?: 'on' | 'off';
    steps: boolean;
  }>();
  return {
    minutes,
    seed,
    caddy: caddy === undefined ? CADDY_VERSIONS : [caddy === '2.6' ? '2.6.2' : 'newest'],
    lane: lane === undefined ? [true, false] : [lane === 'on'],
    windowMs: window * 1_000,
    steps,
  };
}
