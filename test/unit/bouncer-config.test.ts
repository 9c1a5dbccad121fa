import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { bouncerOptions, crossCheck } from '../../bouncer/config.ts';
import type { Option } from '../../bouncer/shared/config/option.ts';
import { readConfig } from '../../bouncer/shared/config/read.ts';

const KEY = { CROWDSEC_BOUNCER_KEY: 'hunter2hunter2' };

function load(environment: Readonly<Record<string, string>>) {
  const read = readConfig(bouncerOptions, { flags: {}, environment, file: {}, readSecretFile: () => '' });
  if (read.kind === 'invalid') return read;
  const problems = crossCheck(read.values, { asksLapi: true });
  return problems.length > 0 ? { kind: 'invalid' as const, problems } : read;
}

function valuesOf(environment: Readonly<Record<string, string>>) {
  const loaded = load({ ...KEY, ...environment });
  if (loaded.kind === 'invalid') throw new Error(JSON.stringify(loaded.problems));
  return loaded.values;
}

function problemsOf(environment: Readonly<Record<string, string>>) {
  const loaded = load(environment);
  return loaded.kind === 'invalid' ? loaded.problems : [];
}

const settingsOf = (environment: Readonly<Record<string, string>>) =>
  problemsOf(environment).map(({ setting }) => setting);

