import { covers, isAddress, type Prefix } from '../../bouncer/shared/net/prefix.ts';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import type { EventWriter } from '../events/event-writer.ts';
import type { LapiFailure } from '../crowdsec/machine-client.ts';
import { counted } from './ban-plan.ts';
import type { BouncerClient } from './bouncer-client.ts';
import type { DecisionRow } from './decision-rows.ts';
import type { DecisionTable } from './decision-table.ts';
import type { Effect, EffectWatch } from './effect.ts';
import type { LapiDecisions } from './lapi-decisions.ts';
import { coveringRows } from './prefix-matcher.ts';

/** A decision that still asks for a ban of what was lifted. */
export type Cover = Pick<DecisionRow, 'id' | 'origin' | 'scenario'> & {
  readonly value: string;
  readonly until: string;
};

export interface Unbanned extends Effect {
  readonly deleted: number;
  /** As the table knew them: enough to ban again. */
  readonly lifted: readonly DecisionRow[];
  readonly tookMs: number;
  readonly failed: readonly { readonly id: number; readonly value: string | undefined; readonly reason: string }[];
  /** Whether Caddy lets all of it through now; false also while that is not confirmed. */
  readonly allowedAgain: boolean;
  readonly stillCoveredBy: readonly Cover[];
}

export type UnbanResult =
  | { readonly kind: 'unbanned'; readonly outcome: Unbanned }
  | { readonly kind: 'unknown'; readonly stillCoveredBy: readonly Cover[] }
  | { readonly kind: 'lapi'; readonly failure: LapiFailure };

interface UnbanningParts {
  readonly lapi: LapiDecisions;
  readonly table: DecisionTable;
  readonly effect: EffectWatch;
  readonly bouncer: BouncerClient;
  readonly allowlist: () => Promise<readonly Prefix[]>;
  readonly events: EventWriter;
  readonly clock: Clock;
}

/** Deletions under way at once: LAPI's SQLite takes one writer. */
const AT_ONCE = 2;

const NO_SUCH_ID = 'no live decision has this id; it may have run out';

/** Of a bulk deletion, at most so many covers are named. */
const MOST_COVERS = 100;

/** Lifts decisions, and answers when Caddy lets the addresses through, or with what still stands in the way. */
export class Unbanning {
  readonly #parts: UnbanningParts;

  constructor(parts: UnbanningParts) {
    this.#parts = parts;
  }

