import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { comparePrefixes, covers } from '../../bouncer/shared/net/prefix.ts';
import { type DecisionRow, DecisionRows } from '../../control-api/decisions/decision-rows.ts';
import type { enforcement } from '../../control-api/decisions/enforcement.ts';
import { enforcedRows } from '../../control-api/decisions/enforcement.ts';
import { decodeCursor, encodeCursor } from '../../control-api/decisions/page-cursor.ts';
import { coveredBy, coveringRows } from '../../control-api/decisions/prefix-matcher.ts';
import type { RowFilter } from '../../control-api/decisions/row-filter.ts';
import { type Column, COLUMNS, rowOrder } from '../../control-api/decisions/row-order.ts';
import { matchingSlots, rowPage } from '../../control-api/decisions/row-page.ts';
import { decisionOf, prefixOf } from '../support/fake-decision.ts';
import { anyPrefix } from '../support/fake-prefixes.ts';
import { bouncerStatus, caddyStatus } from './control-api-bouncers.ts';
import { manyDecisions, somePlaces } from './control-api-decisions-fakes.ts';

function tableOf(decisions: Iterable<Parameters<DecisionRows['put']>[0]>): DecisionRows {
  const rows = new DecisionRows();
  for (const decision of decisions) rows.put(decision, 0);
  rows.locate(somePlaces, Number.POSITIVE_INFINITY);
  return rows;
}

/** Only single addresses are enforced here, so that the column has something to sort. */
const enforcedWhen = (rows: DecisionRows) => (slot: number) => rows.isAddress(slot);

/** All pages, one after the other; `between` happens after each. */
function allPages(rows: DecisionRows, column: Column, isDescending: boolean, between: () => void = () => undefined) {
  const ids: number[] = [];
  let cursor: string | undefined;
  while (ids.length <= 2 * rows.size) {
    const order = rowOrder(rows, column, isDescending, enforcedWhen(rows));
    const begin = cursor === undefined ? undefined : decodeCursor(cursor, { column, isDescending });
    const page = rowPage(rows, {}, order, 7, begin && order.after(begin.key, begin.id));
    ids.push(...page.slots.map((slot) => rows.ids[slot] ?? -1));
    const last = page.slots.at(-1);
    if (page.isLast || last === undefined) return ids;
    cursor = encodeCursor({ column, isDescending, key: order.keyOf(last), id: rows.ids[last] ?? -1 });
    between();
  }
  throw new Error('the pages have no end');
}

/** The same, sorted the slow way. */
function slowly(rows: DecisionRows, column: Column, isDescending: boolean): number[] {
  const all = Array.from({ length: rows.size }, (_, slot) => rows.row(slot));
  const text = (value: string | null) => value ?? '\uffff';
  const byText = (a: string | null, b: string | null) => (text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0);
  const compare = (a: DecisionRow, b: DecisionRow): number => {
    switch (column) {
      case 'value':
        return comparePrefixes(a.value, b.value);
      case 'until':
      case 'duration':
        return a.until - b.until;
      case 'enforced':
        return Number(a.scope === 'Ip') - Number(b.scope === 'Ip');
      case 'id':
        return 0;
      default:
        return byText(a[column], b[column]);
    }
  };
  const sign = isDescending ? -1 : 1;
  return all.sort((a, b) => sign * (compare(a, b) || a.id - b.id)).map(({ id }) => id);
}

