import { setTimeout as sleep } from 'node:timers/promises';
import type { Prefix } from '../../bouncer/shared/net/prefix.ts';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import type { LapiFailure, LapiResult, MachineClient } from '../crowdsec/machine-client.ts';
import { manualBanAlert } from '../crowdsec/manual-ban.ts';

export interface Ban {
  readonly values: readonly Prefix[];
  readonly durationMs: number;
  readonly type: string;
  readonly reason: string;
}

export interface Added {
  readonly added: readonly Prefix[];
  readonly failed: readonly { readonly value: Prefix; readonly failure: LapiFailure }[];
}

/** Alerts in one request: LAPI stores them one after the other, and a failure costs a look at each. */
const AT_ONCE = 50;

const MOST_TRIES = 4;
const WAIT_MS = 150;

/**
 * Adds and deletes decisions in LAPI. With SQLite, LAPI may say `database is locked` of a decision that it did store:
 * whoever simply asked again would ban twice, so what is there is looked up first.
 */
export class LapiDecisions {
  readonly #machine: MachineClient;
  readonly #clock: Clock;

  constructor(machine: MachineClient, clock: Clock) {
    this.#machine = machine;
    this.#clock = clock;
  }

  async add(ban: Ban): Promise<Added> {
    const added: Prefix[] = [];
    const failed: { value: Prefix; failure: LapiFailure }[] = [];
    for (let from = 0; from < ban.values.length; from += AT_ONCE) {
      const values = ban.values.slice(from, from + AT_ONCE);
      const at = this.#now();
      const result = await this.#post({ ...ban, values }, at);
      if (result.kind === 'ok') added.push(...values);
      else if (isLocked(result)) {
        for (const value of values) {
          const failure = await this.#addOne({ ...ban, values: [value] }, value, at, result);
          if (failure === undefined) added.push(value);
          else failed.push({ value, failure });
        }
      } else {
        // Nothing speaks for the rest: LAPI is gone, or refuses us.
        failed.push(...ban.values.slice(from).map((value) => ({ value, failure: result })));
        break;
      }
    }
    return { added, failed };
  }

  /** @returns how many were deleted: 0 when there was none. */
  delete(id: number): Promise<LapiResult<number>> {
    return insisted(() => this.#machine.deleteDecision(id));
  }

  /** Every decision on exactly this spelling. */
  deleteOn(value: string): Promise<LapiResult<number>> {
    return insisted(() => this.#machine.deleteDecisionsOn(value));
  }

  #now(): Date {
    return new Date(this.#clock.wall());
  }

  #post({ values, ...ban }: Ban, at: Date): Promise<LapiResult<string[]>> {
    return this.#machine.addAlerts(values.map((prefix) => manualBanAlert({ prefix, ...ban }, at)));
  }

  /** @returns why it could not be added. */
  async #addOne(ban: Ban, value: Prefix, firstAt: Date, first: LapiFailure): Promise<LapiFailure | undefined> {
    let failure = first;
    let at = firstAt;
    for (let attempt = 1; attempt < MOST_TRIES; attempt++) {
      const isThere = await this.#isThere(value, at);
      if (isThere.kind !== 'ok') return isThere;
      if (isThere.value) return undefined;
      await sleep(WAIT_MS * attempt);
      at = this.#now();
      const result = await this.#post(ban, at);
      if (result.kind === 'ok') return undefined;
      if (!isLocked(result)) return result;
      failure = result;
    }
    const isThere = await this.#isThere(value, at);
    return isThere.kind === 'ok' && isThere.value ? undefined : failure;
  }

  /** Whether LAPI stored the ban that was sent at this time: alerts keep the second that we gave them. */
  async #isThere(value: Prefix, at: Date): Promise<LapiResult<boolean>> {
    const alerts = await this.#machine.alerts({ value, origin: 'cscli' }, 20);
    if (alerts.kind !== 'ok') return alerts;
    const second = at.toISOString().slice(0, 19);
    // 1.4.6 writes `2026-11-22 13:17:53 +0000 UTC`.
    return {
      kind: 'ok',
      value: alerts.value.some((alert) => alert.start_at.slice(0, 19).replace(' ', 'T') === second),
    };
  }
}

export function isLocked(failure: LapiFailure): boolean {
  return failure.kind === 'refused' && failure.status === 500 && /database (table )?is locked/i.test(failure.message);
}

/** Deleting twice changes nothing, so it is asked again; what the first try deleted is not there for the second. */
async function insisted(work: () => Promise<LapiResult<number>>): Promise<LapiResult<number>> {
  for (let attempt = 1; ; attempt++) {
    const result = await work();
    if (result.kind === 'ok') return attempt > 1 && result.value === 0 ? { kind: 'ok', value: 1 } : result;
    if (!isLocked(result) || attempt === MOST_TRIES) return result;
    await sleep(WAIT_MS * attempt);
  }
}
