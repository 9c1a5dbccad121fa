import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BenchRow } from '../ipset.ts';
import { atLeast, atMost, type Row, type Target, type Unit } from '../run/row.ts';
import type { Section } from '../run/section.ts';

/** What each figure should reach, by the words of its name. */
const TARGETS: readonly { readonly name: RegExp; readonly target: Target }[] = [
  { name: /lookups from text/, target: atLeast(4_000_000) },
  { name: /^IPv4.*memory/, target: atMost(24) },
  { name: /^IPv6.*memory/, target: atMost(48) },
  { name: /bulk build/, target: atMost(1.5) },
  { name: /single (inserts|deletes)/, target: atLeast(500_000) },
];

const RATIO_TARGETS: Readonly<Record<string, Target>> = { 'ip-set': atLeast(8), 'net.BlockList': atLeast(300) };

const PROGRAM = fileURLToPath(new URL('../ip-set-alone.js', import.meta.url));

/** The radix set in a process of its own: beside the rest of the bench its look-ups take twice as long. */
export const ipSetSection: Section = {
  name: 'ipset',
  title: 'the IP set: lookups, memory, building',
  isLong: true,
  async run({ doing }): Promise<Row[]> {
    doing('about a minute, most of it for what it is compared with');
    const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM]);
    return (JSON.parse(stdout) as BenchRow[]).map(withTargets);
  },
};

function withTargets({ name, value, unit, ratioTo = {} }: BenchRow): Row {
  const targets = TARGETS.filter((entry) => entry.name.test(name)).map(({ target }) => target);
  const ratios = Object.entries(ratioTo).map(([to, times]) => {
    const target = RATIO_TARGETS[to];
    return { to, times, ...(target === undefined ? {} : { target }) };
  });
  return { name, value, unit: unit as Unit, targets, ratios };
}
