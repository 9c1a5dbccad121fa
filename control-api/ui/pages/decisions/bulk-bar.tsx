import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { ApiProblem, type Call, send } from '../../api/request.ts';
import type { Decision, UnbanReply } from '../../api/wire.ts';
import { useAction } from '../../parts/action.ts';
import { CurlLine } from '../../parts/copy-line.tsx';
import { Note } from '../../parts/note.tsx';
import { count, counted } from '../../text/count.ts';
import { plain } from '../../text/plain.ts';
import type { DecisionQuery } from './decision-query.ts';
import { tellOutcome } from './unban.ts';

/** Small enough that the progress moves, large enough that Caddy is not asked for each. */
const CHUNK = 100;

interface BulkBarProps {
  readonly query: DecisionQuery;
  readonly selected: ReadonlyMap<number, Decision>;
  readonly matching: number;
  readonly onDone: () => void;
}

interface Failure {
  readonly id: number;
  readonly value?: string;
  readonly reason: string;
}

/** One action for many: with progress, what failed by name, and one undo for all of it. */
export function BulkBar({ query, selected, matching, onDone }: BulkBarProps) {
  const { isBusy, run } = useAction();
  const [isAll, setAll] = useState(false);
  const [done, setDone] = useState(0);
  const [failures, setFailures] = useState<readonly Failure[]>([]);
  const filter = bulkFilter(query);
  const mayAll = filter !== undefined && matching > selected.size;
  const wanted = isAll && mayAll ? matching : selected.size;
  if (selected.size === 0 && failures.length === 0) return null;
  const calls = callsFor(isAll ? filter : undefined, matching, selected);
  const [firstCall] = calls;
  const lift = () =>
    run(async () => {
      setDone(0);
      setFailures([]);
      const reply = await liftAll(calls, (reply) => setDone((before) => before + reply.deleted));
      setFailures(reply.failed ?? []);
      setAll(false);
      onDone();
      if (firstCall !== undefined) tellOutcome(counted(reply.deleted, 'decision'), reply, firstCall);
    });
  return (
    <>
      {selected.size === 0 ? null : (
        <Bar
          selected={selected.size}
          matching={mayAll ? matching : undefined}
          isAll={isAll && mayAll}
          busyText={isBusy ? `Lifting ${count(done)} of ${count(wanted)}` : undefined}
          onAll={() => setAll(true)}
          onLift={lift}
          onClear={onDone}
        >
          {firstCall === undefined ? null : <CurlLine call={firstCall} />}
        </Bar>
      )}
      <Failures failures={failures} />
    </>
  );
}

interface BarProps {
  readonly selected: number;
  /** Undefined where "all that match" is no choice. */
  readonly matching: number | undefined;
  readonly isAll: boolean;
  readonly busyText: string | undefined;
  readonly onAll: () => void;
  readonly onLift: () => void;
  readonly onClear: () => void;
  readonly children: ComponentChildren;
}

function Bar({ selected, matching, isAll, busyText, onAll, onLift, onClear, children }: BarProps) {
  const wanted = isAll && matching !== undefined ? matching : selected;
  return (
    <div class="bulk">
      <strong class="number">{isAll ? `All ${count(wanted)} matching selected` : `${count(selected)} selected`}</strong>
      {matching !== undefined && !isAll ? (
        <button class="button plain small" type="button" onClick={onAll}>
          Select all {count(matching)} matching
        </button>
      ) : null}
      <button class="button small primary" type="button" disabled={busyText !== undefined} onClick={onLift}>
        {busyText ?? `Unban ${count(wanted)}`}
      </button>
      <button class="button plain small" type="button" onClick={onClear}>
        Clear
      </button>
      {children}
    </div>
  );
}

function Failures({ failures }: { readonly failures: readonly Failure[] }) {
  if (failures.length === 0) return null;
  return (
    <div class="bulk-failures">
      <Note tone="warn">
        <p>
          <strong>{counted(failures.length, 'decision')} could not be lifted</strong>
        </p>
        {failures.slice(0, 5).map(({ id, value, reason }) => (
          <p class="muted" key={id}>
            {value ?? `decision ${id}`}: {plain(reason)}
          </p>
        ))}
      </Note>
    </div>
  );
}

function bulkCall(body: unknown): Call {
  return { method: 'POST', path: '/decisions/delete', body };
}

/** What narrows the list, as the API takes it; undefined when nothing does: nobody lifts everything by accident. */
function bulkFilter({ q, origin, country }: DecisionQuery): Record<string, unknown> | undefined {
  const filter = {
    ...(q.trim() === '' ? {} : { q: q.trim() }),
    ...(origin === 'all' ? {} : { origin: [origin] }),
    ...(country === '' ? {} : { country: [country] }),
  };
  return Object.keys(filter).length === 0 ? undefined : filter;
}

/** One request for all that match, or some for those that were ticked. */
function callsFor(
  filter: Record<string, unknown> | undefined,
  expected: number,
  selected: ReadonlyMap<number, Decision>,
): readonly Call[] {
  if (filter !== undefined) return [bulkCall({ filter, expected })];
  return chunks([...selected.keys()]).map((ids) => bulkCall({ ids }));
}

function chunks(ids: readonly number[]): readonly (readonly number[])[] {
  return Array.from({ length: Math.ceil(ids.length / CHUNK) }, (_, index) =>
    ids.slice(index * CHUNK, (index + 1) * CHUNK),
  );
}

/** One reply from several; what a chunk that failed as a whole held is named as well. */
async function liftAll(calls: readonly Call[], onReply: (reply: UnbanReply) => void): Promise<UnbanReply> {
  const replies: UnbanReply[] = [];
  const failed: Failure[] = [];
  for (const call of calls) {
    try {
      const reply = await send<UnbanReply>(call);
      replies.push(reply);
      failed.push(...(reply.failed ?? []));
      onReply(reply);
    } catch (error) {
      const { ids } = call.body as { readonly ids?: readonly number[] };
      if (!(error instanceof ApiProblem) || ids === undefined || calls.length === 1) throw error;
      failed.push(...ids.map((id) => ({ id, reason: error.message })));
    }
  }
  return {
    summary: '',
    deleted: replies.reduce((sum, { deleted }) => sum + deleted, 0),
    confirmed: replies.every(({ confirmed }) => confirmed),
    took_ms: replies.reduce((sum, { took_ms: took }) => sum + took, 0),
    missing: replies.flatMap(({ missing }) => missing),
    allowed_again: replies.length > 0 && replies.every(({ allowed_again: allowed }) => allowed),
    still_covered_by: replies.flatMap(({ still_covered_by: covers }) => covers),
    lifted: replies.flatMap(({ lifted }) => lifted),
    failed,
  };
}
