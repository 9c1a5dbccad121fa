import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readConfigFile } from '../../bouncer/shared/config/file.ts';
import { flagOf } from '../../bouncer/shared/config/option.ts';
import { type ConfigSources, readConfig } from '../../bouncer/shared/config/read.ts';
import { duration, list, listenAddress, prefixList, secret } from '../../bouncer/shared/config/values.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const table = {
  POLL_INTERVAL: { schema: duration(1_000, 60_000), fallback: '10s', help: 'how often' },
  BOUNCER_KEY: { schema: secret.optional(), secret: true, help: 'the key' },
  REQUIRED: { schema: z.string(), help: 'give it' },
} as const;

const files: Record<string, string> = { '/key': ' from-file\n', '/empty': '\n' };

function read(sources: Partial<ConfigSources>) {
  return readConfig(table, {
    flags: {},
    environment: {},
    file: {},
    readSecretFile: (path) => {
      const content = files[path];
      if (content === undefined) throw new Error(`ENOENT: no such file, open '${path}'`);
      return content;
    },
    ...sources,
    ...(sources.flags?.['REQUIRED'] === '' ? {} : { flags: { REQUIRED: 'x', ...sources.flags } }),
  });
}

function valuesOf(sources: Partial<ConfigSources>) {
  const result = read(sources);
  if (result.kind === 'invalid') throw new Error(JSON.stringify(result.problems));
  return result.values;
}

function problemsOf(sources: Partial<ConfigSources>) {
  const result = read(sources);
  return result.kind === 'invalid' ? result.problems : [];
}

describe('a setting', () => {
  it('is taken from a flag before the environment before the file before its default', () => {
    const file = { POLL_INTERVAL: '4s' };
    const environment = { POLL_INTERVAL: '3s' };
    const flags = { POLL_INTERVAL: '2s' };
    expect(valuesOf({ flags, environment, file }).POLL_INTERVAL).toBe(2_000);
    expect(valuesOf({ environment, file }).POLL_INTERVAL).toBe(3_000);
    expect(valuesOf({ file }).POLL_INTERVAL).toBe(4_000);
    expect(valuesOf({}).POLL_INTERVAL).toBe(10_000);
  });

  it('says where it came from', () => {
    const result = read({ environment: { POLL_INTERVAL: '3s', BOUNCER_KEY_FILE: '/key' } });
    expect(result.kind === 'ok' && result.sources).toEqual({
      POLL_INTERVAL: 'environment',
      BOUNCER_KEY: 'environment, from /key',
      REQUIRED: 'flag',
    });
  });

  it('that is empty was not set: compose files write it so', () => {
    expect(valuesOf({ flags: { POLL_INTERVAL: '' }, environment: { POLL_INTERVAL: '3s' } }).POLL_INTERVAL).toBe(3_000);
    expect(valuesOf({ environment: { BOUNCER_KEY: '', BOUNCER_KEY_FILE: '/key' } }).BOUNCER_KEY?.reveal()).toBe(
      'from-file',
    );
  });

  it('cannot be changed afterwards', () => {
    expect(Object.isFrozen(valuesOf({}))).toBe(true);
  });

  it('that is required and missing says so', () => {
    expect(problemsOf({ flags: { REQUIRED: '' } })).toEqual([
      { setting: 'REQUIRED', message: 'is required and was not given', hint: 'give it' },
    ]);
  });

  it('has a flag that reads like it', () => {
    expect(flagOf('CROWDSEC_LAPI_URL')).toBe('--crowdsec-lapi-url');
  });
});

describe('a secret setting', () => {
  it('may be in a file, without the line end that editors add', () => {
    expect(valuesOf({ environment: { BOUNCER_KEY_FILE: '/key' } }).BOUNCER_KEY?.reveal()).toBe('from-file');
  });

  it.each(['flags', 'environment', 'file'] as const)('given both ways in the %s is an error', (source) => {
    const [problem] = problemsOf({ [source]: { BOUNCER_KEY: 'hunter2', BOUNCER_KEY_FILE: '/key' } });
    expect(problem?.setting).toBe('BOUNCER_KEY');
    expect(problem?.message).toContain('both BOUNCER_KEY and BOUNCER_KEY_FILE are set');
  });

  it('in a stronger source beats the other way of giving it in a weaker one', () => {
    const sources = { flags: { BOUNCER_KEY: 'flag' }, environment: { BOUNCER_KEY_FILE: '/key' } };
    expect(valuesOf(sources).BOUNCER_KEY?.reveal()).toBe('flag');
  });

  it('whose file cannot be read names the file', () => {
    const [problem] = problemsOf({ environment: { BOUNCER_KEY_FILE: '/nowhere' } });
    expect(problem).toMatchObject({
      setting: 'BOUNCER_KEY_FILE',
      message: expect.stringContaining('/nowhere') as string,
    });
  });

  it.each([
    ['an empty file', { BOUNCER_KEY_FILE: '/empty' }],
    ['spaces', { BOUNCER_KEY: '  ' }],
  ])('that is nothing but %s is an error: a token of no characters would let everybody in', (_, environment) => {
    expect(problemsOf({ environment }).map(({ setting }) => setting)).toEqual(['BOUNCER_KEY']);
  });

  it('is never shown, whatever else is wrong', () => {
    const environment = { BOUNCER_KEY: 'hunter2', POLL_INTERVAL: '4d' };
    expect(JSON.stringify([read({ environment }), read({ environment: { BOUNCER_KEY: 'hunter2' } })])).not.toContain(
      'hunter2',
    );
  });
});

