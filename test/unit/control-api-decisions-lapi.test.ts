import { describe, expect, it } from 'vitest';
import type { Alert } from '../../control-api/crowdsec/alerts.ts';
import type { LapiResult, MachineClient } from '../../control-api/crowdsec/machine-client.ts';
import { type Ban, LapiDecisions } from '../../control-api/decisions/lapi-decisions.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { prefixOf } from '../support/fake-decision.ts';

const LOCKED = {
  kind: 'refused',
  status: 500,
  message: 'insert bulk alert in transaction: database is locked: unable to insert',
  hint: '',
} as const;
const GONE = { kind: 'unreachable', message: 'LAPI not available: connection refused', hint: '' } as const;

/** LAPI on SQLite: some requests are answered with an error, whether or not they were carried out. */
class LockedLapi {
  readonly stored: { value: string; start_at: string }[] = [];
  requests = 0;
  /** What happens to each request, in order; after that, all is well. */
  readonly #moods: ('locked but stored' | 'locked' | 'gone')[];

  constructor(moods: LockedLapi['moods']) {
    this.#moods = [...moods];
  }

  get moods() {
    return this.#moods;
  }

  addAlerts(alerts: readonly unknown[]): Promise<LapiResult<string[]>> {
    this.requests++;
    const mood = this.#moods.shift();
    if (mood === 'gone') return Promise.resolve(GONE);
    if (mood !== 'locked') {
      for (const alert of alerts as { source: { value: string }; start_at: string }[]) {
        this.stored.push({ value: alert.source.value, start_at: alert.start_at });
      }
    }
    return Promise.resolve(mood === undefined ? { kind: 'ok', value: ['1'] } : LOCKED);
  }

  alerts({ value }: Record<string, string | undefined>): Promise<LapiResult<Alert[]>> {
    // As 1.4.6 writes the times that it was given.
    const found = this.stored
      .filter((alert) => alert.value === value)
      .map((alert) => ({ start_at: alert.start_at.replace('T', ' ').replace('Z', ' +0000 UTC') }));
    return Promise.resolve({ kind: 'ok', value: found as Alert[] });
  }

  deleteDecision(id: number): Promise<LapiResult<number>> {
    this.requests++;
    const mood = this.#moods.shift();
    return Promise.resolve(mood === undefined ? { kind: 'ok', value: id % 2 } : mood === 'gone' ? GONE : LOCKED);
  }
}

const decisionsOn = (lapi: LockedLapi) => new LapiDecisions(lapi as unknown as MachineClient, new FakeClock());

const ban = (...values: string[]): Ban => ({
  values: values.map(prefixOf),
  durationMs: 1_000,
  type: 'ban',
  reason: 'r',
});

describe('a ban while LAPI’s database is locked', () => {
  it('is not sent again when it was stored in spite of the error', async () => {
    const lapi = new LockedLapi(['locked but stored']);
    expect(await decisionsOn(lapi).add(ban('1.2.3.4', '1.2.3.5'))).toEqual({
      added: ['1.2.3.4', '1.2.3.5'],
      failed: [],
    });
    expect(lapi.stored.map(({ value }) => value)).toEqual(['1.2.3.4', '1.2.3.5']);
  });

  it('is sent again when it was not, one by one, until it is there', async () => {
    const lapi = new LockedLapi(['locked', 'locked but stored', 'locked']);
    expect(await decisionsOn(lapi).add(ban('1.2.3.4', '1.2.3.5'))).toEqual({
      added: ['1.2.3.4', '1.2.3.5'],
      failed: [],
    });
    expect(lapi.stored.map(({ value }) => value)).toEqual(['1.2.3.4', '1.2.3.5']);
  });

  it('is given up after some tries, and named', async () => {
    const lapi = new LockedLapi(Array.from({ length: 9 }, () => 'locked' as const));
    const result = await decisionsOn(lapi).add(ban('1.2.3.4'));
    expect(result).toMatchObject({ added: [], failed: [{ value: '1.2.3.4', failure: LOCKED }] });
    expect(lapi.requests).toBe(4);
  });

  it('ends at once when LAPI goes away; what was added before is told', async () => {
    const lapi = new LockedLapi([]);
    const values = Array.from({ length: 60 }, (_, i) => `1.2.3.${i}`);
    const decisions = decisionsOn(lapi);
    lapi.moods.push(undefined as never, 'gone');
    const result = await decisions.add(ban(...values));
    expect(result.added).toHaveLength(50);
    expect(result.failed).toHaveLength(10);
    expect(result.failed[0]?.failure).toEqual(GONE);
  });
});

describe('an unban while LAPI’s database is locked', () => {
  it('is asked again, and counts what the first try has lifted', async () => {
    expect(await decisionsOn(new LockedLapi(['locked but stored'])).delete(2)).toEqual({ kind: 'ok', value: 1 });
    expect(await decisionsOn(new LockedLapi([])).delete(2)).toEqual({ kind: 'ok', value: 0 });
  });

  it('is given up after some tries, and at once when LAPI is gone', async () => {
    const locked = new LockedLapi(Array.from({ length: 9 }, () => 'locked' as const));
    expect(await decisionsOn(locked).delete(1)).toEqual(LOCKED);
    expect(locked.requests).toBe(4);
    const gone = new LockedLapi(['gone']);
    expect(await decisionsOn(gone).delete(1)).toEqual(GONE);
    expect(gone.requests).toBe(1);
  });
});
