import { describe, expect, it } from 'vitest';
import { commandWords } from '../../control-api/crowdsec/command-words.ts';
import { cscliMessages, failureText } from '../../control-api/crowdsec/cscli-messages.ts';
import { csvLine } from '../../control-api/decisions/csv.ts';
import { Dictionary } from '../../control-api/decisions/dictionary.ts';
import { decodeCursor, encodeCursor } from '../../control-api/decisions/page-cursor.ts';
import { cursorAt, flag, limitUpTo, offsetOf } from '../../control-api/http/cursor.ts';
import { durationInput, reasonInput } from '../../control-api/http/duration-input.ts';
import { lineUpTo } from '../../control-api/http/line-input.ts';
import { prefixInput } from '../../control-api/http/prefix-input.ts';
import { Problem } from '../../control-api/http/problem.ts';

interface Schema {
  safeParse(
    value: unknown,
  ): { success: true; data: unknown } | { success: false; error: { issues: readonly { message: string }[] } };
}

/** What is read, or the first objection. */
function read(schema: Schema, value: unknown): unknown {
  const result = schema.safeParse(value);
  return result.success ? result.data : result.error.issues[0]?.message;
}

function problemOf(act: () => unknown): Problem | undefined {
  try {
    act();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  return undefined;
}

describe('a duration that people type', () => {
  const NONE = 'this is not a duration between 1s and 3650d, such as 4h or 7d';

  it.each([
    ['4h', 4 * 3_600_000],
    ['7d', 7 * 86_400_000],
    ['1d12h', 36 * 3_600_000],
    ['1d0s', 86_400_000],
    [' 90s\n', 90_000],
    ['1s', 1_000],
    ['3650d', 3650 * 86_400_000],
    ['87600h', 87_600 * 3_600_000],
    ['0d1s', 1_000],
  ])('is read from %j', (text, milliseconds) => expect(read(durationInput, text)).toBe(milliseconds));

  it.each([
    '',
    'd',
    '0d',
    '0s',
    '999ms',
    '-1h',
    '3650d1s',
    '3651d',
    '99999d',
    '1d1d',
    '4',
    'h4',
    '1.5d',
    '4h x',
    'x 4h',
  ])('is not %j', (text) => expect(read(durationInput, text)).toBe(NONE));

  it('is no text of more than 32 letters', () => {
    expect(read(durationInput, `${' '.repeat(30)}1h`)).toBe(3_600_000);
    expect(durationInput.safeParse(`${' '.repeat(31)}1h`).success).toBe(false);
  });
});

describe('a reason, and other lines', () => {
  it('is one line of at most 200 letters, without the spaces around it', () => {
    expect(read(reasonInput, ' scans /wp-login, again ')).toBe('scans /wp-login, again');
    expect(reasonInput.safeParse('x'.repeat(200)).success).toBe(true);
    expect(reasonInput.safeParse('x'.repeat(201)).success).toBe(false);
  });

  it.each(['a\nb', 'a\rb', 'a\tb', 'a\u0000b', 'a\u001b[31mb', 'a\u202eb', 'a\u200bb', 'a\u2028b', 'a\u2029b'])(
    'holds nothing that a log or a screen would not show as it is: %j',
    (text) => expect(read(reasonInput, text)).toBe('a reason is one line of text'),
  );

  it('is searched for by one line of text', () => {
    expect(read(lineUpTo(3), 'abc')).toBe('abc');
    expect(read(lineUpTo(9), 'a\nb')).toBe('expected one line of text');
    expect(lineUpTo(3).safeParse('abcd').success).toBe(false);
  });
});

describe('an address that people paste', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9'],
    [' 203[.]0[.]113[.]9 ', '203.0.113.9'],
    ['2001[:]db8[:]:1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['2001:db8::/16', '2001::/16'],
  ])('is read from %j', (text, prefix) => expect(read(prefixInput, text)).toBe(prefix));

  it.each(['', 'example.com', '[203.0.113.9', '203.0.113.9]', '203[.0.113.9]', '[203.0.113].9', '1.2.3', '1.2.3.4:80'])(
    'is not %j',
    (text) => expect(read(prefixInput, text)).toBe('this is not an IP address or range'),
  );

  it('is no good part of the internet', () => {
    expect(read(prefixInput, '10.0.0.0/7')).toBe('a range has at least /8: this one is far too wide');
    expect(read(prefixInput, '2001::/15')).toBe('a range has at least /16: this one is far too wide');
    expect(prefixInput.safeParse(`${' '.repeat(100)}1.2.3.4`).success).toBe(false);
  });
});

