import { createGunzip } from 'node:zlib';
import { TokenType } from '@streamparser/json';
import { DecisionColumns } from '../decisions/decision-columns.ts';
import type { DecisionList } from '../decisions/decision-list.ts';
import type { Clock } from '../runtime/clock.ts';
import { JsonReader } from '../runtime/json-reader.ts';
import { GroupReader, groupSchema, snapshotHeadSchema } from './snapshot-codec.ts';

export interface SnapshotContent {
  /** Milliseconds since the Unix epoch. */
  readonly takenAt: number;
  readonly position: string | undefined;
  readonly token: number | undefined;
  readonly decisions: DecisionList;
}

/** Three million decisions. What unpacks to more was not written by us, and may not fill the memory. */
const LARGEST_TEXT = 256 * 1024 * 1024;

/** Unpacked at a time. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Reads a snapshot back, without what has run out meanwhile. A million decisions are 40 MB of text, and 300 as what
 * `JSON.parse` makes of it: neither is ever held whole.
 * @param bytes as written, packed.
 * @param newerThan milliseconds since the Unix epoch: one that is not is given up as soon as it says so.
 * @throws Error when it is none: a snapshot that cannot be read is worth a warning, not a guess.
 */
export async function unpackSnapshot(
  bytes: Buffer,
  clock: Clock,
  newerThan = -Infinity,
): Promise<SnapshotContent | undefined> {
  const reader = new SnapshotReader(clock);
  const unpacking = createGunzip({ chunkSize: CHUNK_BYTES });
  unpacking.end(bytes);
  let size = 0;
  for await (const chunk of unpacking as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_TEXT) throw new RangeError(`a snapshot of more than ${LARGEST_TEXT} bytes`);
    reader.write(chunk);
    if (reader.takenAt !== undefined && reader.takenAt <= newerThan) return undefined;
  }
  return reader.finish();
}

/** Reads a snapshot's text as it arrives, group by group. */
class SnapshotReader {
  readonly #groups: GroupReader;
  readonly #decisions = new DecisionColumns();
  readonly #head: Record<string, unknown> = {};
  readonly #reader: JsonReader;

  constructor(clock: Clock) {
    this.#groups = new GroupReader(clock);
    const paths = [...Object.keys(snapshotHeadSchema.shape), 'groups.*'].map((path) => `$.${path}`);
    this.#reader = new JsonReader(paths, ({ key, value }) => {
      // A group is named by its place in the list.
      if (typeof key === 'string') this.#head[key] = value;
      else this.#add(value);
    });
  }

  /** Undefined until it was read. */
  get takenAt(): number | undefined {
    return snapshotHeadSchema.shape.taken_at.safeParse(this.#head['taken_at']).data;
  }

  write(chunk: Uint8Array): void {
    this.#reader.write(chunk);
  }

  finish(): SnapshotContent {
    if (!this.#reader.isWhole) throw new Error('the snapshot ends in the middle of its JSON');
    const { taken_at: takenAt, position, token } = snapshotHeadSchema.parse(this.#head);
    if (this.#reader.beginningOf('groups') !== TokenType.LEFT_BRACKET) {
      throw new Error('the snapshot has no list "groups"');
    }
    return { takenAt, position, token, decisions: this.#decisions };
  }

  #add(value: unknown): void {
    for (const decision of this.#groups.read(groupSchema.parse(value))) this.#decisions.add(decision);
  }
}
