import { createHash } from 'node:crypto';

const MARKER = 'crowdsec-list:';
const MARKED = /"crowdsec-list:([0-9a-f]{64})"/;

/** Values written at a time: some 300 KB of JSON. */
const CHUNK = 16_384;

/** What a list is made of; the same every time that it is walked. */
export interface ListedValues extends Iterable<string> {
  readonly length: number;
}

/**
 * A long list of addresses that every server of a config carries: kept once, hashed once, written as JSON once a push.
 *
 * In `JSON.stringify` it stands as a marker made of its own digest, which does two things: hashing the JSON of a route
 * hashes the list too without walking it again, and `jsonChunks` can put the one written list where the markers are.
 */
export class AddressList {
  readonly values: ListedValues;
  /** Of its JSON. */
  readonly digest: string;

  constructor(values: ListedValues) {
    this.values = values;
    const hash = createHash('sha256');
    for (const chunk of jsonOf(values)) hash.update(chunk);
    this.digest = hash.digest('hex');
  }

  toJSON(): string {
    return markerOf(this.digest);
  }
}

/** The JSON text of a list in pieces, each made when it is asked for. */
function* jsonOf(values: ListedValues): Generator<string, void, undefined> {
  let before = '[';
  let chunk: string[] = [];
  for (const value of values) {
    chunk.push(value);
    if (chunk.length < CHUNK) continue;
    yield before + JSON.stringify(chunk).slice(1, -1);
    before = ',';
    chunk = [];
  }
  yield (chunk.length === 0 ? before.replace(',', '') : before + JSON.stringify(chunk).slice(1, -1)) + ']';
}

/** What stands for a list with this digest, as a string of JSON. */
export function markerOf(digest: string): string {
  return MARKER + digest;
}

/** The digest of the list that a string stands for, if it stands for one. */
export function digestIn(text: string): string | undefined {
  return text.startsWith(MARKER) ? text.slice(MARKER.length) : undefined;
}

/**
 * The JSON text of a value in pieces, with every address list written out; the pieces of one list are shared.
 * @param asRead those that stand in what was read, as they stood there.
 */
export function jsonChunks(
  text: string,
  lists: readonly AddressList[],
  asRead: ReadonlyMap<string, Buffer>,
): readonly Buffer[] {
  const written = new Map(Array.from(asRead, ([digest, json]): [string, readonly Buffer[]] => [digest, [json]]));
  const listJson = (digest: string) => {
    const known = written.get(digest) ?? write(listWith(digest, lists));
    written.set(digest, known);
    return known;
  };
  // split() with one group yields text, digest, text, digest, …, text.
  return text.split(MARKED).flatMap((part, i) => (i % 2 === 0 ? [Buffer.from(part)] : listJson(part)));
}

function write(list: AddressList): readonly Buffer[] {
  return Array.from(jsonOf(list.values), (chunk) => Buffer.from(chunk));
}

function listWith(digest: string, lists: readonly AddressList[]): AddressList {
  const list = lists.find((candidate) => candidate.digest === digest);
  if (list === undefined) throw new Error(`no address list with digest ${digest} in this compilation`);
  return list;
}