describe('a place in a list', () => {
  it('is found again by its cursor', () => {
    for (const offset of [0, 1, 50, 999_999_999]) expect(offsetOf(cursorAt(offset))).toBe(offset);
    expect(offsetOf(undefined)).toBe(0);
  });

  it.each([
    '',
    'x',
    '0',
    Buffer.from('o1000000000').toString('base64url'),
    Buffer.from('xo5').toString('base64url'),
    Buffer.from('o5x').toString('base64url'),
  ])('is not found by %j', (cursor) =>
    expect(problemOf(() => offsetOf(cursor))).toMatchObject({
      spec: {
        status: 400,
        code: 'invalid_cursor',
        title: 'The cursor is not one of ours',
        detail: 'query.cursor: this is not a cursor that an earlier answer gave.',
        hint: 'Use next_cursor of the answer before, or leave it out for the first page.',
      },
    }),
  );

  it('is limited to what a page may hold', () => {
    const limit = limitUpTo(500, 50);
    expect([undefined, '1', '500'].map((text) => read(limit, text))).toEqual([50, 1, 500]);
    for (const text of ['0', '501', '-1', '1.5', '1e2', ' 1', '1 ', '', '1234567'])
      expect(limit.safeParse(text).success, text).toBe(false);
    expect(read(limit, 'x')).toBe('expected a whole number');
    expect(['true', 'false'].map((text) => read(flag, text))).toEqual([true, false]);
    expect(flag.safeParse('yes').success).toBe(false);
  });

  it('among decisions is a row in an order, and no other', () => {
    const cursor = { column: 'value', isDescending: true, key: '203.0.113.9', id: 7 } as const;
    const text = encodeCursor(cursor);
    expect(text).toMatch(/^[\w-]+$/);
    expect(decodeCursor(text, cursor)).toEqual(cursor);
    const why = (wanted: Parameters<typeof decodeCursor>[1], from = text) =>
      problemOf(() => decodeCursor(from, wanted))?.spec.detail;
    const other = 'query.cursor: this cursor belongs to pages in another order.';
    expect(why({ column: 'id', isDescending: true })).toBe(other);
    expect(why({ column: 'value', isDescending: false })).toBe(other);
    expect(why(cursor, 'rubbish')).toBe('query.cursor: this is not a cursor that an earlier answer gave.');
    expect(problemOf(() => decodeCursor('', cursor))).toMatchObject({
      spec: {
        status: 400,
        code: 'invalid_cursor',
        title: 'The cursor does not fit',
        hint: 'Use next_cursor of the answer before with the same sort, or leave it out for the first page.',
      },
    });
  });
});

describe('a row of CSV', () => {
  it.each<[readonly (string | number | boolean | null)[], string]>([
    [['a', 1, true, null, ''], 'a,1,true,,\r\n'],
    [
      ['a,b', 'say "so"', 'two\nlines', 'a;b', 'a\tb', 'a\rb', "it's"],
      '"a,b","say ""so""","two\nlines","a;b","a\tb","a\rb","it\'s"\r\n',
    ],
    [
      ['=1+1', '+1', '-1', '@x', ' =1', '＝1', '＋1', '－1', '＠x'],
      `"'=1+1","'+1","'-1","'@x","' =1","'＝1","'＋1","'－1","'＠x"\r\n`,
    ],
    [[-1, 'a=b', 'a-b'], '-1,a=b,a-b\r\n'],
  ])('%j', (cells, line) => expect(csvLine(cells)).toBe(line));
});