describe('pages of decisions', () => {
  let rows: DecisionRows;
  beforeEach(() => {
    rows = tableOf(manyDecisions(200));
  });

  it.each(COLUMNS.flatMap((column) => [[column, false] as const, [column, true] as const]))(
    'by %s (descending: %s) are the whole set in order, each row once',
    (column, isDescending) => {
      expect(allPages(rows, column, isDescending)).toEqual(slowly(rows, column, isDescending));
    },
  );

  it.each(COLUMNS)('by %s stay in order, and lose nothing that stays, while rows come and go', (column) => {
    const changing = tableOf(manyDecisions(150));
    const fresh = [...manyDecisions(300, 2)].slice(150)[Symbol.iterator]();
    const gone = new Set<number>();
    const ids = allPages(changing, column, true, () => {
      const random = changing.ids[changing.size >> 1] ?? -1;
      changing.remove(random);
      gone.add(random);
      const next = fresh.next();
      if (next.done !== true) changing.put(next.value, 0);
    });
    expect(new Set(ids).size).toBe(ids.length);
    const stayed = Array.from({ length: 150 }, (_, i) => i + 1).filter((id) => !gone.has(id));
    expect(ids).toEqual(expect.arrayContaining(stayed));
  });

  it('go on where they were when the last row is gone, and everything like it', () => {
    const few = tableOf([
      decisionOf(1, '1.2.3.4', { scenario: 'd' }),
      decisionOf(2, '1.2.3.4', { scenario: 'b' }),
      decisionOf(3, '1.2.3.4', { scenario: 'b' }),
    ]);
    const after = (isDescending: boolean, key: string, id: number) => {
      const isAfter = rowOrder(few, 'scenario', isDescending, () => true).after(key, id);
      return [0, 1, 2].filter((slot) => isAfter?.(slot)).map((slot) => few.ids[slot]);
    };
    expect(['a', 'b', 'c', 'd', 'e'].map((key) => after(false, key, 2))).toEqual([[1, 2, 3], [1, 3], [1], [], []]);
    expect(['a', 'b', 'c', 'd', 'e'].map((key) => after(true, key, 2))).toEqual([[], [], [2, 3], [1, 2, 3], [1, 2, 3]]);
  });

  it('have decisions on one value in the order of their ids', () => {
    const few = tableOf([3, 1, 2].map((id) => decisionOf(id, '1.2.3.4')));
    expect(allPages(few, 'value', false)).toEqual([1, 2, 3]);
    expect(allPages(few, 'value', true)).toEqual([3, 2, 1]);
    for (const column of ['value', 'until', 'scenario'] as const) {
      const ways = [false, true].map((isDescending) => rowOrder(few, column, isDescending, () => true).isDescending);
      expect(ways, 'whence the rows are walked').toEqual([false, true]);
    }
  });

  it('count the whole set, and each facet as if its own choice were not made', () => {
    const few = tableOf([
      decisionOf(1, '1.2.3.4', { origin: 'CAPI' }),
      decisionOf(2, '1.2.3.5', { origin: 'cscli' }),
      decisionOf(3, '2.2.3.0/24', { origin: 'lists:firehol', type: 'captcha' }),
    ]);
    const order = rowOrder(few, 'id', false, () => true);
    const page = rowPage(few, { origin: ['community'] }, order, 10);
    expect(page).toMatchObject({
      matching: 1,
      isLast: true,
      facets: { origin: { CAPI: 1, cscli: 1, 'lists:firehol': 1 }, type: { ban: 1 } },
    });
  });

  it.each<[RowFilter, number[]]>([
    [{}, [1, 2, 3, 4]],
    [{ q: '1.2.3.4' }, [1, 3]],
    [{ q: '1[.]2[.]3[.]4' }, [1, 3]],
    [{ q: '1.2.0.0/16' }, [1, 3]],
    [{ q: '2.3' }, [1, 3]],
    [{ q: '  PROBING ' }, [2]],
    [{ q: '::1' }, []],
    [{ q: 'db8' }, [4]],
    [{ origin: ['capi'] }, [2]],
    [{ origin: ['community', 'lists'] }, [2, 3]],
    [{ type: ['BAN'] }, [1, 2, 4]],
    [{ scope: ['range'] }, [3, 4]],
    [{ type: ['ban'], scope: ['ip'], origin: ['local'] }, [1]],
  ])('are narrowed by %j', (filter, ids) => {
    const few = tableOf([
      decisionOf(1, '1.2.3.4'),
      decisionOf(2, '9.9.9.9', { origin: 'CAPI', scenario: 'http-probing' }),
      decisionOf(3, '1.2.3.0/24', { origin: 'lists:firehol', type: 'captcha' }),
      decisionOf(4, '2001:db8::/32', {}),
    ]);
    expect(matchingSlots(few, filter).map((slot) => few.ids[slot])).toEqual(ids);
  });

  it('refuse a cursor of another order, and one that nobody gave', () => {
    const cursor = encodeCursor({ column: 'value', isDescending: false, key: '1.2.3.4', id: 1 });
    expect(() => decodeCursor(cursor, { column: 'value', isDescending: true })).toThrow('another order');
    for (const text of ['', 'x', cursor.slice(1), Buffer.from('["id",false,{},1]').toString('base64url')]) {
      expect(() => decodeCursor(text, { column: 'value', isDescending: false })).toThrow('not a cursor');
    }
    expect(rowOrder(rows, 'value', false, () => true).after('no address', 1)).toBeUndefined();
    expect(rowOrder(rows, 'country', false, () => true).after(7, 1)).toBeUndefined();
    expect(rowOrder(rows, 'until', false, () => true).after('x', 1)).toBeUndefined();
  });
});

