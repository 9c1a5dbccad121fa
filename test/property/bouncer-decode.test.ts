/** Whatever LAPI, or something in its place, sends: nothing is thrown, and nothing vanishes without being counted. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Batch, BatchReader } from '../../bouncer/lapi/batch.ts';
import { decodeDecision, decodeDeletedId } from '../../bouncer/lapi/decode.ts';
import { parsePrefix } from '../../bouncer/shared/net/prefix.ts';
import { anyAddress, anyRange } from '../support/fake-ruleset.ts';

const SEED = 20_260_622;
const NOW = 5_000;

const REASONS = [
  'not_an_object',
  'bad_id',
  'bad_value',
  'bad_duration',
  'expired',
  'missing_type',
  'unsupported_scope',
  'simulated',
];

/** A decision as LAPI writes it, and now and then a field that it would never write so. */
const decision = fc
  .record({
    id: fc.nat(),
    origin: fc.constantFrom('CAPI', 'cscli', 'lists:firehol', 'crowdsec'),
    scenario: fc.oneof(fc.constant('crowdsecurity/ssh-bf'), fc.string({ unit: 'grapheme' })),
    scope: fc.constantFrom('Ip', 'Range', 'ip', 'Country', 'AS'),
    type: fc.constantFrom('ban', 'captcha', 'Ban'),
    value: fc.oneof(anyAddress, anyRange),
    duration: fc.constantFrom('4h', '3h59m59.73s', '-5m', '0s', '167h59m', '12ms'),
    uuid: fc.uuid(),
    simulated: fc.constantFrom(false, false, true),
  })
  .chain((whole) =>
    fc
      .option(fc.tuple(fc.constantFrom(...Object.keys(whole)), fc.jsonValue({ maxDepth: 2 })), { freq: 3 })
      .map((change) => (change === null ? whole : { ...whole, [change[0]]: change[1] })),
  );

const element = fc.oneof({ weight: 4, arbitrary: decision }, fc.jsonValue({ maxDepth: 2 }));
const reply = fc.record({
  new: fc.option(fc.array(element, { maxLength: 8 })),
  deleted: fc.option(fc.array(element, { maxLength: 4 })),
});

/** What the reader makes of a text that comes in pieces of this size; undefined where it refuses it. */
function read(kind: Batch['kind'], text: string | Uint8Array, size: number): Batch | undefined {
  const bytes = Buffer.from(text);
  const reader = new BatchReader(kind, NOW);
  try {
    for (let at = 0; at < bytes.length; at += size) reader.write(bytes.subarray(at, at + size));
    return reader.finish();
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    return undefined;
  }
}

const total = ({ rejects }: Batch) => [...rejects.values()].reduce((sum, { count }) => sum + count, 0);

describe('one decision', () => {
  it('is either read whole, or refused for a reason that is counted', () => {
    fc.assert(
      fc.property(fc.oneof(element, fc.anything()), (raw) => {
        const decoded = decodeDecision(raw, NOW);
        if (decoded.kind === 'reject') {
          expect(REASONS).toContain(decoded.reason);
          expect(decoded.sample.length).toBeLessThanOrEqual(80);
          return;
        }
        const { prefix, type, expiresAt, id, origin, scenario } = decoded.decision;
        expect(parsePrefix(prefix)).toBe(prefix);
        expect(type).toBe(type.trim().toLowerCase());
        expect(type).not.toBe('');
        expect(Number.isFinite(expiresAt) && expiresAt > NOW).toBe(true);
        expect(decodeDeletedId(raw)).toBe(id);
        expect([typeof origin, typeof scenario]).toEqual(['string', 'string']);
      }),
      { numRuns: 5_000, seed: SEED },
    );
  });
});

describe('a reply', () => {
  it('comes to the same whatever the pieces, and each of its elements is kept or counted', () => {
    fc.assert(
      fc.property(
        reply,
        fc.constantFrom('full' as const, 'delta' as const),
        fc.integer({ min: 1, max: 9 }),
        (raw, kind, size) => {
          const batch = read(kind, JSON.stringify(raw), size);
          if (batch === undefined) throw new Error('a good reply was refused');
          expect(batch).toEqual(read(kind, JSON.stringify(raw, null, 2), 1_000));
          const wanted = (raw.new?.length ?? 0) + (kind === 'full' ? 0 : (raw.deleted?.length ?? 0));
          expect(batch.decisions.length + batch.deletedIds.length + total(batch)).toBe(wanted);
          const ids = (raw.new ?? []).map((one) => decodeDecision(one, NOW));
          expect([...batch.decisions]).toEqual(ids.flatMap((one) => (one.kind === 'decision' ? [one.decision] : [])));
        },
      ),
      { numRuns: 500, seed: SEED },
    );
  });

  it('with a byte changed, left out or put in is never taken for less than it says', () => {
    const damage = fc.record({
      at: fc.nat(),
      kind: fc.constantFrom('cut', 'change', 'drop', 'add'),
      byte: fc.nat(255),
    });
    fc.assert(
      fc.property(reply, damage, (raw, { at, kind, byte }) => {
        const whole = Buffer.from(JSON.stringify(raw));
        const i = at % whole.length;
        const rest = {
          cut: [],
          change: [byte, ...whole.subarray(i + 1)],
          drop: whole.subarray(i + 1),
          add: [byte, ...whole.subarray(i)],
        };
        const damaged = Buffer.from([...whole.subarray(0, i), ...rest[kind]]);
        const batch = read('full', damaged, 16);
        const parsed = parse(damaged);
        if (parsed === undefined) expect(batch).toBeUndefined();
        else if (batch !== undefined) {
          const list = (parsed as { new: unknown }).new;
          expect(batch.decisions.length + total(batch)).toBe(Array.isArray(list) ? list.length : 0);
        }
      }),
      { numRuns: 3_000, seed: SEED },
    );
  });
});

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
