import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../control-api/config.ts';
import { generatedToken } from '../../control-api/http/token-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const load = (environment: Record<string, string>, flags: Record<string, string> = {}) =>
  loadConfig({ flags, environment });

const fine = { CONTROL_API_LISTEN: '127.0.0.1:8081' };

function problemsOf(environment: Record<string, string>) {
  const result = load(environment);
  return result.kind === 'invalid' ? result.problems : [];
}

describe('the configuration of the control API', () => {
  it('has a default for everything but the port that it would share with LAPI', () => {
    expect(load(fine).kind).toBe('ok');
    const [problem, ...others] = problemsOf({});
    expect(others).toEqual([]);
    expect(problem?.setting).toBe('CONTROL_API_LISTEN');
    expect(problem?.message).toContain('CROWDSEC_LAPI_URL');
  });

  it('takes the same port when LAPI is on another host', () => {
    expect(problemsOf({ CROWDSEC_LAPI_URL: 'http://crowdsec:8080' })).toEqual([]);
    expect(problemsOf({ CROWDSEC_LAPI_URL: 'unix:///run/lapi.sock' })).toEqual([]);
  });

  it.each(['0.0.0.0:9000', ':9000', '[::]:9000', '192.0.2.4:9000'])(
    'refuses to listen on %s without a token',
    (listen) => {
      const problems = problemsOf({ CONTROL_API_LISTEN: listen });
      expect(problems.map((problem) => problem.setting)).toEqual(['CONTROL_API_TOKEN']);
      expect(problemsOf({ CONTROL_API_LISTEN: listen, CONTROL_API_TOKEN: 'x'.repeat(16) })).toEqual([]);
    },
  );

  it('refuses to be published under a name of its own without a token', () => {
    const published = { ...fine, CONTROL_API_PUBLIC_URL: 'http://localhost:3000,https://crowdsec.example.com' };
    expect(problemsOf(published).map(({ setting, message }) => ({ setting, message }))).toEqual([
      { setting: 'CONTROL_API_TOKEN', message: expect.stringContaining('https://crowdsec.example.com/') as string },
    ]);
    expect(problemsOf({ ...published, CONTROL_API_TOKEN: 'x'.repeat(16) })).toEqual([]);
    expect(problemsOf({ ...fine, CONTROL_API_PUBLIC_URL: 'http://localhost:3000' })).toEqual([]);
  });

  it('reports everything at once, and never the value of a secret', () => {
    const problems = problemsOf({
      CONTROL_API_TOKEN: 'short-secret',
      REDIS_URL: 'http://user:hunter2@redis',
      HEARTBEAT_INTERVAL: '1s',
      CROWDSEC_ENGINE: 'mine',
      CONTROL_API_PUBLIC_URL: 'ftp://x',
    });
    expect(problems.map((problem) => problem.setting).sort()).toEqual([
      'CONTROL_API_PUBLIC_URL',
      'CONTROL_API_TOKEN',
      'CROWDSEC_ENGINE',
      'HEARTBEAT_INTERVAL',
      'REDIS_URL',
    ]);
    expect(JSON.stringify(problems)).not.toMatch(/short-secret|hunter2/);
  });

  it('takes a process of CrowdSec by its id or by itself, where CrowdSec is not started here', () => {
    const pidOf = (text: string) => {
      const result = load({ ...fine, CROWDSEC_PID: text });
      return result.kind === 'ok' ? result.values.CROWDSEC_PID : 'refused';
    };
    expect(['auto', '1', '', '0', '-1', 'systemd', '1x'].map(pidOf)).toEqual([
      'auto',
      1,
      undefined,
      'refused',
      'refused',
      'refused',
      'refused',
    ]);
    const [problem] = problemsOf({ ...fine, CROWDSEC_PID: 'auto', CROWDSEC_ENGINE: 'managed' });
    expect(problem?.setting).toBe('CROWDSEC_PID');
  });

  it('asks for both halves of a pair', () => {
    expect(problemsOf({ ...fine, CROWDSEC_MACHINE_ID: 'm' }).map((problem) => problem.setting)).toEqual([
      'CROWDSEC_MACHINE_PASSWORD',
    ]);
    expect(problemsOf({ ...fine, CROWDSEC_KEY_FILE: '/k' }).map((problem) => problem.setting)).toEqual([
      'CROWDSEC_CERT_FILE',
    ]);
  });

  it('prefers flags over the environment, and lower-case proxies over upper-case ones', () => {
    const result = load(
      { ...fine, HTTPS_PROXY: 'http://upper:1', https_proxy: 'http://lower:1' },
      { CONTROL_API_LISTEN: '127.0.0.1:7000' },
    );
    expect(result.kind === 'ok' && result.values.CONTROL_API_LISTEN.port).toBe(7000);
    expect(result.kind === 'ok' && result.values.HTTPS_PROXY).toBe('http://lower:1');
  });

  it('names a configuration file that cannot be read', () => {
    const result = loadConfig({ flags: {}, environment: fine, configFile: '/nowhere/at/all.yaml' });
    expect(result.kind === 'invalid' && result.problems[0]).toMatchObject({ setting: '--config' });
  });

  it('cannot be printed with its secrets', () => {
    const result = load({ ...fine, CONTROL_API_TOKEN: 'a-very-secret-token', REDIS_URL: 'redis://:hunter2@localhost' });
    expect(`${JSON.stringify(result)}${inspect(result, { depth: 9 })}`).not.toMatch(/a-very-secret-token|hunter2/);
  });
});

describe('the token of a start without one', () => {
  it('is long, only for this user, and the same at the next start', () => {
    const folder = join(temporaryFolder('token'), 'state');
    const { token, path } = generatedToken(folder);
    expect(token.reveal()).toMatch(/^[\w-]{43}$/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8').trim()).toBe(token.reveal());
    expect(generatedToken(folder).token.reveal()).toBe(token.reveal());
  });

  it('is made again when the file holds nothing useful', () => {
    const folder = temporaryFolder('token');
    writeFileSync(join(folder, 'control-api-token'), '\n');
    expect(generatedToken(folder).token.reveal()).toMatch(/^[\w-]{43}$/);
  });
});
