/**
 * `npm run test:mutation`: breaks the pure parts, one expression at a time, and asks their tests whether they notice.
 *
 *     npm run test:mutation                        all parts, two at a time
 *     npm run test:mutation -- net caddy           these
 *     npm run test:mutation -- caddy/compile.ts    this file, asking the tests of its part
 */
import { spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { PARTS } from './parts.mjs';

const AT_ONCE = 2;
const LOWEST_SCORE = 85;
const OUTPUT = 'coverage/mutation';

/** The parts that the arguments name, each with the files that are wanted of it; with none, all of them. */
function wishesOf(names) {
  const wishes = new Map();
  for (const argument of names) {
    const name = argument in PARTS ? argument : partOf(argument);
    const files = wishes.get(name) ?? [];
    wishes.set(name, argument === name ? files : [...files, argument]);
  }
  return [...wishes].map(([name, only]) => ({ name, only: only.length === 0 ? [] : ['--mutate', only.join(',')] }));
}

function partOf(file) {
  const inFolder = ({ mutate }) => mutate.some((pattern) => dirname(pattern) === dirname(file));
  const name = Object.keys(PARTS).find((part) => inFolder(PARTS[part]));
  if (name !== undefined) return name;
  console.error(`"${file}" is neither a part (${Object.keys(PARTS).join(', ')}) nor a file in the folder of one`);
  process.exit(2);
}

async function run({ name, only }) {
  const report = `${OUTPUT}/${name}.json`;
  const log = `${OUTPUT}/${name}.txt`;
  rmSync(report, { force: true });
  const output = openSync(log, 'w');
  const startedAt = Date.now();
  const stryker = spawn(process.execPath, ['node_modules/@stryker-mutator/core/bin/stryker.js', 'run', ...only], {
    env: { ...process.env, MUTATION_PART: name },
    stdio: ['ignore', output, output],
  });
  await new Promise((resolve) => stryker.on('close', resolve));
  const result = { name, minutes: (Date.now() - startedAt) / 60_000, ...read(report) };
  console.log(line(result));
  for (const survivor of result.survivors) console.log(`    ${survivor}`);
  if (result.mutants === 0) console.log(`    nothing was measured; ${log} says why`);
  return result;
}

/** Counts as Stryker does: what was noticed, of all that could have been. */
function read(report) {
  const counts = { Killed: 0, Timeout: 0, Survived: 0, NoCoverage: 0 };
  const survivors = [];
  for (const [file, { mutants }] of Object.entries(files(report))) {
    for (const { status, location, mutatorName, replacement } of mutants) {
      if (status in counts) counts[status]++;
      if (status !== 'Survived' && status !== 'NoCoverage') continue;
      const how = replacement?.replace(/\s+/g, ' ').slice(0, 100) ?? mutatorName;
      survivors.push(`${file}:${location.start.line}:${location.start.column} ${status}: ${how}`);
    }
  }
  const mutants = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const noticed = counts.Killed + counts.Timeout;
  return {
    mutants,
    noticed,
    timeouts: counts.Timeout,
    score: mutants === 0 ? 0 : (100 * noticed) / mutants,
    survivors,
  };
}

function files(report) {
  try {
    return JSON.parse(readFileSync(report, 'utf8')).files;
  } catch {
    return {};
  }
}

function line({ name, mutants, noticed, timeouts, score, minutes }) {
  const late = timeouts === 0 ? '' : `, ${timeouts} of them by running on`;
  return `${name.padEnd(12)} ${score.toFixed(1).padStart(5)}   ${noticed} of ${mutants} noticed${late}, ${minutes.toFixed(1)} min`;
}

mkdirSync(OUTPUT, { recursive: true });
const wishes = wishesOf(process.argv.length > 2 ? process.argv.slice(2) : Object.keys(PARTS));
const results = [];
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let next = wishes.shift(); next !== undefined; next = wishes.shift()) results.push(await run(next));
  }),
);

console.log('\npart         score');
for (const result of results) console.log(line(result));
const low = results.filter(({ score }) => score < LOWEST_SCORE).map(({ name }) => name);
if (low.length > 0) console.error(`\nbelow ${LOWEST_SCORE}: ${low.join(', ')}`);
process.exit(low.length > 0 ? 1 : 0);
