/** Commands and Caddyfiles of the documentation, put to the programs that they are for. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findCrowdsec } from '../../scripts/servers/binaries.ts';
import { projectRoot } from '../../scripts/servers/project-root.ts';
import { run } from '../../scripts/servers/run.ts';
import { requireBuild } from '../support/built.ts';
import { composeProgram } from '../support/compose.ts';
import { commandsOf, pages } from '../support/markdown.ts';
import { CADDY_VERSIONS, caddyBinary, Workbench } from '../support/servers.ts';

const all = pages();
const commands = all.flatMap((page) => commandsOf(page));
const spans = all.flatMap(({ path, spans }) => spans.map((text) => ({ path, text })));

let bench: Workbench;
beforeAll(async () => {
  requireBuild();
  bench = await Workbench.open();
});
afterAll(() => bench.stop());

const helps = new Map<string, Promise<string>>();
/** The help of a program, or of a command of its own; asked once. */
function help(program: string, ...args: string[]): Promise<string> {
  const key = [program, ...args].join(' ');
  const known = helps.get(key) ?? run(program, [...args, '--help']).then(({ stdout, stderr }) => stdout + stderr);
  helps.set(key, known);
  return known;
}

function flagsOf(words: readonly string[]): string[] {
  return words.filter((word) => /^--[a-z]/.test(word)).map((word) => word.split('=')[0] ?? '');
}

describe('our own commands', () => {
  const main = (daemon: string) => join(projectRoot, 'dist', daemon, 'main.js');
  const calls = commands.flatMap(({ words, from }) => {
    const index = words.findIndex((word) => /dist\/(bouncer|control-api)\/main\.js$/.test(word));
    const daemon = /dist\/([\w-]+)\/main/.exec(words[index] ?? '')?.[1];
    return daemon === undefined ? [] : [{ daemon, args: words.slice(index + 1), from }];
  });
  const named = spans.flatMap(({ path, text }) => {
    const [daemon = '', ...args] = text.split(' ');
    const isCall = (daemon === 'bouncer' || daemon === 'control-api') && args.length > 0;
    return isCall ? [{ daemon, args, from: `${path}: ${text}` }] : [];
  });

  it('are there', () => expect(calls.length + named.length).toBeGreaterThan(15));

  it.each([...calls, ...named].map((call) => [call.from, call] as const))('%s', async (_from, { daemon, args }) => {
    const [command = '', ...rest] = args;
    const overview = await help(process.execPath, main(daemon));
    if (command.startsWith('--')) {
      expect(overview).toContain(command);
      return;
    }
    expect(overview).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    const text = await help(process.execPath, main(daemon), command);
    for (const flag of flagsOf(rest)) if (flag !== '--help') expect(text).toContain(flag);
  });
});

describe("CrowdSec's commands", () => {
  const inBlocks = commands.flatMap(({ words, from }) => {
    const at = words.indexOf('cscli');
    return at < 0 ? [] : [{ args: words.slice(at + 1), from }];
  });
  const inText = spans
    .filter(({ text }) => text.startsWith('cscli ') && !text.includes('…'))
    .map(({ path, text }) => ({ args: text.split(' ').slice(1), from: `${path}: ${text}` }));

  it.each([...inBlocks, ...inText].map((call) => [call.from, call] as const))('%s', async (_from, { args }) => {
    const { cscli, libraryPath } = await findCrowdsec();
    const words = args.slice(0, args.findIndex((word) => word.startsWith('-')) >>> 0).slice(0, 2);
    const env = libraryPath === undefined ? {} : { LD_LIBRARY_PATH: libraryPath };
    const result = await run(cscli, [...words, '--help'], { env });
    expect(result.stdout).toContain(`cscli ${words.join(' ')}`);
    for (const flag of flagsOf(args)) expect(result.stdout).toContain(flag);
  });
});

describe("docker compose's commands", () => {
  const calls = commands.filter(({ words }) => words[0] === 'docker' && words[1] === 'compose');

  it.each(calls.map(({ words, from }) => [from, words] as const))('%s', async (_from, [, , command = '', ...rest]) => {
    const program = await composeProgram();
    const text = await help(program, command);
    expect(text).toContain(`docker compose ${command}`);
    // What follows the service belongs to the program inside.
    const own = ['exec', 'run'].includes(command)
      ? rest.slice(
          0,
          rest.findIndex((word) => !word.startsWith('-')),
        )
      : rest;
    for (const flag of flagsOf(own)) expect(text).toContain(flag);
  });
});

const blocks = all.flatMap(({ path, blocks }) =>
  blocks
    .filter(({ language, note }) => language === 'caddyfile' && note !== 'before')
    .map(({ text, line }) => [`${path}:${line}`, text] as const),
);

describe.each(CADDY_VERSIONS)('the Caddyfiles of the documentation on Caddy %s', (version) => {
  /** `vars` and error routes work on every version; these came later. */
  const isTooOld = (text: string) =>
    version === '2.6.2' && /stream_close_delay|trusted_proxies_strict|client_ip/.test(text);

  it.each(blocks)('%s', async (_from, text) => {
    const folder = bench.path('caddyfile');
    mkdirSync(folder);
    const file = join(folder, 'Caddyfile');
    const snippet = text.includes('import access_log') ? '(access_log) {\n\tlog\n}\n\n' : '';
    writeFileSync(file, snippet + text);
    const { path } = await caddyBinary(version);
    const env = { HOME: folder };
    const adapted = await run(path, ['adapt', '--config', file, '--adapter', 'caddyfile'], { env });
    expect(adapted.code === 0, adapted.stderr).toBe(!isTooOld(text));
    const words = (caddyfile: string) => caddyfile.replaceAll(/\s+/g, ' ');
    expect(words((await run(path, ['fmt', file], { env })).stdout)).toBe(words(snippet + text));
  });
});
