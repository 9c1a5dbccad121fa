/** `npm run bench`: sections one after the other, a table on the terminal, the same as JSON in a file. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { styleText } from 'node:util';
import { reasonOf } from '../../bouncer/shared/runtime/reason.ts';
import { formatMs, Terminal } from '../../scripts/terminal.ts';
import { readCommandLine, type BenchOptions } from './run/command-line.ts';
import { describeMachine, type Machine } from './run/machine.ts';
import type { Row } from './run/row.ts';
import type { Section } from './run/section.ts';
import { stopOnSignal, Stops } from './run/stops.ts';
import { markdownTable, verdictsOf } from './run/summary.ts';
import { renderTable, type Paint } from './run/table.ts';
import { banSection } from './sections/ban.ts';
import { ipSetSection } from './sections/ip-set.ts';
import { listSection } from './sections/list.ts';
import { millionSection } from './sections/million.ts';
import { pageSection } from './sections/page.ts';
import { reloadSection } from './sections/reloads.ts';
import { requestSection } from './sections/requests.ts';
import { singleBanSection } from './sections/single-bans.ts';
import { startSection } from './sections/start.ts';

const SECTIONS: readonly Section[] = [
  banSection,
  startSection,
  requestSection,
  singleBanSection,
  reloadSection,
  millionSection,
  ipSetSection,
  listSection,
  pageSection,
];

/** Above this, something else wants the cores as well. */
const BUSY_LOAD = 0.5;

interface SectionResult {
  readonly section: string;
  readonly title: string;
  readonly seconds: number;
  readonly rows: readonly Row[];
  readonly error?: string;
}

export async function main(args: readonly string[]): Promise<void> {
  const options = readCommandLine(args, SECTIONS);
  const terminal = new Terminal();
  const stops = new Stops();
  stopOnSignal(stops, (text) => terminal.warn(text));
  terminal.title(`How fast it is${options.quick ? ' (quick: only to see that it works)' : ''}`);
  const machine = await terminal.step('programs', describeMachine, () => 'found');
  showMachine(terminal, machine);
  const began = performance.now();
  const results: SectionResult[] = [];
  for (const section of options.sections) {
    const result = await runSection(section, options, stops, terminal);
    if (stops.isHalted) return; // its figures are those of servers that were being stopped
    results.push(result);
    show(terminal, result);
    // After each section, so that a run that is cut short has not measured for nothing.
    await writeJson(options, machine, results);
  }
  await summarise(terminal, results, options.jsonFile, performance.now() - began);
  process.exit(results.some(({ error }) => error !== undefined) ? 1 : 0);
}

async function runSection(section: Section, options: BenchOptions, stops: Stops, terminal: Terminal) {
  const began = performance.now();
  const facts = { section: section.name, title: section.title };
  const seconds = () => (performance.now() - began) / 1_000;
  const { quick, caddyVersions } = options;
  try {
    const rows = await terminal.step(
      section.name,
      (doing) => section.run({ quick, caddyVersions, doing, also: stops.also }),
      () => section.title,
    );
    return { ...facts, seconds: seconds(), rows };
  } catch (error) {
    const message = reasonOf(error);
    return { ...facts, seconds: seconds(), rows: [], error: message };
  } finally {
    await stops.stopAll();
  }
}

function showMachine(terminal: Terminal, machine: Machine): void {
  const { cpu, cores, memoryGb, kernel, node, caddy, crowdsec, redis, loadBefore } = machine;
  terminal.row('machine', `${cpu}, ${cores} cores, ${memoryGb} GB, ${kernel}`);
  terminal.row('programs', `Node ${node}, Caddy ${Object.values(caddy).join(' and ')}`);
  terminal.row('', `CrowdSec ${crowdsec}, Redis ${redis}`);
  if (loadBefore <= BUSY_LOAD) return;
  terminal.warn(`Other programs are busy (load ${loadBefore.toFixed(1)}): ratios bear that, times do not.`);
}

const paint: Paint = (style, text) =>
  process.stdout.isTTY && process.env['NO_COLOR'] === undefined ? styleText(style, text) : text;

function show(terminal: Terminal, { rows, error }: SectionResult): void {
  terminal.line();
  if (rows.length > 0) for (const line of renderTable(rows, paint)) terminal.line(`  ${line}`);
  if (error !== undefined) terminal.fail(error);
  terminal.line();
}

async function writeJson(options: BenchOptions, machine: Machine, results: readonly SectionResult[]): Promise<void> {
  const document = { measuredAt: new Date().toISOString(), quick: options.quick, machine, sections: results };
  await mkdir(dirname(options.jsonFile), { recursive: true });
  await writeFile(options.jsonFile, `${JSON.stringify(document, null, 2)}\n`);
}

/** All targets as one table, on the terminal and beside the JSON file. */
async function summarise(
  terminal: Terminal,
  results: readonly SectionResult[],
  jsonFile: string,
  tookMs: number,
): Promise<void> {
  const verdicts = verdictsOf(results.flatMap(({ rows }) => rows));
  if (verdicts.length > 0) {
    const table = markdownTable(verdicts);
    for (const line of table) terminal.line(line);
    terminal.line();
    await writeFile(tableFile(jsonFile), `${table.join('\n')}\n`);
  }
  const reached = verdicts.filter(({ isReached }) => isReached).length;
  terminal.line(`${reached} of ${verdicts.length} targets reached, in ${formatMs(tookMs)}.`);
  terminal.line(
    `All figures: ${relative(process.cwd(), jsonFile)}; the table: ${relative(process.cwd(), tableFile(jsonFile))}`,
  );
}

/** `bench.json` → `bench.md`. */
function tableFile(jsonFile: string): string {
  return `${jsonFile.replace(/\.json$/, '')}.md`;
}
