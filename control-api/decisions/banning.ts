import type { Prefix } from '../../bouncer/shared/net/prefix.ts';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import type { EventWriter } from '../events/event-writer.ts';
import { counted } from './ban-plan.ts';
import type { DecisionTable } from './decision-table.ts';
import type { Effect, EffectWatch } from './effect.ts';
import type { Added, Ban, LapiDecisions } from './lapi-decisions.ts';
import { coveringRows } from './prefix-matcher.ts';

export interface Banned extends Added, Effect {
  /** The decisions that this made, as far as they have come in: what would lift them again, and nothing else. */
  readonly ids: readonly number[];
  readonly tookMs: number;
}

interface BanningParts {
  readonly lapi: LapiDecisions;
  readonly table: DecisionTable;
  readonly effect: EffectWatch;
  readonly events: EventWriter;
  readonly clock: Clock;
}

/** Bans, and answers when Caddy blocks, or with what is missing. */
export class Banning {
  readonly #parts: BanningParts;

  constructor(parts: BanningParts) {
    this.#parts = parts;
  }

  async ban(ban: Ban): Promise<Banned> {
    const { lapi, effect, events, clock } = this.#parts;
    const startedAt = clock.monotonic();
    const startedWall = clock.wall();
    const { added, failed } = await lapi.add(ban);
    if (added.length === 0) return { added, failed, ids: [], confirmed: false, missing: [], tookMs: 0 };
    let made: readonly (readonly number[])[] = [];
    const isSeen = () => {
      made = this.#madeSince(startedWall, added);
      return made.every((ids) => ids.length > 0);
    };
    const settled = await effect.settle(isSeen, () => made.flat());
    const some = added.slice(0, 3).join(', ');
    events.write('ban', `banned ${counted(added.length, 'value', 'values')}: ${some} ("${ban.reason}")`, {
      values: added.slice(0, 20),
    });
    return { added, failed, ids: made.flat(), ...settled, tookMs: Math.round(clock.monotonic() - startedAt) };
  }

  /** The new decisions on each value that have come in; older ones may have been there before. */
  #madeSince(since: number, values: readonly Prefix[]): readonly (readonly number[])[] {
    const { table } = this.#parts;
    const { rows } = table;
    const covering = coveringRows(rows, values);
    const isNew = (slot: number, value: Prefix) =>
      (table.arrivalOf(rows.ids[slot] ?? -1) ?? 0) >= since && rows.value(slot) === value;
    return values.map((value) =>
      (covering.get(value) ?? []).filter((slot) => isNew(slot, value)).map((slot) => rows.ids[slot] ?? 0),
    );
  }
}
