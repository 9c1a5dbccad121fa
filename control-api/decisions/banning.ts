import type { Prefix } from '../../bouncer/shared/net/prefix.ts';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import type { EventWriter } from '../events/event-writer.ts';
import { counted } from './ban-plan.ts';
import type { DecisionTable } from './decision-table.ts';
import type { Effect, EffectWatch } from './effect.ts';
import type { Added, Ban, LapiDecisions } from './lapi-decisions.ts';
import { coveringRows } from './prefix-matcher.ts';

export interface Banned extends Added, Effect {
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
    if (added.length === 0) return { added, failed, confirmed: false, missing: [], tookMs: 0 };
    const settled = await effect.settle(() => this.#areShown(added, startedWall));
    const some = added.slice(0, 3).join(', ');
    events.write('ban', `banned ${counted(added.length, 'value', 'values')}: ${some} ("${ban.reason}")`, {
      values: added.slice(0, 20),
    });
    return { added, failed, ...settled, tookMs: Math.round(clock.monotonic() - startedAt) };
  }

  /** Whether a new decision on each of them has come in; older ones may have been there before. */
  #areShown(values: readonly Prefix[], since: number): boolean {
    const { table } = this.#parts;
    const { rows } = table;
    const covering = coveringRows(rows, values);
    return values.every((value) =>
      covering
        .get(value)
        ?.some((slot) => (table.arrivalOf(rows.ids[slot] ?? -1) ?? 0) >= since && rows.value(slot) === value),
    );
  }
}
