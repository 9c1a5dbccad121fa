import { useState } from 'preact/hooks';
import { ApiProblem, type Call, send } from '../../api/request.ts';
import type { Decision, UnbanReply } from '../../api/wire.ts';
import { useAction } from '../../parts/action.ts';
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
  const lift = () =>
    run(async () => {
      setDone(0);
      setFailures([]);
      const calls =
        isAll && filter !== undefined
          ? [bulkCall({ filter, expected: matching })]
          : chunks([...selected.keys()]).map((ids) => bulkCall({ ids }));
      const reply = await liftAll(calls, (reply) => setDone((before) => before + reply.deleted));
      setFailures(reply.failed ?? []);
      setAll(false);
      onDone();
      tellOutcome(counted(reply.deleted, 'decision'), reply);
    });
  return (
    <>
      {selected.size === 0 ? null : (
        <div class="bulk">
          <strong class="number">
            {isAll && mayAll ? `All ${count(matching)} matching` : count(selected.size)} selected
          </strong>
          {mayAll && !isAll ? (
            <button class="button plain small" type="button" onClick={() => setAll(true)}>
              Select all {count(matching)} matching
            </button>
          ) : null}
          <button class="button small primary" type="button" disabled={isBusy} onClick={lift}>
            {isBusy ? `Lifting ${count(done)} of ${count(wanted)}` : `Unban ${count(wanted)}`}
          </button>
          <button class="button plain small" type="button" onClick={onDone}>
            Clear
          </button>
        </div>
      )}
      <Failures failures={failures} />
    </>
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
