import { describe, expect, it } from 'vitest';
import { type Batch, BatchReader } from '../../bouncer/lapi/batch.ts';
import { rawDecision } from '../support/fake-decision.ts';

function read(text: string, kind: Batch['kind'] = 'delta', chunkBytes = Infinity): Batch {
  const reader = new BatchReader(kind, 0);
  const bytes = Buffer.from(text);
  for (let i = 0; i < bytes.length; i += chunkBytes) reader.write(bytes.subarray(i, i + chunkBytes));
  return reader.finish();
}

const idsOf = ({ decisions }: Batch) => Array.from(decisions, ({ id }) => id);
const rejectsOf = ({ rejects }: Batch) =>
  Object.fromEntries([...rejects].map(([reason, { count }]) => [reason, count]));
const reply = (decisions: readonly unknown[], deleted: readonly unknown[] = []) =>
  JSON.stringify({ new: decisions, deleted });

describe('a reply of the stream', () => {
  it('is read whichever of its lists comes first', () => {
    const decision = JSON.stringify(rawDecision(1, '1.2.3.4'));
    for (const text of [`{"new":[${decision}],"deleted":[{"id":9}]}`, `{"deleted":[{"id":9}],"new":[${decision}]}`]) {
      const batch = read(text);
      expect(idsOf(batch)).toEqual([1]);
      expect(batch.deletedIds).toEqual([9]);
    }
  });

  it.each(['{"deleted":null,"new":null}', '{"new": [], "deleted": []}', '{"new":[],"deleted":null}\n'])(
    'may hold nothing: %s',
    (text) => {
      const batch = read(text);
      expect([[...batch.decisions], batch.deletedIds, rejectsOf(batch)]).toEqual([[], [], {}]);
    },
  );

  it('may be cut into pieces at any byte, also inside a character', () => {
    const text = JSON.stringify({
      new: [rawDecision(1, '1.2.3.4', { scenario: 'größer µs 🦔 \\" \u0001' }), rawDecision(2, '999.1.1.1')],
      deleted: [{ id: 3 }],
    });
    const whole = read(text);
    expect(whole.decisions.at(0)?.scenario).toBe('größer µs 🦔 \\" \u0001');
    const bytes = Buffer.from(text);
    for (let cut = 1; cut < bytes.length; cut++) {
      const reader = new BatchReader('delta', 0);
      reader.write(bytes.subarray(0, cut));
      reader.write(bytes.subarray(cut));
      expect(reader.finish(), `cut at byte ${cut}`).toEqual(whole);
    }
    expect(read(text, 'delta', 1)).toEqual(whole);
  });

  it('keeps every other decision when some cannot be read, and counts those by reason', () => {
    const batch = read(
      reply(
        [
          rawDecision(1, '1.2.3.4'),
          rawDecision(2, '999.1.1.1'),
          rawDecision(3, '::ffff:9.9.9.9'),
          rawDecision(4, '5.5.5.5', { duration: '4d' }),
          rawDecision(5, 'FR', { scope: 'Country' }),
          rawDecision(6, '6.6.6.6', { duration: '-5s' }),
          rawDecision(7, '7.7.7.7', { type: 'tarpit' }),
          null,
          'junk',
          [{ id: 8 }],
          { new: [rawDecision(9, '9.9.9.9')] },
          rawDecision(10, '8.8.8.8/8'),
        ],
        [{ id: 11 }, { id: 'x' }, null, 12],
      ),
    );
    expect(Array.from(batch.decisions, ({ id, prefix }) => [id, prefix])).toEqual([
      [1, '1.2.3.4'],
      [3, '9.9.9.9'],
      [7, '7.7.7.7'],
      [10, '8.0.0.0/8'],
    ]);
    expect(batch.deletedIds).toEqual([11]);
    expect(rejectsOf(batch)).toEqual({
      bad_value: 1,
      bad_duration: 1,
      unsupported_scope: 1,
      expired: 1,
      not_an_object: 2,
      bad_id: 5,
    });
  });

  it('tells a sample of each kind of reject', () => {
    expect(read(reply([rawDecision(2, '999.1.1.1')])).rejects.get('bad_value')).toEqual({
      count: 1,
      sample: '"999.1.1.1"',
    });
    expect(read(reply([], [{ id: 'x' }])).rejects.get('bad_id')?.sample).toContain('deletion');
  });

  it('passes over the deletions of a full pull, which are all rows that ever ran out', () => {
    const batch = read(reply([rawDecision(1, '1.2.3.4')], [{ id: 1 }, { id: 2 }, 'junk']), 'full');
    expect(idsOf(batch)).toEqual([1]);
    expect([batch.deletedIds, rejectsOf(batch)]).toEqual([[], {}]);
  });

  it('survives nested junk of any depth', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const inside = JSON.stringify(rawDecision(1, '1.2.3.4')).replace('{', `{"junk":${deep},`);
    const batch = read(`{"new":[${deep},${inside},{"new":{"new":[]}}],"deleted":[]}`);
    expect(idsOf(batch)).toEqual([1]);
    expect(rejectsOf(batch)).toEqual({ bad_id: 2 });
  });

  it('is not poisoned by names that mean something to JavaScript', () => {
    const batch = read(
      `{"__proto__":{"new":[]},"new":[{"__proto__":{"id":5},"constructor":1,"value":"1.2.3.4"}],"deleted":[]}`,
    );
    expect(rejectsOf(batch)).toEqual({ bad_id: 1 });
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe('what is not a reply of the stream', () => {
  const decision = JSON.stringify(rawDecision(1, '1.2.3.4'));

  it.each([
    '',
    ' ',
    '{',
    '{"new":[',
    `{"new":[${decision}`,
    `{"new":[${decision}],"deleted":[`,
    `{"new":[${decision}],"deleted":[]`,
    `{"new":[${decision.slice(0, -3)}`,
  ])('is refused when it ends in the middle: %s', (text) => {
    expect(() => read(text)).toThrow(/middle of its JSON/);
  });

  it.each([
    '<html><body>502 Bad Gateway</body></html>',
    `{"new":[${decision}],"deleted":[]}<!-- -->`,
    `{"new":[${decision}],"deleted":[]}{"new":[]}`,
    `{"new":[${decision},],"deleted":[]}`,
    `{"new":[${decision}] "deleted":[]}`,
    `{'new':[],'deleted':[]}`,
    'NaN',
  ])('is refused when it is no JSON: %s', (text) => {
    for (const kind of ['full', 'delta'] as const) {
      expect(() => read(text, kind)).toThrow();
      expect(() => read(text, kind, 1)).toThrow();
    }
  });

  it.each([
    '{}',
    '[]',
    'null',
    '"new"',
    '{"message":"access forbidden"}',
    '{"message":"deleted"}',
    '{"x":"new","y":"deleted"}',
    '{"new":"deleted"}',
    '{"new":"x","deleted":[]}',
    '{"new":5,"deleted":true}',
    '{"new":{},"deleted":{}}',
    `{"new":{"a":${decision}},"deleted":[]}`,
    `[{"new":[${decision}],"deleted":[]}]`,
    `{"data":{"new":[${decision}],"deleted":[]}}`,
  ])('is refused when it is other JSON, which must never read as "no decisions": %s', (text) => {
    expect(() => read(text, 'full')).toThrow(/"new"/);
    expect(() => read(text, 'delta')).toThrow(/"new"/);
  });

  it('is refused when a list is missing that this kind of pull needs', () => {
    expect(() => read('{"deleted":[]}', 'full')).toThrow(/"new"/);
    expect(() => read('{"new":[]}', 'delta')).toThrow(/"deleted"/);
    expect(idsOf(read(`{"new":[${decision}]}`, 'full'))).toEqual([1]);
  });

  it('stays refused, whatever comes after it', () => {
    const reader = new BatchReader('full', 0);
    expect(() => reader.write(Buffer.from('<'))).toThrow();
    expect(() => reader.write(Buffer.from('{"new":[],"deleted":[]}'))).toThrow();
    expect(() => reader.finish()).toThrow();
  });
});
