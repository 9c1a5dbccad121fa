import { describe, expect, it } from 'vitest';
import { type FileReader, readWhole } from '../../bouncer/caddyfile/imports.ts';
import { readStatements, type Statement } from '../../bouncer/caddyfile/statements.ts';
import { readTokens } from '../../bouncer/caddyfile/tokens.ts';

function words(text: string): string[] {
  const read = readTokens(text);
  if (read.kind === 'invalid') throw new Error(`${read.line}: ${read.reason}`);
  return read.tokens.map((token) => token.text);
}

describe('the words of a Caddyfile', () => {
  it.each([
    ['white space of any kind', 'a\tb  c\r\nd', ['a', 'b', 'c', 'd']],
    ['a mark at the beginning of the file', '\uFEFFa', ['a']],
    ['comments, which begin at the beginning of a word', 'a # b\n#c\nd#e', ['a', 'd#e']],
    ['quotes, with escaped quotes in them', '"a b" "c\\"d" "e\\nf"', ['a b', 'c"d', 'e\\nf']],
    ['quotes over several lines', '"a\nb" c', ['a\nb', 'c']],
    ['backticks, without escapes', '`{"a":"b\\"}` c', ['{"a":"b\\"}', 'c']],
    ['a quote within a word', 'a"b c', ['a"b', 'c']],
    ['a backslash at the end of a line', 'a \\\n b', ['a', 'b']],
    ['placeholders of the environment, with spaces in their default', 'a {$NAME:b c} d', ['a', '{$NAME:b c}', 'd']],
    ['placeholders of Caddy', '{env.KEY} {file./run/key}', ['{env.KEY}', '{file./run/key}']],
    ['a heredoc, without the indent of its end', '<<END\n  a "b\n   c\n  END d', ['a "b\n c', 'd']],
    ['what only looks like a heredoc', '<<a b', ['<<a', 'b']],
    ['an empty text', '""', ['']],
  ])('are split by %s', (_what, text, expected) => {
    expect(words(text)).toEqual(expected);
  });

  it('know the line they stand in', () => {
    const read = readTokens('a\n"b\nc" d\n# e\n<<X\nf\nX g \\\n h\ni');
    const lines = read.kind === 'ok' ? read.tokens.map(({ text, line, endLine }) => [text, line, endLine]) : [];
    expect(lines).toEqual([
      ['a', 1, 1],
      ['b\nc', 2, 3],
      ['d', 3, 3],
      ['f', 5, 7],
      ['g', 7, 7],
      ['h', 7, 7],
      ['i', 9, 9],
    ]);
  });

  it.each([
    ['a "b', 1],
    ['a\n`b', 2],
    ['a\n\n<<END\nb', 3],
  ])('tell where what is opened is never closed: %j', (text, line) => {
    expect(readTokens(text)).toMatchObject({ kind: 'invalid', line });
  });
});

const none: FileReader = () => [];
const short = (statement: Statement): unknown =>
  statement.block === undefined ? statement.words.join(' ') : [statement.words.join(' '), statement.block.map(short)];

function whole(text: string, read: FileReader = none) {
  const { statements, problems } = readWhole('Caddyfile', text, read);
  return { statements: statements.map(short), problems };
}

describe('the lines of a Caddyfile', () => {
  it('hold their blocks', () => {
    expect(whole('{\n\tdebug\n}\na.example, b.example {\n\troute {\n\t\tcrowdsec\n\t}\n}\n').statements).toEqual([
      ['', ['debug']],
      ['a.example, b.example', [['route', ['crowdsec']]]],
    ]);
  });

  it('may name the sites of one block in several lines', () => {
    expect(whole('a.example,\nb.example {\n\trespond ok\n}').statements).toEqual([
      ['a.example, b.example', ['respond ok']],
    ]);
  });

  it('need no braces for a single site', () => {
    expect(whole(':80\ncrowdsec\nrespond ok').statements).toEqual([':80', 'crowdsec', 'respond ok']);
  });

  it('take a brace in quotes for a text', () => {
    expect(whole('a {\n\trespond "{"\n}').statements).toEqual([['a', ['respond {']]]);
  });

  it.each([
    ['a {\n\tb {\n\t}', /never closed/],
    ['a\n}\n', /never opened/],
  ])('are refused with blocks that do not end, or never began', (text, reason) => {
    const read = readStatements('Caddyfile', text);
    expect(read.kind === 'invalid' && read.problem.reason).toMatch(reason);
  });
});

describe('import', () => {
  it('puts a snippet in its place, with arguments and blocks', () => {
    const text = [
      '(plugin) {\n\tcrowdsec {\n\t\tapi_url {args[0]}\n\t\tapi_key {args.1}\n\t}\n}',
      '(around) {\n\troute {\n\t\t{block}\n\t}\n}',
      '{\n\timport plugin http://crowdsec:8080 {$KEY}\n}',
      'a.example {\n\timport around {\n\t\tcrowdsec\n\t}\n}',
    ].join('\n');
    expect(whole(text).statements).toEqual([
      ['', [['crowdsec', ['api_url http://crowdsec:8080', 'api_key {$KEY}']]]],
      ['a.example', [['route', ['crowdsec']]]],
    ]);
  });

  it('puts files in its place, and keeps their names for messages', () => {
    const read: FileReader = (pattern, from) =>
      pattern === 'sites/*.caddy' && from === 'Caddyfile'
        ? [
            { path: 'sites/a.caddy', text: 'a.example {\n\tcrowdsec\n}' },
            { path: 'sites/b.caddy', text: '\nb.example {\n\tcrowdsec\n}' },
          ]
        : [];
    const { statements } = readWhole('Caddyfile', 'import sites/*.caddy', read);
    expect(statements.map(({ file, line }) => `${file}:${line}`)).toEqual(['sites/a.caddy:1', 'sites/b.caddy:2']);
  });

  it('takes what stands there for a variable that Caddy may not have', () => {
    const read: FileReader = (pattern) =>
      pattern === 'clients/direct.caddy' ? [{ path: pattern, text: 'a.example {\n\tcrowdsec\n}' }] : [];
    const { statements, problems } = readWhole('Caddyfile', 'import clients/{$CLIENTS:direct}.caddy', read);
    expect([statements.map(({ words }) => words), problems]).toEqual([[['a.example']], []]);
  });

  it('of nothing is told, a pattern that matches nothing is fine', () => {
    expect(whole('import nothing').problems).toEqual([
      { file: 'Caddyfile', line: 1, reason: 'import nothing: there is no such snippet or file' },
    ]);
    expect(whole('import sites/*.caddy').problems).toEqual([]);
  });

  it('in a circle ends', () => {
    const { problems } = whole('(a) {\n\timport b\n}\n(b) {\n\timport a\n}\nx {\n\timport a\n}');
    expect(problems.map(({ reason }) => reason)).toEqual([expect.stringContaining('does it import itself?')]);
  });
});
