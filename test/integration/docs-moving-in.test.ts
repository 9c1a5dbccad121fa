/** The pages about moving in: what they show is what the bouncer says, and what both Caddys load. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readStatements } from '../../bouncer/caddyfile/statements.ts';
import { projectRoot } from '../../scripts/servers/project-root.ts';
import { run } from '../../scripts/servers/run.ts';
import { requireBuild } from '../support/built.ts';
import { pages } from '../support/markdown.ts';
import { CADDY_VERSIONS, caddyBinary, Workbench } from '../support/servers.ts';

const moves = pages('deploy').filter(({ path }) => /\/from-[\w-]+\.md$/.test(path));

let bench: Workbench;
beforeAll(async () => {
  requireBuild();
  bench = await Workbench.open();
});
afterAll(() => bench.stop());

/** A folder with this Caddyfile in it. */
function folderWith(caddyfile: string): string {
  const folder = bench.path('move');
  mkdirSync(folder);
  writeFileSync(join(folder, 'Caddyfile'), caddyfile);
  return folder;
}

it('there are two', () => expect(moves).toHaveLength(2));

describe.each(moves.map((page) => [page.path, page] as const))('%s', (_path, { blocks }) => {
  const [before, ...noMore] = blocks.filter(({ note }) => note === 'before');
  const after = blocks.filter(({ language, note }) => language === 'caddyfile' && note !== 'before');

  it('shows what the bouncer says of the configuration before', async () => {
    expect(noMore).toEqual([]);
    const main = join(projectRoot, 'dist', 'bouncer', 'main.js');
    const cwd = folderWith(before?.text ?? '');
    const { code, stdout, stderr } = await run(process.execPath, [main, 'check-config', '--caddyfile', 'Caddyfile'], {
      cwd,
    });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(blocks.find(({ language }) => language === 'text')?.text);
  });

  it.each(CADDY_VERSIONS)('shows a configuration after that Caddy %s loads', async (version) => {
    expect(after).toHaveLength(1);
    const cwd = folderWith(after[0]?.text ?? '');
    const { path } = await caddyBinary(version);
    const result = await run(path, ['validate', '--config', 'Caddyfile', '--adapter', 'caddyfile'], {
      cwd,
      env: { HOME: cwd, XDG_DATA_HOME: cwd },
    });
    expect(result.code, result.stderr).toBe(0);
  });
});

describe('a Caddyfile is read as Caddy reads it', () => {
  it.each([
    'plain',
    '"two words"',
    '"with \\" a quote and \\n no line break"',
    '`{"json": "in \\" backticks"}`',
    '"over\n\ttwo lines"',
    '<<END\n\t\tindented\n\t\t  more\n\t\tEND',
    '<<END\n\tno indent taken\nEND',
    'joined\\\n',
    'a"quote',
    'back\\slash',
    '"#no-comment"',
    'no#comment',
    '{$NOT_SET_ANYWHERE:default}',
  ])('%j', async (written) => {
    const caddyfile = `:80 {\n\trespond /here ${written}\n\trespond /there end # the end\n}\n`;
    const cwd = folderWith(caddyfile);
    const { path } = await caddyBinary('newest');
    const adapted = await run(path, ['adapt', '--config', 'Caddyfile', '--adapter', 'caddyfile'], {
      cwd,
      env: { HOME: cwd },
    });
    expect(adapted.code, adapted.stderr).toBe(0);
    const bodies = [...adapted.stdout.matchAll(/"body":("(?:[^"\\]|\\.)*")/g)].map(
      ([, text = '""']) => JSON.parse(text) as string,
    );
    const read = readStatements('Caddyfile', caddyfile);
    const ours = read.kind === 'ok' ? (read.statements[0]?.block ?? []).map(({ words }) => words[2]) : [];
    // Caddy puts a default in place of what is not set; the reader leaves that to it.
    expect(ours.map((word) => word?.replace(/^\{\$\w+:(.*)\}$/, '$1')).sort()).toEqual(bodies.sort());
  });
});
