import { createHash } from 'node:crypto';
import { markerOf } from './address-list.ts';

/** A list of fewer addresses costs little as what it is. */
const LONG = 1_000;

/** JSON without its long lists of addresses. */
export interface CutJson {
  /** Where a list stood there is now the string that an `AddressList` of the same is written as. */
  readonly text: string;
  /** The lists as they stood there, by digest. */
  readonly lists: ReadonlyMap<string, Buffer>;
}

/**
 * Takes long lists of addresses out of a config before it is parsed: a million are 18 MB of text, would be ten times
 * that as strings, and all that is asked of them is whether they are the ones that we would write.
 *
 * Only what is written without spaces is found, as Caddy does. A bracket and a quote next to each other begin a list,
 * or else end a string and are followed by something else than a thousand addresses: inside of strings, quotes are
 * escaped.
 */
export function cutLists(json: Buffer): CutJson {
  const lists = new Map<string, Buffer>();
  let text = '';
  let kept = 0;
  for (let start = json.indexOf('["'); start !== -1;) {
    const { end, count } = walk(json, start + 1);
    if (count >= LONG && json[end] === CLOSE) {
      const list = json.subarray(start, end + 1);
      const digest = createHash('sha256').update(list).digest('hex');
      lists.set(digest, list);
      text += json.toString('utf8', kept, start) + JSON.stringify(markerOf(digest));
      kept = end + 1;
    }
    start = json.indexOf('["', end);
  }
  return { text: text + json.toString('utf8', kept), lists };
}

const CLOSE = 0x5d;
const QUOTE = 0x22;
const COMMA = 0x2c;

/** Whether a byte stands in addresses, IPv4 or IPv6. */
const IN_ADDRESS = new Uint8Array(256);
for (const char of '0123456789abcdef.:') IN_ADDRESS[char.charCodeAt(0)] = 1;

/** Goes over quoted addresses from `at` on. @returns where they end, and how many they are where a list can end so. */
function walk(json: Buffer, at: number): { readonly end: number; readonly count: number } {
  let end = at;
  for (let count = 0; ; count++) {
    if (json[end] !== QUOTE) return { end, count: 0 };
    let close = end + 1;
    while (IN_ADDRESS[json[close] ?? 0] === 1) close++;
    if (close === end + 1 || json[close] !== QUOTE) return { end, count };
    if (json[close + 1] !== COMMA) return { end: close + 1, count: count + 1 };
    end = close + 2;
  }
}
