import { z } from 'zod';
import type { Decision } from '../shared/domain/decision.ts';
import { type Prefix, parsePrefix } from '../shared/net/prefix.ts';
import type { Clock } from '../shared/runtime/clock.ts';

/**
 * The last good set, as it outlives the process: expiries are absolute wall time, since a monotonic clock starts
 * anew with each boot. Grouped, so that a hundred thousand decisions do not repeat their origin and scenario.
 */
const snapshotSchema = z.object({
  schema: z.literal(1),
  taken_at: z.number(),
  groups: z.array(
    z.object({
      origin: z.string(),
      scenario: z.string(),
      type: z.string(),
      ids: z.array(z.number()),
      values: z.array(z.string()),
      /** Seconds since the Unix epoch, with fractions. */
      until: z.array(z.number()),
    }),
  ),
});

type Snapshot = z.infer<typeof snapshotSchema>;
type Group = Snapshot['groups'][number];

export function encodeSnapshot(decisions: Iterable<Decision>, clock: Clock): string {
  const wall = clock.wall();
  const offset = wall - clock.monotonic();
  const groups = new Map<string, Group>();
  for (const { id, origin, scenario, type, prefix, expiresAt } of decisions) {
    const key = `${type}\n${origin}\n${scenario}`;
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { origin, scenario, type, ids: [], values: [], until: [] }));
    group.ids.push(id);
    group.values.push(prefix);
    group.until.push(Math.round(expiresAt + offset) / 1_000);
  }
  return JSON.stringify({ schema: 1, taken_at: wall, groups: [...groups.values()] } satisfies Snapshot);
}

export interface RestoredSnapshot {
  readonly takenAt: number;
  readonly decisions: Decision[];
}

/**
 * Reads a snapshot back, without what has run out meanwhile.
 * @throws Error when it is none: a snapshot that cannot be read is worth a warning, not a guess.
 */
export function decodeSnapshot(text: string, clock: Clock): RestoredSnapshot {
  const snapshot = snapshotSchema.parse(JSON.parse(text));
  const offset = clock.wall() - clock.monotonic();
  const now = clock.monotonic();
  const decisions: Decision[] = [];
  for (const { origin, scenario, type, ids, values, until } of snapshot.groups) {
    for (const [i, id] of ids.entries()) {
      const prefix: Prefix | undefined = parsePrefix(values[i] ?? '');
      const expiresAt = (until[i] ?? 0) * 1_000 - offset;
      if (prefix !== undefined && expiresAt > now) decisions.push({ id, origin, scenario, type, prefix, expiresAt });
    }
  }
  return { takenAt: snapshot.taken_at, decisions };
}
