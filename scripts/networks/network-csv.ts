/** A run of addresses that one organisation announces; IPv4 as numbers below 2^32. */
export interface NetworkRange {
  readonly first: bigint;
  readonly last: bigint;
  readonly organisation: string;
}

/** `first,last,AS number,organisation`, the last in quotes where it has a comma (RFC 4180). */
const LINE = /^(?<first>\d+),(?<last>\d+),\d+,(?:"(?<quoted>(?:[^"]|"")*)"|(?<plain>[^",]*))$/;

/** @returns nothing for a line without a name. @throws Error for what is no such line. */
export function readNetworkLine(line: string): NetworkRange | undefined {
  const { first, last, quoted, plain } = LINE.exec(line)?.groups ?? {};
  if (first === undefined || last === undefined) throw new Error(`not a line of networks: ${line.slice(0, 100)}`);
  const organisation = (quoted?.replaceAll('""', '"') ?? plain ?? '').trim();
  return organisation === '' ? undefined : { first: BigInt(first), last: BigInt(last), organisation };
}

/** Joins neighbours of one organisation, and leaves out what an earlier range has said already. */
export async function* joined(ranges: AsyncIterable<NetworkRange>): AsyncGenerator<NetworkRange> {
  let held: NetworkRange | undefined;
  for await (const range of ranges) {
    if (held === undefined) {
      held = range;
      continue;
    }
    if (range.last <= held.last) continue;
    const first: bigint = range.first > held.last ? range.first : held.last + 1n;
    if (first === held.last + 1n && range.organisation === held.organisation) {
      held = { ...held, last: range.last };
    } else {
      yield held;
      held = { ...range, first };
    }
  }
  if (held !== undefined) yield held;
}
