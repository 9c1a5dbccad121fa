import { beforeEach, describe, expect, it } from 'vitest';
import { DecisionRows } from '../../control-api/decisions/decision-rows.ts';
import { Unbanning } from '../../control-api/decisions/unbanning.ts';
import { decisionOf, prefixOf } from '../support/fake-decision.ts';
import { FakeClock } from '../support/fake-clock.ts';

const ADDRESS = prefixOf('192.0.2.1');
const GONE = { kind: 'unreachable', message: 'LAPI is gone', hint: 'start it' } as const;

let rows: DecisionRows;
/** How many deletions LAPI still answers. */
let answers: number;
let asked: string[];
let events: string[];
let unbanning: Unbanning;

beforeEach(() => {
  rows = new DecisionRows();
  for (const id of [1, 2, 3]) rows.put({ ...decisionOf(id, ADDRESS), expiresAt: 9e9 }, 0);
  answers = Number.POSITIVE_INFINITY;
  [asked, events] = [[], []];
  const answer = (what: string, counted: number) => {
    asked.push(what);
    return Promise.resolve(answers-- > 0 ? ({ kind: 'ok', value: counted } as const) : GONE);
  };
  /** The bouncer has seen what LAPI lifted. */
  const settle = () => {
    for (const what of asked.slice(0, -1)) rows.remove(Number(what));
    return Promise.resolve({ confirmed: true, missing: [], tookMs: 5 });
  };
  const parts = {
    lapi: { delete: (id: number) => answer(String(id), 1), deleteOn: (value: string) => answer(value, 0) },
    table: { rows, catchUp: () => Promise.resolve() },
    effect: { settle },
    bouncer: { lookup: () => Promise.resolve({ kind: 'gone' }) },
    allowlist: () => Promise.resolve([]),
    events: { write: (_: string, text: string) => void events.push(text) },
    clock: new FakeClock(),
  };
  unbanning = new Unbanning(parts as unknown as ConstructorParameters<typeof Unbanning>[0]);
});

describe('lifting everything on an address', () => {
  it('lifts each decision that is known, and those that are not', async () => {
    const result = await unbanning.value(ADDRESS);
    expect(asked).toEqual(['1', '2', '3', ADDRESS]);
    expect(result).toMatchObject({ kind: 'unbanned', outcome: { deleted: 3, failed: [], allowedAgain: true } });
  });

  it('of which LAPI lifted a part before it went away, tells that part, and what still covers the address', async () => {
    answers = 2;
    const result = await unbanning.value(ADDRESS);
    expect(asked).toEqual(['1', '2', '3']);
    expect(result).toMatchObject({
      kind: 'unbanned',
      outcome: {
        deleted: 2,
        lifted: [{ id: 1 }, { id: 2 }],
        failed: [{ id: 3, value: ADDRESS, reason: 'LAPI is gone' }],
        allowedAgain: false,
        stillCoveredBy: [{ id: 3 }],
      },
    });
    expect(events).toEqual(['lifted 2 decisions: 192.0.2.1']);
  });

  it('of which LAPI lifted nothing is LAPI’s failure, and no event', async () => {
    answers = 0;
    expect(await unbanning.value(ADDRESS)).toEqual({ kind: 'lapi', failure: GONE });
    expect(events).toEqual([]);
  });
});
