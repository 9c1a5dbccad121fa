import { BlockList } from 'node:net';
// @ts-expect-error -- it comes without types
import NpmIpSet from 'ip-set';
import { IpSet } from '../../bouncer/ipset/ip-set.ts';
import { type Prefix, formatPrefix, isAddress } from '../../bouncer/shared/net/prefix.ts';

/** One line of the table. */
export interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** How many times better than each of these the value is; measured in turns, in the same run. */
  readonly ratioTo?: Readonly<Record<string, number>>;
}

/** What is used of the package `ip-set`: a balanced tree of ranges, IPv4 only. */
interface RangeTree {
  add(prefix: string): void;
  contains(text: string): boolean;
}
const newRangeTree = () => new (NpmIpSet as new () => RangeTree)();

/** Texts to look up, half of them members; a power of two, so that a mask picks the next. */
const LOOKUPS = 65_536;
const ROUNDS = 7;

/** Numbers below 2^32 from a seed (xorshift32), so that every run measures the same set. */
function randomWords(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** As a blocklist has them: nine in ten are addresses, the rest ranges of /16 to /28 (IPv6: /32 to /64). */
function randomPrefixes(family: 4 | 6, count: number): Prefix[] {
  const next = randomWords(family === 4 ? 0x2545f491 : 0x9e3779b9);
  const prefixes = new Set<Prefix>();
  while (prefixes.size < count) {
    const isRange = next() % 10 === 0;
    const words = family === 4 ? [next()] : [0x20000000 | (next() >>> 4), next(), next(), next()];
    const length = family === 4 ? (isRange ? 16 + (next() % 13) : 32) : isRange ? 32 + (next() % 33) : 128;
    prefixes.add(flat(formatPrefix(family, words, length)!));
  }
  return [...prefixes];
}

/** The same text as one piece of memory, as it comes from a socket; a concatenation is a tree of pieces in V8. */
function flat<Text extends string>(text: Text): Text {
  return Buffer.from(text, 'latin1').toString('latin1') as Text;
}

function lookupTexts(family: 4 | 6, prefixes: readonly Prefix[]): string[] {
  const next = randomWords(0xdeadbeef);
  return Array.from({ length: LOOKUPS }, (_, i) => {
    const member = prefixes[next() % prefixes.length]!;
    // A copy: a text that arrives is in the cache, the one that the set was built from long is not.
    if (i % 2 === 0 && isAddress(member)) return flat(member);
    const words = family === 4 ? [next()] : [0x20000000 | (next() >>> 4), next(), next(), next()];
    return flat(formatPrefix(family, words, family === 4 ? 32 : 128)!);
  });
}

/** CPU seconds of this process: unlike the clock, they do not count what the machine does meanwhile. */
function secondsOf(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1_000_000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >>> 1]!;
}

interface Contender {
  readonly name: string;
  /** Lookups a round: few for one that scans a list. */
  readonly lookups: number;
  contains(text: string): boolean;
}

/** Lookups a second of each, round by round, in turns, so that all meet the same weather. */
function lookupRates(contenders: readonly Contender[], texts: readonly string[]): number[][] {
  const rates = contenders.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    contenders.forEach((contender, i) => {
      let hits = 0;
      const seconds = secondsOf(() => {
        for (let n = 0; n < contender.lookups; n++) {
          if (contender.contains(texts[(n + round * 977) & (LOOKUPS - 1)]!)) hits++;
        }
      });
      if (hits === 0) throw new Error(`${contender.name} found nothing`);
      rates[i]!.push(contender.lookups / seconds);
    });
  }
  return rates;
}

function rangeTree(prefixes: readonly Prefix[]): RangeTree {
  const tree = newRangeTree();
  for (const prefix of prefixes) tree.add(prefix);
  return tree;
}

function blockList(prefixes: readonly Prefix[]): BlockList {
  const list = new BlockList();
  for (const prefix of prefixes) {
    const [address, length] = prefix.split('/');
    if (length === undefined) list.addAddress(address!);
    else list.addSubnet(address!, Number(length));
  }
  return list;
}

function benchIpv4Lookups(count: number): BenchRow {
  const prefixes = randomPrefixes(4, count);
  const ours = IpSet.from(prefixes);
  const tree = rangeTree(prefixes);
  const list = blockList(prefixes);
  const texts = lookupTexts(4, prefixes);
  const others = [
    { name: 'ip-set', lookups: 200_000, contains: (text: string) => tree.contains(text) },
    { name: 'net.BlockList', lookups: 40, contains: (text: string) => list.check(text) },
  ];
  const [rates, ...otherRates] = lookupRates([contender(ours), ...others], texts);
  const ratios = otherRates.map((theirs) => median(theirs.map((rate, round) => rates![round]! / rate)));
  return {
    name: `IPv4 lookups from text, ${thousands(count)} prefixes`,
    value: median(rates!),
    unit: '/s',
    ratioTo: Object.fromEntries(others.map(({ name }, i) => [name, ratios[i]!])),
  };
}

function contender(set: IpSet): Contender {
  return { name: 'IpSet', lookups: 1_000_000, contains: (text) => set.contains(text) };
}

/** The others know no IPv6, or so slowly that a million prefixes take minutes. */
function benchIpv6Lookups(count: number): BenchRow {
  const prefixes = randomPrefixes(6, count);
  const [rates] = lookupRates([contender(IpSet.from(prefixes))], lookupTexts(6, prefixes));
  return { name: `IPv6 lookups from text, ${thousands(count)} prefixes`, value: median(rates!), unit: '/s' };
}

function benchMemoryAndBuild(family: 4 | 6, count: number): BenchRow[] {
  const prefixes = randomPrefixes(family, count);
  const name = `IPv${family}, ${thousands(count)} prefixes`;
  const times = Array.from({ length: 3 }, () => secondsOf(() => IpSet.from(prefixes)));
  const built = IpSet.from(prefixes);
  const grown = new IpSet();
  for (const prefix of prefixes) grown.add(prefix);
  const changes = prefixes.filter((_, i) => i % 4 === 0);
  const deletes = changes.length / secondsOf(() => changes.forEach((prefix) => grown.delete(prefix)));
  const inserts = changes.length / secondsOf(() => changes.forEach((prefix) => grown.add(prefix)));
  return [
    { name: `${name}: memory, built at once`, value: built.byteLength / count, unit: 'bytes/prefix' },
    { name: `${name}: memory, grown and churned`, value: grown.byteLength / count, unit: 'bytes/prefix' },
    { name: `${name}: bulk build from text`, value: median(times), unit: 's' },
    { name: `${name}: single inserts`, value: inserts, unit: '/s' },
    { name: `${name}: single deletes`, value: deletes, unit: '/s' },
  ];
}

function thousands(count: number): string {
  return count.toLocaleString('en');
}

/** The figures of the IP set: takes about a minute, most of it for `net.BlockList` to scan its list. */
export async function benchIpSet(): Promise<BenchRow[]> {
  const parts = [
    () => [benchIpv4Lookups(100_000)],
    () => [benchIpv4Lookups(1_000_000)],
    () => [benchIpv6Lookups(100_000)],
    () => [benchIpv6Lookups(1_000_000)],
    () => benchMemoryAndBuild(4, 1_000_000),
    () => benchMemoryAndBuild(6, 1_000_000),
  ];
  const rows: BenchRow[] = [];
  for (const part of parts) {
    rows.push(...part());
    // Lets what the part has left behind be collected before the next is measured.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return rows;
}
