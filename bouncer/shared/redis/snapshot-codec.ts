import { z } from 'zod';
import type { Decision } from '../domain/decision.ts';
import { parsePrefix } from '../net/prefix.ts';
import type { Clock } from '../runtime/clock.ts';

/**
 * Decisions as they travel and as they outlive the process: expiries are absolute wall time, since a monotonic clock
 * starts anew with each boot. Grouped, so that a hundred thousand decisions do not repeat their origin and scenario.
 */
/** Checked where it is read, entry by entry: a copy of a million of them is not worth a schema. */
const column = z.custom<readonly unknown[]>((value) => Array.isArray(value));

export const groupSchema = z.object({
  origin: z.string(),
  scenario: z.string(),
  type: z.string(),
  ids: column,
  values: column,
  /** Seconds since the Unix epoch, with fractions. */
  until: column,
});

/** What stands before the groups. */
export const snapshotHeadSchema = z.object({
  schema: z.literal(1),
  taken_at: z.number(),
  /** Everything up to this entry of the batch stream is in it. */
  position: z.string().optional(),
  /** Of the lease under which it was written. */
  token: z.number().optional(),
});

const batchSchema = z.object({ schema: z.literal(1), removed: z.array(z.number()), groups: z.array(groupSchema) });

type Group = z.infer<typeof groupSchema>;

/** Decisions encoded at a time: a million as one text would be held three times over. */
const CHUNK = 5_000;

/** A snapshot's text in pieces, computed as they are asked for; `decisions` may change in between. */
export function* snapshotChunks(
  decisions: Iterable<Decision>,
  { position, token }: Partial<Pick<z.infer<typeof snapshotHeadSchema>, 'position' | 'token'>>,
  clock: Clock,
): Generator<string, void, undefined> {
  const head = { schema: 1, taken_at: clock.wall(), position, token } satisfies z.infer<typeof snapshotHeadSchema>;
  yield `${JSON.stringify(head).slice(0, -1)},"groups":[`;
  let separator = '';
  const rest = decisions[Symbol.iterator]();
  let groups = toGroups(atMost(CHUNK, rest), clock);
  while (groups.length > 0) {
    for (const group of groups) {
      yield separator + JSON.stringify(group);
      separator = ',';
    }
    groups = toGroups(atMost(CHUNK, rest), clock);
  }
  yield ']}';
}

/** The next ones, without a list of them: what is made for one chunk is gone before the next. */
function* atMost(count: number, decisions: Iterator<Decision>): Generator<Decision, void, undefined> {
  for (let i = 0; i < count; i++) {
    const next = decisions.next();
    if (next.done === true) return;
    yield next.value;
  }
}

export interface DecisionBatch {
  readonly added: readonly Decision[];
  readonly removedIds: readonly number[];
}

export function encodeBatch({ added, removedIds }: DecisionBatch, clock: Clock): string {
  const groups = toGroups(added, clock);
  return JSON.stringify({ schema: 1, removed: [...removedIds], groups } satisfies z.infer<typeof batchSchema>);
}

/** @throws Error when it is none. */
export function decodeBatch(text: string, clock: Clock): DecisionBatch {
  const { removed, groups } = batchSchema.parse(JSON.parse(text));
  const reader = new GroupReader(clock);
  return { removedIds: removed, added: groups.flatMap((group) => [...reader.read(group)]) };
}

interface GrowingGroup {
  readonly origin: string;
  readonly scenario: string;
  readonly type: string;
  readonly ids: number[];
  readonly values: string[];
  readonly until: number[];
}

function toGroups(decisions: Iterable<Decision>, clock: Clock): Group[] {
  const offset = clock.wall() - clock.monotonic();
  const groups = new Map<string, GrowingGroup>();
  for (const { id, origin, scenario, type, prefix, expiresAt } of decisions) {
    const key = `${type}\n${origin}\n${scenario}`;
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { origin, scenario, type, ids: [], values: [], until: [] }));
    group.ids.push(id);
    group.values.push(prefix);
    group.until.push(Math.round(expiresAt + offset) / 1_000);
  }
  return [...groups.values()];
}

/** Reads groups back, without what has run out meanwhile. */
export class GroupReader {
  readonly #now: number;
  readonly #offset: number;

  constructor(clock: Clock) {
    this.#now = clock.monotonic();
    this.#offset = clock.wall() - this.#now;
  }

  *read({ origin, scenario, type, ids, values, until }: Group): Generator<Decision, void, undefined> {
    for (const [i, id] of ids.entries()) {
      const [value, end] = [values[i], until[i]];
      // One that is cut short or damaged is passed over: it may not cost the others.
      if (typeof id !== 'number' || typeof value !== 'string' || typeof end !== 'number') continue;
      const prefix = parsePrefix(value);
      const expiresAt = end * 1_000 - this.#offset;
      if (prefix !== undefined && expiresAt > this.#now) yield { id, origin, scenario, type, prefix, expiresAt };
    }
  }
}