describe('the columns', () => {
  it('keep what was put last, whatever went before', () => {
    const change = fc.record({ id: fc.integer({ min: 1, max: 20 }), isGone: fc.boolean(), prefix: anyPrefix });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const columns = new DecisionRows();
        const map = new Map<number, string>();
        for (const { id, isGone, prefix } of changes) {
          if (isGone) {
            expect(columns.remove(id)).toBe(map.delete(id));
            continue;
          }
          columns.put(decisionOf(id, prefix), 0);
          map.set(id, prefix);
        }
        const found = Array.from({ length: columns.size }, (_, slot) => columns.row(slot));
        expect(new Map(found.map((row) => [row.id, row.value as string]))).toEqual(map);
        for (const row of found) expect(columns.value(columns.slotOf(row.id) ?? -1)).toBe(row.value);
      }),
    );
  });

  it('drop what has run out, and only that', () => {
    const columns = tableOf(manyDecisions(2_000));
    const alive = [...manyDecisions(2_000)].filter(({ expiresAt }) => expiresAt > 5e8).map(({ id }) => id);
    expect(columns.expire(5e8)).toBe(2_000 - alive.length);
    expect(new Set(columns.ids.subarray(0, columns.size))).toEqual(new Set(alive));
    expect(columns.expire(5e8)).toBe(0);
  });

  it('look every address up once, however often rows move', () => {
    const columns = new DecisionRows();
    for (const decision of manyDecisions(1_000)) columns.put(decision, 0);
    expect(columns.isLocated).toBe(false);
    while (!columns.locate(somePlaces, 0)) columns.remove(columns.ids[3] ?? -1);
    for (let slot = 0; slot < columns.size; slot++) {
      expect(columns.row(slot).country).toBe(somePlaces.find(columns.firstAddress(slot)).country);
    }
  });

  it('find all that covers a prefix, and all that a prefix covers', () => {
    const lists = fc.tuple(fc.array(anyPrefix, { maxLength: 12 }), fc.array(anyPrefix, { maxLength: 6 }));
    fc.assert(
      fc.property(lists, ([held, asked]) => {
        const columns = new DecisionRows();
        for (const [i, prefix] of held.entries()) columns.put(decisionOf(i + 1, prefix), 0);
        const found = coveringRows(columns, asked);
        for (const prefix of asked) {
          const expected = held.flatMap((outer, slot) => (covers(outer, prefix) ? [slot] : []));
          expect(found.get(prefix)).toEqual(expected);
        }
        const match = coveredBy(columns, asked);
        for (const [slot, inner] of held.entries()) {
          expect(match(slot) !== undefined).toBe(asked.some((outer) => covers(outer, inner)));
        }
      }),
    );
  });
});

