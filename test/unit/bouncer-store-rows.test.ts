import { describe, expect, it } from 'vitest';
import { DecisionColumns, hashOf, readWhole } from '../../bouncer/shared/decisions/decision-columns.ts';
import { type DecisionList, pick } from '../../bouncer/shared/decisions/decision-list.ts';
import { DecisionRows } from '../../bouncer/decisions/decision-rows.ts';
import { ExpiryQueue } from '../../bouncer/decisions/expiry-queue.ts';
import { Labels } from '../../bouncer/shared/decisions/labels.ts';
import { RowTable } from '../../bouncer/decisions/row-table.ts';
import type { Prefix } from '../../bouncer/shared/net/prefix.ts';
import { prefixWords } from '../../bouncer/shared/net/read-prefix.ts';
import { decisionOf } from '../support/fake-decision.ts';

const ban = { origin: 'cscli', scenario: 'manual', type: 'ban' };

describe('a label', () => {
  it('has one number for all that share it, and another than any that differs', () => {
    const labels = new Labels();
    const number = labels.take(ban, 4);
    expect(labels.take({ ...ban }, 6)).toBe(number);
    const others = [{ origin: 'CAPI' }, { scenario: 'ssh' }, { type: 'captcha' }].map((change) =>
      labels.take({ ...ban, ...change }, 4),
    );
    expect(new Set([number, ...others]).size).toBe(4);
    expect(labels.at(number)).toMatchObject(ban);
    expect([...labels][0]?.count).toEqual({ 4: 1, 6: 1 });
  });

  it('is forgotten with the last that has it, and its number goes to the next', () => {
    const labels = new Labels();
    const number = labels.take(ban, 4);
    labels.take(ban, 6);
    labels.release(number, 4);
    expect([...labels].map(({ count }) => count)).toEqual([{ 4: 0, 6: 1 }]);
    labels.release(number, 6);
    expect([...labels]).toEqual([]);
    expect(() => labels.at(number)).toThrow(`no decision has label ${number}`);
    const captcha = { ...ban, type: 'captcha' };
    expect(labels.take(captcha, 4)).toBe(number);
    expect(labels.take(ban, 4)).not.toBe(number);
    expect(labels.at(number)).toMatchObject(captcha);
  });
});

describe('decisions in columns', () => {
  const first = decisionOf(1, '10.0.0.1');
  const second = decisionOf(2, '2001:db8::/48');

  it('end with the last', () => {
    const columns = new DecisionColumns();
    expect([columns.length, columns.at(0)]).toEqual([0, undefined]);
    columns.add(first);
    expect([columns.length, columns.at(0), columns.at(1)]).toEqual([1, first, undefined]);
  });

  it('have a row that was free for the next one', () => {
    const columns = new DecisionColumns();
    const [one, two, three] = [columns.add(first), columns.add(second), columns.add(first)];
    columns.remove(one);
    columns.remove(three);
    expect([columns.size, columns.length, columns.at(one), columns.isFree(three)]).toEqual([1, 3, undefined, true]);
    expect([...columns]).toEqual([second]);
    expect(new Set([columns.add(first), columns.add(first)])).toEqual(new Set([one, three]));
    expect(columns.add(second)).toBe(3);
    expect([...columns]).toEqual([columns.at(one), columns.at(two), columns.at(three), columns.at(3)]);
    expect(columns.size).toBe(4);
  });

  it('know which are on the same prefix: of the same family, length and address', () => {
    const columns = new DecisionColumns();
    const values = ['10.0.0.0/24', '10.0.0.0/25', 'a00::/24', '10.0.1.0/24', '2001:db8::1', '2001:db8::2'];
    const rows = values.map((value, id) => columns.add(decisionOf(id, value)));
    const again = values.map((value, id) => columns.add(decisionOf(id, value)));
    for (const [i, row] of rows.entries()) {
      const prefix = columns.prefixAt(row);
      expect(again.filter((other) => columns.areOnSame(row, other))).toEqual([again[i]]);
      expect(again.filter((other) => columns.isOn(other, readWhole(prefix, prefixWords())))).toEqual([again[i]]);
      expect(columns.hashAt(again[i]!)).toBe(hashOf(readWhole(prefix, prefixWords())));
    }
  });

  it('take only what is a prefix', () => {
    expect(() => new DecisionColumns().add({ ...first, prefix: '10.0.0.300' as Prefix })).toThrow(
      'not a prefix: 10.0.0.300',
    );
  });

  it('are spread by their hash, so that neighbours do not meet', () => {
    const places = Array.from({ length: 512 }, (_, i) => {
      const words = prefixWords();
      readWhole(`10.0.${i >>> 8}.${i & 255}` as Prefix, words);
      return hashOf(words) & 1_023;
    });
    const fullest = Math.max(...places.map((place) => places.filter((other) => other === place).length));
    expect(fullest).toBeLessThan(12);
    expect(new Set(places).size).toBeGreaterThan(250);
  });
});

