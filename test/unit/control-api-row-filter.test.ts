/** Which decisions a search and the facets leave; what somebody types is not spelled as we would spell it. */
import { beforeEach, describe, expect, it } from 'vitest';
import { DecisionRows } from '../../control-api/decisions/decision-rows.ts';
import type { Place } from '../../control-api/decisions/places.ts';
import type { RowFilter } from '../../control-api/decisions/row-filter.ts';
import { rowOrder } from '../../control-api/decisions/row-order.ts';
import { matchingSlots, rowPage } from '../../control-api/decisions/row-page.ts';
import { decisionOf } from '../support/fake-decision.ts';

const PLACES: Readonly<Record<string, Place>> = {
  '1': { country: 'DE', as_name: 'Hetzner Online' },
  '2': { country: 'FR', as_name: 'OVH SAS' },
};
const NOWHERE: Place = { country: null, as_name: null };

function tableOf(...decisions: readonly ReturnType<typeof decisionOf>[]): DecisionRows {
  const rows = new DecisionRows();
  for (const decision of decisions) rows.put(decision, 0);
  rows.locate({ find: (address) => PLACES[address.slice(0, 1)] ?? NOWHERE }, Number.POSITIVE_INFINITY);
  return rows;
}

const left = (rows: DecisionRows, filter: RowFilter) => matchingSlots(rows, filter).map((slot) => rows.ids[slot]);

describe('of decisions', () => {
  let rows: DecisionRows;
  beforeEach(() => {
    rows = tableOf(
      decisionOf(1, '1.2.3.4', { scenario: 'Crowdsecurity/SSH-bf', origin: 'crowdsec' }),
      decisionOf(2, '2.3.4.0/24', { scenario: 'abc', origin: 'lists:Firehol', type: 'Captcha' }),
      decisionOf(3, '9.9.9.9', { scenario: 'by hand', origin: 'CAPI' }),
    );
  });

  it.each<[string, readonly number[]]>([
    ['', [1, 2, 3]],
    ['   ', [1, 2, 3]],
    ['ssh-BF', [1]],
    ['FIREHOL', [2]],
    ['captcha', [2]],
    ['hetzner', [1]],
    ['sas', [2]],
    ['de', [1]],
    // A country is asked for as a whole, else half of the world would have an "n".
    ['d', [1, 3]],
    ['fr', [2]],
    // Letters and digits of an address, and one that is in no value.
    ['4', [1, 2]],
    ['.0/2', [2]],
    ['abc', [2]],
    ['4-', []],
    ['x9', []],
    ['9x', []],
    ['null', []],
  ])('a search for %j finds %j', (q, ids) => expect(left(rows, { q })).toEqual(ids));

  it.each<[RowFilter, readonly number[]]>([
    [{ country: ['de'] }, [1]],
    [{ country: ['DE', 'Fr'] }, [1, 2]],
    [{ country: ['unknown'] }, [3]],
    [{ country: ['D'] }, []],
    [{ origin: ['CROWDSEC'] }, [1]],
    [{ origin: ['lists:firehol'] }, [2]],
    [{ origin: ['community', 'local'] }, [1, 3]],
    [{ origin: [] }, [1, 2, 3]],
    [{ type: ['captcha'] }, [2]],
    [{ type: ['Ban', 'x'] }, [1, 3]],
    [{ scope: ['IP'] }, [1, 3]],
    [{ scope: ['Range'] }, [2]],
    [{ scope: ['ip', 'range'] }, [1, 2, 3]],
    [{ scope: ['country'] }, []],
    [{ q: '9', country: ['unknown'], scope: ['ip'] }, [3]],
    [{ q: '9', country: ['de'] }, []],
  ])('%j leaves %j', (filter, ids) => expect(left(rows, filter)).toEqual(ids));

  it('those of the same network stand together, and those of none at the end', () => {
    const sorted = (isDescending: boolean) => {
      const order = rowOrder(rows, 'as_name', isDescending, () => true);
      return rowPage(rows, {}, order, 10).slots.map((slot) => rows.ids[slot]);
    };
    expect([sorted(false), sorted(true)]).toEqual([
      [1, 2, 3],
      [3, 2, 1],
    ]);
  });

  it('each facet counts what its own choices would leave, the other choices kept', () => {
    const page = (filter: RowFilter) =>
      rowPage(
        rows,
        filter,
        rowOrder(rows, 'id', false, () => true),
        10,
      );
    expect(page({ country: ['de'] }).facets).toEqual({
      origin: { crowdsec: 1 },
      type: { ban: 1 },
      country: { DE: 1, FR: 1, unknown: 1 },
    });
    expect(page({ type: ['captcha'] }).facets).toEqual({
      origin: { 'lists:Firehol': 1 },
      type: { ban: 2, Captcha: 1 },
      country: { FR: 1 },
    });
    expect(page({ origin: ['community'], country: ['unknown'] }).facets).toEqual({
      origin: { CAPI: 1 },
      type: { ban: 1 },
      country: { unknown: 1 },
    });
    const nothing = { origin: {}, type: {}, country: {} };
    expect(page({ scope: ['country'] }).facets).toEqual(nothing);
    expect(page({ q: 'nobody has this' }).facets).toEqual(nothing);
    expect(page({ origin: ['x'], type: ['x'], country: ['x'] }).facets).toEqual(nothing);
  });
});

describe('a search for an address or a range', () => {
  let rows: DecisionRows;
  beforeEach(() => {
    rows = tableOf(
      decisionOf(1, '10.0.0.0/8'),
      decisionOf(2, '10.1.0.0/16'),
      decisionOf(3, '10.1.2.3'),
      decisionOf(4, '10.1.2.4'),
      decisionOf(5, '2001:db8::/32'),
      decisionOf(6, '2001:db8:0:1::/64'),
      decisionOf(7, '2001:db8:0:1:0:2:0:3'),
      decisionOf(8, '2001:db8:0:1:0:2:0:4'),
      decisionOf(9, 'a01:203::'), // begins with the bits of 10.1.2.3
    );
  });

  it.each<[string, readonly number[]]>([
    ['10.1.2.3', [1, 2, 3]],
    ['10.1.0.0/16', [1, 2, 3, 4]],
    ['10.2.0.0/16', [1]],
    ['10.1.2.0/30', [1, 2, 3]],
    ['0.0.0.0/0', [1, 2, 3, 4]],
    ['[2001:db8:0:1:0:2:0:3]', [5, 6, 7]],
    ['2001:db8:0:1:0:2::/96', [5, 6, 7, 8]],
    ['2001:db8:0:1:0:3::/96', [5, 6]],
    ['2001:db8:0:2::/64', [5]],
    ['2001:db9::/32', []],
    ['::/0', [5, 6, 7, 8, 9]],
  ])('%s finds what covers it and what is inside it', (q, ids) => expect(left(rows, { q })).toEqual(ids));

  it('is not one for its letters', () => {
    const named = tableOf(decisionOf(1, '10.1.2.34'), decisionOf(2, '9.9.9.9', { scenario: 'told of 10.1.2.3' }));
    expect(left(named, { q: '10.1.2.3' })).toEqual([2]);
  });
});