describe('a line of the exported table', () => {
  it.each([
    ['=cmd|calc', `'=cmd|calc\r\n`.replace("'=", `"'=`).replace('calc', 'calc"')],
    ['@SUM(A1)', `"'@SUM(A1)"\r\n`],
    [' +1', `"' +1"\r\n`],
    ['-2', `"'-2"\r\n`],
    ['\t=1', `"'\t=1"\r\n`],
    ['a "quoted", word', `"a ""quoted"", word"\r\n`],
    ['plain', 'plain\r\n'],
  ])('is no formula: %j', (cell, line) => {
    expect(csvLine([cell])).toBe(line);
  });

  it('writes numbers, truth and nothing as they are', () => {
    expect(csvLine([1, true, null, 'pending'])).toBe('1,true,,pending\r\n');
  });
});

describe('a dictionary', () => {
  it('gives each value one number, and the value for the number', () => {
    const dictionary = new Dictionary<{ readonly name: string }>(({ name }) => name);
    expect(['a', 'b', 'a'].map((name) => dictionary.indexOf({ name }))).toEqual([0, 1, 0]);
    expect([dictionary.size, dictionary.at(1), dictionary.values()]).toEqual([
      2,
      { name: 'b' },
      [{ name: 'a' }, { name: 'b' }],
    ]);
    expect(() => dictionary.at(2)).toThrow('no value has number 2');
  });
});

describe('a command line', () => {
  it.each<[string, readonly string[]]>([
    ['cscli', ['cscli']],
    ["  docker exec 'my crowdsec' cscli ", ['docker', 'exec', 'my crowdsec', 'cscli']],
    ['a"b c"d \'\' "x\'y"', ['ab cd', '', "x'y"]],
    ['$HOME `id` a|b', ['$HOME', '`id`', 'a|b']],
  ])('%j is split into words', (text, words) => expect(commandWords(text)).toEqual(words));

  it.each(['', '  ', '"open', "it's", 'a "b'])('%j is none', (text) => expect(commandWords(text)).toBeUndefined());
});

describe('what cscli says', () => {
  it.each([
    ['time="2026-01-01T00:00:00Z" level=fatal msg="could not: \\"x\\"\\nsecond"', 'fatal', 'could not: "x" second'],
    [String.raw`level=info msg="a\tb\x1b[31mc\u200bd\\n"`, 'info', String.raw`a b [31mc d\n`],
    ['{"level":"info","msg":"two\\nlines"}', 'info', 'two lines'],
    [String.raw`level=info msg="a\U000e0001b"`, 'info', 'a b'],
    ['{"level":"info","msg":3}', 'print', '{"level":"info","msg":3}'],
    ['level=warning msg=bare rest', 'warning', 'bare'],
    ['time="x" level=info msg="cut sho', 'info', 'cut sho'],
    ['{"level":"error","msg":" spaces ","time":"x"}', 'error', 'spaces'],
    ['Error: cscli hub update: failed to download', 'fatal', 'failed to download'],
    ['Error: no such item', 'fatal', 'no such item'],
    ['{"level":1,"msg":"x"}', 'print', '{"level":1,"msg":"x"}'],
    ['{"level":"x"', 'print', '{"level":"x"'],
    ['anything else', 'print', 'anything else'],
    ['a level=fatal msg="inside"', 'print', 'a level=fatal msg="inside"'],
    ['not an Error: x', 'print', 'not an Error: x'],
    ['x'.repeat(3_000), 'print', 'x'.repeat(2_000)],
  ])('is read from %j', (line, level, text) => expect(cscliMessages(`\n  ${line}  \n\n`)).toEqual([{ level, text }]));

  it('when it fails is its last fatal line, else its last error, else its last word', () => {
    const [print, error, warning, fatal] = [
      { level: 'print', text: 'p' },
      { level: 'error', text: 'e' },
      { level: 'warning', text: 'w' },
      { level: 'fatal', text: 'f' },
    ] as const;
    expect(failureText([{ level: 'fatal', text: 'first' }, fatal, error, print])).toBe('f');
    expect(failureText([{ level: 'error', text: 'first' }, error, warning])).toBe('e');
    expect(failureText([print, warning])).toBe('w');
    expect(failureText([warning, warning, print])).toBe('p');
    expect(failureText([])).toBe('it gave no reason');
  });
});
