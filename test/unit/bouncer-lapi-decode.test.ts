import { describe, expect, it } from 'vitest';
import { decodeDecision, decodeDeletedId } from '../../bouncer/lapi/decode.ts';
import { rawDecision } from '../support/fake-decision.ts';

const RECEIVED_AT = 1_000;

const decode = (changes: Readonly<Record<string, unknown>>, value = '1.2.3.4') =>
  decodeDecision(rawDecision(7, value, changes), RECEIVED_AT);

function read(changes: Readonly<Record<string, unknown>>, value?: string) {
  const decoded = decode(changes, value);
  if (decoded.kind === 'reject') throw new Error(`rejected: ${decoded.reason} ${decoded.sample}`);
  return decoded.decision;
}

describe('a decision of LAPI', () => {
  it('is read as it was written', () => {
    expect(decode({})).toEqual({
      kind: 'decision',
      decision: {
        id: 7,
        origin: 'cscli',
        scenario: 'manual ban',
        type: 'ban',
        prefix: '1.2.3.4',
        expiresAt: RECEIVED_AT + 4 * 3_600_000,
      },
    });
  });

  it.each([
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['::FFFF:0102:0304', '1.2.3.4'],
    ['::ffff:1.2.3.4/120', '1.2.3.0/24'],
    ['1.2.3.4/8', '1.0.0.0/8'],
    ['1.2.3.4/32', '1.2.3.4'],
    [' 1.2.3.4\n', '1.2.3.4'],
    ['2001:DB8:0:0::5', '2001:db8::5'],
    ['2001:db8::5/48', '2001:db8::/48'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['::/0', '::/0'],
  ])('means the address %s as %s', (value, prefix) => {
    expect(read({}, value).prefix).toBe(prefix);
  });

  it.each(['Ip', 'ip', 'IP', 'Range', 'range', 'RANGE'])(
    'may have the scope %s, whether its value is an address or a range',
    (scope) => {
      expect(read({ scope }, '1.2.3.4').prefix).toBe('1.2.3.4');
      expect(read({ scope }, '1.2.3.0/24').prefix).toBe('1.2.3.0/24');
    },
  );

  it.each([
    ['a type that nobody knows', { type: 'tarpit' }, { type: 'tarpit' }],
    ['a type in capitals', { type: ' BAN ' }, { type: 'ban' }],
    ['no origin', { origin: undefined }, { origin: 'unknown' }],
    ['a scenario that is no text', { scenario: { a: 1 } }, { scenario: 'unknown' }],
    ['fields that nobody knows', { uuid: 'x', until: 'y', extra: { deep: [1] } }, { id: 7 }],
    ['a simulation that is off', { simulated: false }, { id: 7 }],
  ])('may have %s', (_, changes, wanted) => {
    expect(read(changes)).toMatchObject(wanted);
  });

  it.each([
    ['5h59m58.88s', 21_598_880],
    ['1ms', 1],
    ['1us', 0.001],
    ['2562047h47m16.854775807s', 9_223_372_036_854.775],
  ])('lasts %s from the moment at which LAPI answered', (duration, milliseconds) => {
    expect(read({ duration }).expiresAt).toBeCloseTo(RECEIVED_AT + milliseconds, 2);
  });
});

describe('a decision that cannot be enforced', () => {
  it.each([
    ['bad_value', { value: '999.1.1.1' }],
    ['bad_value', { value: '1.2.3' }],
    ['bad_value', { value: '1.2.3.4/33' }],
    ['bad_value', { value: '1.2.3.4/-1' }],
    ['bad_value', { value: '1.2.3.4/' }],
    ['bad_value', { value: '01.2.3.4' }],
    ['bad_value', { value: 'fe80::1%eth0' }],
    ['bad_value', { value: '::ffff:999.2.3.4' }],
    ['bad_value', { value: '2001:db8::/129' }],
    ['bad_value', { value: '' }],
    ['bad_value', { value: 16909060 }],
    ['bad_value', { value: '1.2.3.4\u0000' }],
    ['bad_value', { value: '1.2.3.4,5.6.7.8' }],
    ['bad_duration', { duration: '4d' }],
    ['bad_duration', { duration: '' }],
    ['bad_duration', { duration: '4' }],
    ['bad_duration', { duration: '4h ' }],
    ['bad_duration', { duration: '1e9h' }],
    ['bad_duration', { duration: 14_400 }],
    ['bad_duration', { duration: null }],
    ['expired', { duration: '0s' }],
    ['expired', { duration: '0' }],
    ['expired', { duration: '-5s' }],
    ['expired', { duration: '-12.787272ms' }],
    ['unsupported_scope', { scope: 'Country', value: 'FR' }],
    ['unsupported_scope', { scope: 'AS' }],
    ['unsupported_scope', { scope: 'username' }],
    ['unsupported_scope', { scope: '' }],
    ['unsupported_scope', { scope: undefined }],
    ['unsupported_scope', { scope: ['Ip'] }],
    ['missing_type', { type: '' }],
    ['missing_type', { type: '  ' }],
    ['missing_type', { type: null }],
    ['simulated', { simulated: true }],
    ['bad_id', { id: '7' }],
    ['bad_id', { id: -1 }],
    ['bad_id', { id: 1.5 }],
    ['bad_id', { id: Number.NaN }],
    ['bad_id', { id: 2 ** 53 }],
  ])('is rejected as %s: %j', (reason, changes) => {
    expect(decode(changes)).toMatchObject({ kind: 'reject', reason });
  });

  it('is rejected however long its texts are, and costs no time', () => {
    expect(decode({ value: '1'.repeat(1_000_000) })).toMatchObject({ reason: 'bad_value' });
    expect(decode({ duration: `${'9'.repeat(1_000_000)}h` })).toMatchObject({ reason: 'bad_duration' });
    expect(decode({ scope: 'Ip'.repeat(500_000) })).toMatchObject({ reason: 'unsupported_scope' });
  });

  it.each([null, undefined, 'text', 7, true])('is rejected when it is %j and no object', (raw) => {
    expect(decodeDecision(raw, RECEIVED_AT)).toMatchObject({ kind: 'reject', reason: 'not_an_object' });
  });

  it('is rejected when it lasts longer than Go can say, so that its end can be written as a date', () => {
    expect(decode({ duration: '2562048h' })).toMatchObject({ kind: 'reject', reason: 'bad_duration' });
    expect(decode({ duration: `${'9'.repeat(40)}h` })).toMatchObject({ kind: 'reject', reason: 'bad_duration' });
  });

  it('shows a sample of what was wrong, cut short and on one line', () => {
    const decoded = decode({ value: `evil\n${'x'.repeat(1_000)}` });
    const sample = decoded.kind === 'reject' ? decoded.sample : '';
    expect(sample).toMatch(/^"evil\\n/);
    expect(sample.length).toBeLessThanOrEqual(80);
  });
});

describe('a sample', () => {
  it('of what is not there says so', () => {
    expect(decode({ id: undefined })).toEqual({ kind: 'reject', reason: 'bad_id', sample: 'nothing' });
  });
});

describe('a deletion', () => {
  it('needs nothing but an id', () => {
    expect(decodeDeletedId({ id: 7 })).toBe(7);
    expect(decodeDeletedId(rawDecision(8, '999.1.1.1', { duration: '-3s', scope: 'Country' }))).toBe(8);
    expect(decodeDeletedId({ id: 0 })).toBe(0);
  });

  it.each([null, undefined, 7, 'x', {}, { id: '7' }, { id: -1 }, { id: 0.5 }, [[]]])('is none when it is %j', (raw) => {
    expect(decodeDeletedId(raw)).toBeUndefined();
  });
});
