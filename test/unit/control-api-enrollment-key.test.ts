import { describe, expect, it } from 'vitest';
import { readEnrollmentKey } from '../../control-api/enrollment/enrollment-key.ts';

const KEY = 'clapi-abc123DEF456';

describe('an enrollment key as people paste it', () => {
  it.each([
    KEY,
    `  ${KEY}\n`,
    `"${KEY}"`,
    `\`${KEY}\``,
    `\u200b${KEY}\ufeff`,
    `sudo cscli console enroll ${KEY}`,
    `sudo cscli console enroll -e context ${KEY}`,
    `docker exec crowdsec cscli console enroll --name "web" --tags prod --overwrite ${KEY}`,
    `cscli console enroll ${KEY} --name web`,
    `cscli console enroll ${KEY} --name=web`,
    `$ sudo cscli console enroll ${KEY}`,
  ])('is found in %j', (pasted) => {
    const result = readEnrollmentKey(pasted);
    expect(result.kind === 'ok' && result.key.reveal()).toBe(KEY);
  });

  it.each([
    '',
    'short',
    'x'.repeat(65),
    'x'.repeat(5_000),
    `${KEY} ${KEY}`,
    `${KEY}; rm -rf /`,
    '--overwrite-everything',
    'cscli console enroll',
    'abcdefghij\u0000klm',
    'ключключключ',
    `../../${KEY}`,
  ])('is refused in %j, and not repeated', (pasted) => {
    const result = readEnrollmentKey(pasted);
    expect(result.kind).toBe('invalid');
    if (pasted.length > 12) expect(JSON.stringify(result)).not.toContain(pasted.trim().slice(0, 12));
  });

  it.each([
    ['', 'there is no enrollment key in it'],
    [' “” ', 'there is no enrollment key in it'],
    ['cscli console enroll', 'there is no enrollment key in it'],
    ['cscli console enroll --name web-server-1', 'there is no enrollment key in it'],
    [`${KEY} web-server-1`, 'there is more than one word that could be the enrollment key'],
    [`cscli console enroll ${KEY} ${KEY}`, 'there is more than one word that could be the enrollment key'],
    ['123456789', 'an enrollment key has 10 to 64 letters, digits and dashes'],
    ['-1234567890', 'an enrollment key has 10 to 64 letters, digits and dashes'],
    ['x'.repeat(65), 'an enrollment key has 10 to 64 letters, digits and dashes'],
    [`${KEY}${' '.repeat(1_001 - KEY.length)}`, 'this is much longer than an enrollment key'],
  ])('is missed in %j, and it is said why', (pasted, message) => {
    expect(readEnrollmentKey(pasted)).toEqual({ kind: 'invalid', message });
  });

  it.each([
    '1234567890',
    'x'.repeat(64),
    'a-b-c-d-e-f-',
    `  1234567890${' '.repeat(988)}`,
    '“1234567890”',
    "'12345'67890",
    'enroll -o json -c /etc/config.yaml -t a -n b -d c 1234567890',
  ])('may be as short, as long and as odd as in %j', (pasted) => {
    expect(readEnrollmentKey(pasted).kind).toBe('ok');
  });

  it('cannot be printed', () => {
    expect(JSON.stringify(readEnrollmentKey(KEY))).not.toContain(KEY);
  });
});