describe('a file of settings', () => {
  it('with a name that nobody knows says which one was meant', () => {
    expect(problemsOf({ file: { POL_INTERVAL: '3s' } })).toEqual([
      { setting: 'POL_INTERVAL', message: 'file: no such setting', hint: 'did you mean POLL_INTERVAL?' },
    ]);
    expect(problemsOf({ file: { BOUNCER_KEYFILE: '/key' } })[0]?.hint).toBe('did you mean BOUNCER_KEY_FILE?');
    expect(problemsOf({ file: { SOMETHING_ELSE_ALTOGETHER: '1' } })[0]?.hint).toContain('--help');
  });

  it('reports everything at once', () => {
    const problems = problemsOf({
      flags: { REQUIRED: '' },
      environment: { POLL_INTERVAL: '999ms', BOUNCER_KEY_FILE: '/nowhere' },
      file: { UNKNOWN: '1' },
    });
    expect(problems.map(({ setting }) => setting).sort()).toEqual([
      'BOUNCER_KEY_FILE',
      'POLL_INTERVAL',
      'REQUIRED',
      'UNKNOWN',
    ]);
  });

  function fileWith(content: string): string {
    const path = join(temporaryFolder('config'), 'config.yaml');
    writeFileSync(path, content);
    return path;
  }

  it.each([
    ['YAML', 'poll_interval: 3s\nallowlist:\n  - 192.0.2.1\n  - 192.0.2.2\n'],
    ['JSON', '{"POLL_INTERVAL": "3s", "Allowlist": ["192.0.2.1", "192.0.2.2"]}'],
  ])('may be %s, its names in either case, lists as lists', (_, content) => {
    expect(readConfigFile(fileWith(content))).toEqual({ POLL_INTERVAL: '3s', ALLOWLIST: '192.0.2.1,192.0.2.2' });
  });

  it('may hold numbers, booleans and nothing', () => {
    expect(readConfigFile(fileWith('a: 403\nb: true\nc:\n'))).toEqual({ A: '403', B: 'true', C: '' });
    expect(readConfigFile(fileWith('# nothing yet\n'))).toEqual({});
  });

  it.each(['just text', '- a\n- b', 'a:\n  b: 1', 'a: [[{b: 1}]]', 'a: b: c', 'a: 1\na: 2', '\t- x: ['])(
    'that is none is refused with its path: %j',
    (content) => {
      const path = fileWith(content);
      expect(() => readConfigFile(path)).toThrow(path);
    },
  );

  it('that does not exist is refused', () => {
    expect(() => readConfigFile('/nowhere/config.yaml')).toThrow('/nowhere/config.yaml');
  });
});

describe('a duration setting', () => {
  const schema = duration(1_000, 60_000);

  it.each([
    ['1s', 1_000],
    ['1m', 60_000],
    ['1m0.000s', 60_000],
    ['2500ms', 2_500],
  ])('%s is within its limits', (text, milliseconds) => expect(schema.parse(text)).toBe(milliseconds));

  it.each(['999ms', '61s', '0s', '-5s', '4d', '10', 'soon', ''])('%s is not, and the limits are named', (text) => {
    expect(schema.safeParse(text).error?.issues[0]?.message).toContain('between 1s and 60s');
  });
});

describe('a listen address', () => {
  it.each([
    ['127.0.0.1:8090', { host: '127.0.0.1', port: 8090, isLoopback: true }],
    ['127.8.9.1:1', { host: '127.8.9.1', port: 1, isLoopback: true }],
    ['localhost:65535', { host: 'localhost', port: 65_535, isLoopback: true }],
    ['[::1]:8090', { host: '::1', port: 8090, isLoopback: true }],
    [':8090', { host: '::', port: 8090, isLoopback: false }],
    ['[::]:8090', { host: '::', port: 8090, isLoopback: false }],
    ['0.0.0.0:8090', { host: '0.0.0.0', port: 8090, isLoopback: false }],
    ['192.0.2.1:0', { host: '192.0.2.1', port: 0, isLoopback: false }],
    ['bouncer:8090', { host: 'bouncer', port: 8090, isLoopback: false }],
    ['127.evil.example:8090', { host: '127.evil.example', port: 8090, isLoopback: false }],
    ['127.0.0.1.evil.example:8090', { host: '127.0.0.1.evil.example', port: 8090, isLoopback: false }],
    ['[::ffff:192.0.2.1]:80', { host: '::ffff:192.0.2.1', port: 80, isLoopback: false }],
  ])('%s is read', (text, address) => expect(listenAddress.parse(text)).toEqual(address));

  it.each([
    '',
    '8090',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '127.0.0.1:-1',
    '127.0.0.1:8090/',
    '::1:8090',
    '[127.0.0.1]:80',
    '[:::]:80',
    'a b:80',
    'http://127.0.0.1:8090',
  ])('"%s" is none', (text) => expect(listenAddress.safeParse(text).error?.issues[0]?.message).toContain('host:port'));
});

describe('a list setting', () => {
  it('is split at commas, without empty words', () => {
    expect(list.parse(' a, b ,,c,')).toEqual(['a', 'b', 'c']);
    expect(list.parse('')).toEqual([]);
  });

  it('of addresses names every one that is none', () => {
    expect(prefixList.parse('::ffff:1.2.3.4, 10.1.2.3/8')).toEqual(['1.2.3.4', '10.0.0.0/8']);
    const issues = prefixList.safeParse('1.2.3.4, 999.1.1.1, home').error?.issues ?? [];
    expect(issues.map(({ message }) => message).join()).toMatch(/"999\.1\.1\.1".*"home"/);
  });
});