describe('whether a decision is enforced', () => {
  let rows: DecisionRows;
  beforeEach(() => {
    rows = tableOf([decisionOf(1, '1.2.3.4'), decisionOf(2, '9.9.9.9')]);
  });
  const arrivalOf = () => undefined;
  const at = (bouncers: Parameters<typeof enforcement>[0], more: object = {}) => {
    const enforced = enforcedRows(rows, { bouncers, allowlist: [], arrivalOf, notedSince: 0, ...more });
    return [enforced(0), enforced(1)];
  };

  it('is true where every Caddy is in sync', () => {
    expect(at([bouncerStatus({ caddies: [caddyStatus()] })])).toEqual([true, true]);
  });

  it.each(['pushing', 'unreachable', 'rejected', 'unknown'] as const)('is pending while a Caddy is %s', (state) => {
    expect(at([bouncerStatus({ caddies: [caddyStatus(), caddyStatus({ state })] })])).toEqual(['pending', 'pending']);
  });

  it('stays true for what a Caddy holds since its last push, while it takes newer rules', () => {
    const pushing = { state: 'pushing', last_push_at: '2026-01-01T00:00:10.000Z' } as const;
    const lastPush = Date.parse(pushing.last_push_at);
    const more = { arrivalOf: (id: number) => (id === 2 ? lastPush + 1 : undefined), notedSince: lastPush - 1 };
    expect(at([bouncerStatus({ caddies: [caddyStatus(pushing)] })], more)).toEqual([true, 'pending']);
    const late = { ...more, notedSince: lastPush + 1 };
    expect(at([bouncerStatus({ caddies: [caddyStatus(pushing)] })], late)).toEqual(['pending', 'pending']);
    const failing = caddyStatus({ ...pushing, error: 'somebody else keeps changing it' });
    expect(at([bouncerStatus({ caddies: [failing] })], more)).toEqual(['pending', 'pending']);
    const switched = bouncerStatus({ change: 'newer', caddies: [caddyStatus(pushing)] });
    expect(at([switched], more)).toEqual(['pending', 'pending']);
  });

  it('is false for what the bouncer spares by its own allowlist, or lets pass by FALLBACK_REMEDIATION', () => {
    const one = bouncerStatus({ caddies: [caddyStatus()] });
    const sparing = { ...one, settings: { ...one.settings, allowlist: ['9.9.9.0/24'] } };
    expect(at([sparing])).toEqual([true, false]);
    const captchas = tableOf([decisionOf(1, '1.2.3.4', { type: 'captcha' }), decisionOf(2, '9.9.9.9')]);
    const lenient = { ...one, settings: { ...one.settings, fallback: 'allow' as const } };
    const enforced = enforcedRows(captchas, { bouncers: [lenient], allowlist: [], arrivalOf, notedSince: 0 });
    expect([enforced(0), enforced(1)]).toEqual([false, true]);
  });

  it('is pending while no bouncer, or no Redis, can say', () => {
    expect(at([])).toEqual(['pending', 'pending']);
    expect(at(undefined)).toEqual(['pending', 'pending']);
  });

  it('is false when protection is off, when it only watches, and without a Caddy', () => {
    const caddies = [caddyStatus()];
    expect(at([bouncerStatus({ caddies, settings: { enabled: false, policy: 'enforce' } })])).toEqual([false, false]);
    expect(at([bouncerStatus({ caddies, settings: { enabled: true, policy: 'monitor' } })])).toEqual([false, false]);
    expect(at([bouncerStatus()])).toEqual([false, false]);
  });

  it('is false for what the allowlist covers', () => {
    const bouncers = [bouncerStatus({ caddies: [caddyStatus()] })];
    expect(at(bouncers, { allowlist: [prefixOf('1.2.0.0/16')] })).toEqual([false, true]);
    expect(at(bouncers, { allowlist: [prefixOf('1.2.3.5')] })).toEqual([true, true]);
  });

  it('is pending for what came in after the bouncer spoke last', () => {
    const spoken = bouncerStatus({ caddies: [caddyStatus()], updated_at: '2026-01-01T00:00:10.000Z' });
    const seenAt = Date.parse('2026-01-01T00:00:11.000Z');
    expect(at([spoken], { arrivalOf: (id: number) => (id === 2 ? seenAt : undefined) })).toEqual([true, 'pending']);
  });
});