  /**
   * Every decision on exactly this address or range, however LAPI spells it. Where LAPI fails on the way, what was
   * lifted until then is told and taken to Caddy, and what is left still covers the address.
   */
  async value(value: Prefix): Promise<UnbanResult> {
    const { lapi, table, clock } = this.#parts;
    const startedAt = clock.monotonic();
    await table.catchUp();
    const known = this.#covering(value).filter((row) => row.value === value);
    const lifted: DecisionRow[] = [];
    let deleted = 0;
    // One by one first: LAPI counts an id again that it has lifted already, and a value only while it is live.
    let failure: LapiFailure | undefined;
    for (const row of known) {
      const byId = await lapi.delete(row.id);
      if (byId.kind === 'ok') deleted += byId.value;
      else failure = byId;
      if (failure !== undefined) break;
      lifted.push(row);
    }
    const unseen = failure ?? (await lapi.deleteOn(value));
    if (unseen.kind === 'ok') deleted += unseen.value;
    else if (deleted === 0) return { kind: 'lapi', failure: unseen };
    if (deleted === 0) return { kind: 'unknown', stillCoveredBy: this.#covers(value, new Set()) };
    const left = known.slice(lifted.length);
    const failed = left.map(({ id }) => ({ id, value, reason: reasonOf(unseen) }));
    return { kind: 'unbanned', outcome: await this.#outcome(startedAt, { deleted, lifted, failed }, [value]) };
  }

  /** @param ids each once. */
  async ids(ids: readonly number[]): Promise<UnbanResult> {
    const startedAt = this.#parts.clock.monotonic();
    const { known, ended } = await this.#sorted(ids);
    const done: number[] = [];
    const failed: { id: number; value: string | undefined; reason: string }[] = [];
    for (const id of ended) failed.push({ id, value: undefined, reason: NO_SUCH_ID });
    let failure: LapiFailure | undefined;
    const queue = ids.filter((id) => !ended.has(id));
    const work = async () => {
      for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
        const result = failure ?? (await this.#parts.lapi.delete(id));
        if (result.kind === 'ok' && result.value > 0) done.push(id);
        else failed.push({ id, value: known.get(id)?.value, reason: reasonOf(result) });
        if (result.kind === 'unreachable' || result.kind === 'unauthorized') failure = result;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    if (done.length === 0 && failure !== undefined) return { kind: 'lapi', failure };
    if (done.length === 0) return { kind: 'unknown', stillCoveredBy: [] };
    const lifted = done.flatMap((id) => known.get(id) ?? []);
    const values = [...new Set(lifted.map((row) => row.value))];
    const outcome = await this.#outcome(startedAt, { deleted: done.length, lifted, failed, ids: done }, values);
    return { kind: 'unbanned', outcome };
  }

  /**
   * What is known of these ids, and which of them are no decision any more. LAPI itself would lift a decision that has
   * run out a second time and count it, so one that the table lacks is looked for with a fresh pull.
   */
  async #sorted(ids: readonly number[]): Promise<{ known: Map<number, DecisionRow>; ended: Set<number> }> {
    const { table, effect } = this.#parts;
    await table.catchUp();
    const areKnown = () => ids.every((id) => table.rows.slotOf(id) !== undefined);
    const isComplete = areKnown() || (await effect.lookAgain(areKnown));
    const known = new Map(ids.flatMap((id) => this.#rowOf(id)).map((row) => [row.id, row]));
    return { known, ended: new Set(isComplete ? ids.filter((id) => !known.has(id)) : []) };
  }

  async #outcome(
    startedAt: number,
    { ids, ...what }: Pick<Unbanned, 'deleted' | 'lifted' | 'failed'> & { readonly ids?: readonly number[] },
    values: readonly Prefix[],
  ): Promise<Unbanned> {
    const { effect, clock, table, events } = this.#parts;
    const gone = new Set([...(ids ?? []), ...what.lifted.map(({ id }) => id)]);
    const settled = await effect.settle(() => [...gone].every((id) => table.rows.slotOf(id) === undefined));
    const open = await this.#open(values, gone);
    const tookMs = Math.round(clock.monotonic() - startedAt);
    const some = values.slice(0, 3).join(', ');
    events.write('unban', `lifted ${counted(what.deleted, 'decision', 'decisions')}: ${some}`, {
      values: values.slice(0, 20),
    });
    const isAllowed = settled.confirmed && values.length > 0 && open.isAllowed;
    return { ...what, ...settled, tookMs, allowedAgain: isAllowed, stillCoveredBy: open.covers };
  }

  /** The bouncer's own word where it can be asked, else what the table and the allowlist say. */
  async #open(values: readonly Prefix[], gone: ReadonlySet<number>): Promise<{ isAllowed: boolean; covers: Cover[] }> {
    const [value] = values;
    if (value !== undefined && values.length === 1 && isAddress(value)) {
      const answer = await this.#parts.bouncer.lookup(value);
      if (answer.kind === 'ok') {
        const { verdict, enabled, policy, caddies, decisions } = answer.value;
        const isBlocked = verdict === 'banned' && enabled && policy === 'enforce';
        const isSettled = caddies.every(({ enforced }) => enforced !== 'pending');
        return { isAllowed: !isBlocked && isSettled, covers: decisions.filter(({ id }) => !gone.has(id)) };
      }
    }
    const allowlist = await this.#parts.allowlist().catch(() => []);
    const left = values.flatMap((prefix) => {
      const isAllowlisted = allowlist.some((entry) => covers(entry, prefix));
      return this.#covers(prefix, gone).map((cover) => ({ cover, isAllowlisted }));
    });
    const distinct = new Map(left.map(({ cover }) => [cover.id, cover]));
    return {
      isAllowed: left.every(({ isAllowlisted }) => isAllowlisted),
      covers: [...distinct.values()].slice(0, MOST_COVERS),
    };
  }

  #covers(value: Prefix, gone: ReadonlySet<number>): Cover[] {
    return this.#covering(value)
      .filter(({ id }) => !gone.has(id))
      .map(({ id, value: by, origin, scenario, until }) => ({
        id,
        value: by,
        origin,
        scenario,
        until: new Date(until).toISOString(),
      }));
  }

  #covering(value: Prefix): DecisionRow[] {
    const { rows } = this.#parts.table;
    return (coveringRows(rows, [value]).get(value) ?? []).map((slot) => rows.row(slot));
  }

  #rowOf(id: number): DecisionRow[] {
    const { rows } = this.#parts.table;
    const slot = rows.slotOf(id);
    return slot === undefined ? [] : [rows.row(slot)];
  }
}

function reasonOf(result: LapiFailure | { readonly kind: 'ok' }): string {
  return result.kind === 'ok' ? NO_SUCH_ID : result.message;
}

/** One sentence for people. */
export function unbanSentence({ deleted, confirmed, allowedAgain, stillCoveredBy, missing, tookMs }: Unbanned): string {
  const lifted = `${counted(deleted, 'decision', 'decisions')} lifted`;
  const [cover] = stillCoveredBy;
  if (allowedAgain) return `${lifted}: allowed again, ${(tookMs / 1_000).toFixed(1)} s`;
  if (!confirmed) return `${lifted}, not yet confirmed by Caddy: ${missing.join('; ')}`;
  if (cover === undefined) return `${lifted}; it is not known what they were about`;
  const more = stillCoveredBy.length > 1 ? ` and ${stillCoveredBy.length - 1} more` : '';
  return `${lifted}, but ${cover.value} ("${cover.scenario}", ${cover.origin}) still covers it${more}`;
}