describe('what is picked of a list', () => {
  const all = [1, 2, 3, 4, 5].map((id) => decisionOf(id, `10.0.0.${id}`));

  it('is a list of its own, in the same order', () => {
    const odd = pick(all, ({ id }) => id % 2 === 1);
    expect(odd.length).toBe(3);
    expect([odd.at(0), odd.at(2), odd.at(3), odd.at(-1)]).toEqual([all[0], all[4], undefined, all[4]]);
    expect([...odd]).toEqual([all[0], all[2], all[4]]);
    expect([...pick(odd, ({ id }) => id > 1)]).toEqual([all[2], all[4]]);
    expect([...pick(all, () => false)]).toEqual([]);
  });

  it('is the list itself when all are wanted', () => {
    expect(pick(all, () => true)).toBe(all);
  });

  it('leaves out a decision that has gone meanwhile', () => {
    const list: DecisionList = Object.assign([...all], { at: (i: number) => (i === 1 ? undefined : all[i]) });
    expect([...pick(list, ({ id }) => id < 4)]).toEqual([all[0], all[2]]);
  });
});

describe('rows in a table', () => {
  it('are found again although they share a hash, while others come and go', () => {
    // Of 400 rows, all that are equal modulo seven have a hash in common, at the end of the table and over it.
    const hashOfRow = (row: number) => 0xffff_fffc + (row % 7);
    const table = new RowTable(hashOfRow);
    const live = new Set<number>();
    const find = (row: number) => table.find(hashOfRow(row), (other) => other === row);
    const expectExactly = () => {
      const found = Array.from({ length: 400 }, (_, row) => row).filter((row) => find(row) === row);
      expect(found).toEqual([...live].sort((a, b) => a - b));
    };
    expectExactly();
    for (const [from, to, step] of [
      [0, 30, 1],
      [0, 400, 3],
      [0, 200, 2],
      [1, 400, 5],
      [0, 400, 1],
    ] as const) {
      for (let row = from; row < to; row += step) {
        if (live.delete(row)) table.remove(row);
        else {
          live.add(row);
          table.add(row);
        }
      }
      expectExactly();
    }
    for (const row of live) table.remove(row);
    live.clear();
    expectExactly();
  });

  it('may change places with others of the same hash', () => {
    const table = new RowTable(() => 5);
    for (const row of [0, 1, 2]) table.add(row);
    table.replace(1, 7);
    const found = [0, 1, 2, 7].map((row) => table.find(5, (other) => other === row));
    expect(found).toEqual([0, undefined, 2, 7]);
    expect(() => table.remove(1)).toThrow('row 1 is not in the table');
  });
});

describe('decisions on one prefix', () => {
  it.each([0, 1, 2, 3])('stay, in their order, when the one at place %d is lifted', (place) => {
    const rows = new DecisionRows();
    const value = '203.0.113.9';
    const four = [1, 2, 3, 4].map((id) => rows.add(decisionOf(id, value)));
    const other = rows.add(decisionOf(5, '203.0.113.10'));
    const idsOn = (prefix: string) => rows.on(prefix as Prefix).map((row) => rows.columns.idAt(row));
    rows.remove(four[place]!);
    const left = [1, 2, 3, 4].filter((id) => id !== place + 1);
    expect([idsOn(value), idsOn('203.0.113.10')]).toEqual([left, [5]]);
    rows.add(decisionOf(6, value));
    expect(idsOn(value)).toEqual([...left, 6]);
    rows.remove(other);
    expect(idsOn('203.0.113.10')).toEqual([]);
  });
});

describe('rows in the order in which they run out', () => {
  it('come out soonest first, whatever came, moved and went before', () => {
    const ends = Array.from({ length: 200 }, (_, row) => (row * 73) % 211);
    const queue = new ExpiryQueue((row) => ends[row]!);
    expect(queue.soonest).toBeUndefined();
    for (let row = 0; row < 200; row++) {
      queue.add(row);
      expect(ends[queue.soonest!]).toBe(Math.min(...ends.slice(0, row + 1)));
    }
    for (let row = 0; row < 200; row += 7) queue.remove(row);
    for (let row = 1; row < 200; row += 7) {
      ends[row] = (row * 31) % 223;
      queue.moved(row);
    }
    const left = ends.filter((_, row) => row % 7 !== 0).toSorted((a, b) => a - b);
    const drained = left.map(() => {
      const row = queue.soonest!;
      queue.remove(row);
      return ends[row];
    });
    expect(drained).toEqual(left);
    expect(queue.soonest).toBeUndefined();
  });
});