describe('the settings of the bouncer', () => {
  it('are the ones that the interface promises', () => {
    const promised =
      'CROWDSEC_LAPI_URL CROWDSEC_CA_FILE CROWDSEC_CERT_FILE CROWDSEC_KEY_FILE CROWDSEC_BOUNCER_KEY ' +
      'CROWDSEC_POLL_INTERVAL CROWDSEC_RESYNC_INTERVAL CROWDSEC_SCOPES CROWDSEC_ORIGINS ' +
      'CROWDSEC_SCENARIOS_CONTAINING CROWDSEC_SCENARIOS_NOT_CONTAINING CADDY_ADMIN REDIS_URL BOUNCER_LISTEN ' +
      'BOUNCER_TOKEN DEFAULT_POLICY BAN_ACTION LOG_BLOCKED FALLBACK_REMEDIATION ALLOWLIST PUSH_INTERVAL STATE_DIR ' +
      'BOUNCER_ID DRIFT_INTERVAL';
    expect(Object.keys(bouncerOptions)).toEqual(expect.arrayContaining(promised.split(' ')));
  });

  it.each(Object.entries<Option>(bouncerOptions))('%s has help, and a default that parses or none', (_, option) => {
    expect(option.help).not.toBe('');
    const parsed = option.schema.safeParse(option.fallback);
    expect(parsed.error?.issues).toBeUndefined();
  });

  it('need nothing but a key', () => {
    expect(problemsOf({})).toEqual([
      {
        setting: 'CROWDSEC_BOUNCER_KEY',
        message: 'is required and was not given',
        hint: expect.stringContaining('cscli bouncers add') as string,
      },
    ]);
    expect(valuesOf({})).toMatchObject({
      CROWDSEC_LAPI_URL: 'http://127.0.0.1:8080',
      CROWDSEC_POLL_INTERVAL: 10_000,
      CROWDSEC_RESYNC_INTERVAL: 600_000,
      CROWDSEC_SCOPES: [],
      CADDY_ADMIN: ['http://127.0.0.1:2019'],
      BOUNCER_LISTEN: { host: '127.0.0.1', port: 8090 },
      DEFAULT_POLICY: 'enforce',
      BAN_ACTION: '403',
      LOG_BLOCKED: 'keep',
      FALLBACK_REMEDIATION: 'ban',
      ALLOWLIST: [],
      PUSH_INTERVAL: 5_000,
      DRIFT_INTERVAL: 1_000,
    });
    expect(valuesOf({}).REDIS_URL?.reveal()).toBe('redis://127.0.0.1:6379/0');
  });

  it('need no key when there is a client certificate, which needs both of its files', () => {
    const certificate = { CROWDSEC_CERT_FILE: '/cert.pem', CROWDSEC_KEY_FILE: '/key.pem' };
    expect(settingsOf(certificate)).toEqual([]);
    expect(settingsOf({ ...KEY, CROWDSEC_CERT_FILE: '/cert.pem' })).toEqual(['CROWDSEC_CERT_FILE']);
    expect(settingsOf({ ...KEY, CROWDSEC_KEY_FILE: '/key.pem' })).toEqual(['CROWDSEC_CERT_FILE']);
  });

  it('are reported all at once', () => {
    const wrong = {
      CROWDSEC_LAPI_URL: 'crowdsec:8080',
      CROWDSEC_POLL_INTERVAL: '4d',
      REDIS_URL: 'localhost',
      BAN_ACTION: '200',
      DEFAULT_POLICY: 'block',
      FALLBACK_REMEDIATION: 'captcha',
      ALLOWLIST: '999.1.1.1',
      BOUNCER_ID: 'a b',
      CADDY_ADMIN: ' , ',
    };
    expect(settingsOf({ ...KEY, ...wrong }).sort()).toEqual(Object.keys(wrong).sort());
    const together = { CROWDSEC_SCOPES: 'Ip,Country', BOUNCER_LISTEN: ':8090', CADDY_ADMIN: 'https://caddy:2019' };
    expect(settingsOf(together).sort()).toEqual([
      'BOUNCER_LISTEN',
      'CADDY_ADMIN',
      'CROWDSEC_BOUNCER_KEY',
      'CROWDSEC_SCOPES',
    ]);
  });

  it('name what is wrong and what to do', () => {
    const wrong = {
      CROWDSEC_LAPI_URL: 'x',
      BAN_ACTION: '200',
      DEFAULT_POLICY: 'no',
      BOUNCER_LISTEN: 'x',
      LOG_LEVEL: 'z',
    };
    for (const { message, hint } of problemsOf({ ...KEY, ...wrong })) {
      expect(message).toMatch(/^environment: "/);
      expect(hint).not.toBe('');
    }
  });
});

describe('CROWDSEC_LAPI_URL', () => {
  it.each(['http://127.0.0.1:8080', 'http://crowdsec:8080/', 'https://lapi.example/sub', 'http://[::1]:8080'])(
    'may be %s',
    (url) => expect(valuesOf({ CROWDSEC_LAPI_URL: url }).CROWDSEC_LAPI_URL).toBe(url),
  );

  it.each([
    'crowdsec:8080',
    '127.0.0.1:8080',
    'ftp://crowdsec',
    'http://',
    'http:///x',
    'http://crowdsec:99999',
    'http://crowdsec:8080/?a=b',
    'http://crowdsec:8080#x',
    'unix://lapi.sock',
    'unix:///',
    '/run/lapi.sock',
  ])('may not be %s', (url) => expect(settingsOf({ ...KEY, CROWDSEC_LAPI_URL: url })).toEqual(['CROWDSEC_LAPI_URL']));

  it('may hold no password, which every message would show', () => {
    const [problem, ...others] = problemsOf({ ...KEY, CROWDSEC_LAPI_URL: 'http://me:secret-word@crowdsec:8080' });
    expect(others).toEqual([]);
    expect(problem?.setting).toBe('CROWDSEC_LAPI_URL');
    expect(JSON.stringify(problem)).not.toContain('secret-word');
  });
});

describe('REDIS_URL', () => {
  it.each(['redis://127.0.0.1:6379/0', 'rediss://:pw@redis:6380', 'unix:///run/redis.sock'])('may be %s', (url) =>
    expect(valuesOf({ REDIS_URL: url }).REDIS_URL?.reveal()).toBe(url),
  );

  it('may be none: then there is no Redis', () => {
    expect(valuesOf({ REDIS_URL: 'none' }).REDIS_URL).toBeUndefined();
  });

  it.each(['127.0.0.1:6379', 'http://redis', 'redis://', 'None', 'unix://redis.sock'])('may not be %s', (url) =>
    expect(settingsOf({ ...KEY, REDIS_URL: url })).toEqual(['REDIS_URL']),
  );

  it('is a secret, since it may hold a password, right or wrong', () => {
    for (const url of ['redis://:secret-word@redis:6379', 'redis//:secret-word@redis', 'redis://:secret-word@r:x']) {
      const loaded = load({ ...KEY, REDIS_URL: url });
      expect(JSON.stringify(loaded) + inspect(loaded, { depth: 9 })).not.toContain('secret-word');
    }
  });
});

describe('a key or token', () => {
  it.each(['two words', 'line\nbreak', 'schlüssel'])('that no header can carry is an error: %j', (text) => {
    const problems = problemsOf({ CROWDSEC_BOUNCER_KEY: text, BOUNCER_TOKEN: `long-enough-${text}` });
    expect(problems.map(({ setting }) => setting)).toEqual(['CROWDSEC_BOUNCER_KEY', 'BOUNCER_TOKEN']);
    expect(JSON.stringify(problems)).not.toContain(text.slice(-4));
  });

  it('may have a line end after it, as echo and editors leave it', () => {
    expect(valuesOf({ CROWDSEC_BOUNCER_KEY: 'abc\n' }).CROWDSEC_BOUNCER_KEY?.reveal()).toBe('abc');
  });

  it('that can be guessed is no token', () => {
    const [problem] = problemsOf({ ...KEY, BOUNCER_TOKEN: 'fifteen-letters' });
    expect(problem).toMatchObject({
      setting: 'BOUNCER_TOKEN',
      message: expect.stringContaining('16 characters') as string,
    });
    expect(settingsOf({ ...KEY, BOUNCER_TOKEN: 'sixteen--letters' })).toEqual([]);
  });

  it('is needed to listen where other machines can reach it', () => {
    expect(settingsOf({ ...KEY, BOUNCER_LISTEN: '0.0.0.0:8090' })).toEqual(['BOUNCER_LISTEN']);
    expect(settingsOf({ ...KEY, BOUNCER_LISTEN: '0.0.0.0:8090', BOUNCER_TOKEN: 'a-long-token-indeed' })).toEqual([]);
    expect(settingsOf({ ...KEY, BOUNCER_LISTEN: '[::1]:8090' })).toEqual([]);
  });
});

describe('BAN_ACTION', () => {
  it.each(['400', '403', '599', 'abort', 'error'])('may be %s', (action) =>
    expect(valuesOf({ BAN_ACTION: action }).BAN_ACTION).toBe(action),
  );

  it.each(['399', '600', '4xx', '40', '4033', 'ABORT', 'redirect'])('may not be %s', (action) =>
    expect(settingsOf({ ...KEY, BAN_ACTION: action })).toEqual(['BAN_ACTION']),
  );

  it.each(['abort', 'error'])('%s has no use for a body', (action) => {
    expect(settingsOf({ ...KEY, BAN_ACTION: action, BAN_BODY_FILE: '/body' })).toEqual(['BAN_BODY_FILE']);
    expect(settingsOf({ ...KEY, BAN_ACTION: '451', BAN_BODY_FILE: '/body' })).toEqual([]);
  });
});

describe('limits of intervals', () => {
  it.each([
    ['CROWDSEC_POLL_INTERVAL', '100ms', '99ms'],
    ['CROWDSEC_POLL_INTERVAL', '1h', '1h1s'],
    ['CROWDSEC_RESYNC_INTERVAL', '1s', '999ms'],
    ['CROWDSEC_RESYNC_INTERVAL', '24h', '24h1s'],
    ['PUSH_INTERVAL', '0s', '-1s'],
    ['DRIFT_INTERVAL', '100ms', '99ms'],
  ])('%s may be %s, not %s', (setting, fine, wrong) => {
    expect(settingsOf({ ...KEY, [setting]: fine })).toEqual([]);
    expect(settingsOf({ ...KEY, [setting]: wrong })).toEqual([setting]);
  });
});
