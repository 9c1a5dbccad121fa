import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { commandWords } from '../../control-api/crowdsec/command-words.ts';
import { crowdsecEnvironment } from '../../control-api/crowdsec/cscli-command.ts';
import { cscliMessages, failureText } from '../../control-api/crowdsec/cscli-messages.ts';
import { Cscli } from '../../control-api/crowdsec/cscli.ts';
import { readCrowdsecVersion } from '../../control-api/crowdsec/crowdsec-version.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A program that behaves as a cscli might. */
function program(script: string, mode = 0o755): Cscli {
  const path = join(temporaryFolder('cscli'), 'cscli');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, mode);
  return new Cscli({ words: [path], environment: { PATH: '/usr/bin:/bin' } });
}

describe('running cscli', () => {
  it('gives what it printed, each stream apart', async () => {
    const result = await program(`echo out; echo 'time="x" level=info msg="said \\"so\\""' >&2`).run(['hub', 'list']);
    expect(result).toEqual({ kind: 'ok', stdout: 'out\n', messages: [{ level: 'info', text: 'said "so"' }] });
  });

  it('tells a missing program', async () => {
    const result = await new Cscli({ words: ['/nowhere/cscli'], environment: {} }).run(['version']);
    expect(result).toMatchObject({ kind: 'missing', message: '/nowhere/cscli was not found' });
  });

  it('tells a program that may not be run', async () => {
    expect(await program('true', 0o644).run(['version'])).toMatchObject({ kind: 'not_executable' });
  });

  it('stops a slow one, even when a child of it holds its output open', async () => {
    const startedAt = performance.now();
    const result = await program('sleep 30 & sleep 30').run(['hub', 'update'], { timeoutMs: 200 });
    expect(result).toMatchObject({ kind: 'timeout', message: '"cscli hub update" was stopped after 0.2 s' });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it('ends what runs when it is told to stop, and starts nothing more', async () => {
    const cscli = program('sleep 600 & sleep 600');
    const running = cscli.run(['console', 'enroll', 'secretkey123']);
    cscli.stop();
    const said = { kind: 'stopped', message: '"cscli console enroll" was ended, because the control API stops' };
    expect(await running).toMatchObject(said);
    expect(await cscli.run(['console', 'enroll', 'secretkey123'])).toMatchObject(said);
  });

  it('takes the reason from its last fatal line when it refuses', async () => {
    const result = await program(
      `echo 'time="x" level=warning msg="first"' >&2; echo 'time="x" level=fatal msg="dial tcp 127.0.0.1:1: connect: connection refused"' >&2; exit 1`,
    ).run(['lapi', 'status']);
    expect(result).toMatchObject({
      kind: 'refused',
      exitCode: 1,
      message: 'dial tcp 127.0.0.1:1: connect: connection refused',
    });
    expect(result.kind === 'refused' && result.hint).toContain('LAPI');
  });

  it.each(['printf nonsense', 'printf {}', 'true', 'head -c 20000000 /dev/zero'])(
    'tells rubbish: %s',
    async (script) => {
      const result = await program(script).json(['bouncers', 'list'], z.array(z.object({ name: z.string() })));
      expect(result).toMatchObject({ kind: 'rubbish' });
    },
  );

  it('never names what was given to a command: it may be an enrollment key', async () => {
    const slow = await program('sleep 9').run(['console', 'enroll', 'secretkey123'], { timeoutMs: 50 });
    expect(JSON.stringify(slow)).not.toContain('secretkey123');
  });

  it('tells each line as it is printed', async () => {
    const lines: string[] = [];
    await program('echo one; echo two >&2; printf three').run([], { onLine: (line) => lines.push(line) });
    expect(lines.sort()).toEqual(['one', 'two']);
  });

  it('lets it see the proxies and nothing of ours', () => {
    const environment = crowdsecEnvironment(
      { HTTP_PROXY: undefined, HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: 'localhost' },
      { PATH: '/bin', CONTROL_API_TOKEN: 'secret', https_proxy: 'http://other' },
    );
    expect(environment).toEqual({ PATH: '/bin', HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: 'localhost' });
  });
});

describe('the command line of cscli', () => {
  it.each([
    ['cscli', ['cscli']],
    ['  docker exec crowdsec cscli ', ['docker', 'exec', 'crowdsec', 'cscli']],
    [`/opt/"my crowdsec"/cscli -c '/etc/a b.yaml'`, ['/opt/my crowdsec/cscli', '-c', '/etc/a b.yaml']],
    ['cscli; rm -rf / $(x) | y', ['cscli;', 'rm', '-rf', '/', '$(x)', '|', 'y']],
  ])('%s', (text, words) => {
    expect(commandWords(text)).toEqual(words);
  });

  it.each(['', '   ', 'cscli "open', "it's"])('refuses %j', (text) => {
    expect(commandWords(text)).toBeUndefined();
  });
});

describe('what cscli says', () => {
  it.each([
    ['time="22-11-2026 15:30:29" level=fatal msg="unable to retrieve: a/b\\n"', 'fatal', 'unable to retrieve: a/b'],
    [
      '{"level":"fatal","msg":"unable to retrieve item.","time":"2026-11-22T15:30:29Z"}',
      'fatal',
      'unable to retrieve item.',
    ],
    ['Error: cscli console enroll: could not enroll instance', 'fatal', 'could not enroll instance'],
    ['level=warning msg=short', 'warning', 'short'],
    ['plain words', 'print', 'plain words'],
  ])('%s', (line, level, text) => {
    expect(cscliMessages(`${line}\n\n`)).toEqual([{ level, text }]);
  });

  it('has a reason even when it says nothing', () => {
    expect(failureText([])).toBe('it gave no reason');
    expect(failureText(cscliMessages('level=error msg=bad\nlevel=info msg=later'))).toBe('bad');
  });

  it.each([
    [
      '2026/11/22 15:30:17 version: v1.4.6-6~deb12u1+b1-debian\n2026/11/22 Codename: alphaga',
      'v1.4.6-6~deb12u1+b1-debian',
      4,
    ],
    ['version: v1.7.8-debian-pragmatic\nCodename: alphaga', 'v1.7.8-debian-pragmatic', 7],
  ])('knows its version in %j', (output, text, minor) => {
    expect(readCrowdsecVersion(output)).toEqual({ text, major: 1, minor });
  });
});
