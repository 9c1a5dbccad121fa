import { createHash } from 'node:crypto';

const MARKER = 'crowdsec-list:';
const MARKED = /"crowdsec-list:([0-9a-f]{64})"/;

/**
 * A long list of addresses that every server of a config carries: kept once, written as JSON once, hashed once.
 *
 * In `JSON.stringify` it stands as a marker made of its own digest, which does two things: hashing the JSON of a route
 * hashes the list too without walking it again, and `jsonChunks` can put the one written list where the markers are.
 */
export class AddressList {
  readonly values: readonly string[];
  readonly json: Buffer;
  readonly digest: string;

  constructor(values: readonly string[]) {
    this.values = values;
    this.json = Buffer.from(JSON.stringify(values));
    this.digest = createHash('sha256').update(this.json).digest('hex');
  }

  toJSON(): string {
    return MARKER + this.digest;
  }
}

/** The JSON text of a value in pieces, with every address list written out; the pieces of one list are shared. */
export function jsonChunks(text: string, lists: readonly AddressList[]): readonly Buffer[] {
  // split() with one group yields text, digest, text, digest, …, text.
  return text.split(MARKED).map((part, i) => (i % 2 === 0 ? Buffer.from(part) : listJson(part, lists)));
}

function listJson(digest: string, lists: readonly AddressList[]): Buffer {
  const list = lists.find((candidate) => candidate.digest === digest);
  if (list === undefined) throw new Error(`no address list with digest ${digest} in this compilation`);
  return list.json;
}
