import { benchIpSet, type BenchRow } from '../ipset.ts';
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

/** The radix set in this process alone. */
export const ipSetSection: Section = {
  name: 'ipset',
  title: 'the IP set: lookups, memory, building',
  isLong: true,
  async run({ doing }): Promise<Row[]> {
    doing('about a minute, most of it for what it is compared with');
    return (await benchIpSet()).map(withTargets);
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
