import { DecisionColumns } from '../decisions/decision-columns.ts';
import type { DecisionList } from '../decisions/decision-list.ts';
import type { Decision } from '../domain/decision.ts';
import type { StreamEntry } from './batch-stream.ts';
import type { DecisionSource, LoadedSnapshot } from './decision-source.ts';
import type { DecisionBatch } from './snapshot-codec.ts';
import { UnreadableSet } from './unreadable-set.ts';

export type SetSource = Pick<DecisionSource, 'snapshot' | 'after' | 'holds'> &
  Partial<Pick<DecisionSource, 'askForSnapshot'>>;

/** How far the stream was read. */
export interface Place {
  readonly position: string;
  /** Whether the stream was seen to hold `position`: only then its absence tells of a loss. */
  readonly isAnchored: boolean;
}

/** What comes next in the stream. */
type Page =
  /** None at the end of the stream. */
  | { readonly kind: 'batches'; readonly batches: readonly DecisionBatch[]; readonly place: Place }
  /** The snapshot replaces what was read: it was announced, or entries were trimmed, or Redis was wiped. */
  | { readonly kind: 'snapshot'; readonly announcedAt: string | undefined };

/** The snapshot with all that came after it. */
interface WholeSet extends LoadedSnapshot {
  readonly place: Place;
  /** Why the stream could not be read to its end; `decisions` holds what was read before that. */
  readonly trouble: Error | undefined;
}

/** @throws UnreadableSet where an entry cannot be read, and no snapshot is announced after it. */
export async function readPage(source: SetSource, { position, isAnchored }: Place): Promise<Page> {
  const isHeld = await source.holds(position);
  if (!isHeld && isAnchored) return { kind: 'snapshot', announcedAt: undefined };
  const entries = await source.after(position);
  const announced = entries.findLast(({ kind }) => kind === 'snapshot');
  if (announced !== undefined) return { kind: 'snapshot', announcedAt: announced.id };
  const damaged = entries.find((entry) => entry.kind === 'unreadable');
  if (damaged !== undefined) return { kind: 'snapshot', announcedAt: await announcedAfter(source, damaged) };
  const read = entries.filter((entry) => entry.kind === 'batch');
  const last = read.at(-1);
  return {
    kind: 'batches',
    batches: read.map(({ batch }) => batch),
    place: last === undefined ? { position, isAnchored: isHeld } : { position: last.id, isAnchored: true },
  };
}

async function announcedAfter(source: SetSource, { id, reason }: { id: string; reason: string }): Promise<string> {
  let position: string | undefined = id;
  while (position !== undefined) {
    const entries: StreamEntry[] = await source.after(position);
    const announced = entries.findLast(({ kind }) => kind === 'snapshot');
    if (announced !== undefined) return announced.id;
    position = entries.at(-1)?.id;
  }
  throw new UnreadableSet(reason);
}

/**
 * @param announcedAt the entry that announced the snapshot: batches after that follow, some of them a second time.
 * @returns undefined when there is nothing to read: never written, or wiped.
 * @throws Error when there is no snapshot that can be read.
 */
export async function readWholeSet(source: SetSource, announcedAt?: string): Promise<WholeSet | undefined> {
  const snapshot = await source.snapshot();
  if (snapshot === undefined) return undefined;
  const batches: DecisionBatch[] = [];
  let place: Place = { position: announcedAt ?? snapshot.position, isAnchored: false };
  let trouble: Error | undefined;
  try {
    for (;;) {
      const page = await readPage(source, place);
      if (page.kind === 'snapshot') return await readWholeSet(source, page.announcedAt);
      place = page.place;
      if (page.batches.length === 0) break;
      batches.push(...page.batches);
    }
  } catch (error) {
    trouble = error instanceof Error ? error : new Error(String(error));
  }
  return { ...snapshot, decisions: withChanges(snapshot.decisions, batches), place, trouble };
}

function withChanges(decisions: DecisionList, changes: readonly DecisionBatch[]): DecisionList {
  const latest = new Map<number, Decision | undefined>();
  for (const { removedIds, added } of changes) {
    for (const id of removedIds) latest.set(id, undefined);
    for (const decision of added) latest.set(decision.id, decision);
  }
  if (latest.size === 0) return decisions;
  const whole = new DecisionColumns();
  for (const decision of decisions) if (!latest.has(decision.id)) whole.add(decision);
  for (const decision of latest.values()) if (decision !== undefined) whole.add(decision);
  return whole;
}
