/** What the control API reads from cscli, from the Hub's index and from people: any text at all. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandWords } from '../../control-api/crowdsec/command-words.ts';
import { readCrowdsecVersion } from '../../control-api/crowdsec/crowdsec-version.ts';
import { cscliMessages, failureText } from '../../control-api/crowdsec/cscli-messages.ts';
import { decodeCursor, encodeCursor } from '../../control-api/decisions/page-cursor.ts';
import { COLUMNS } from '../../control-api/decisions/row-order.ts';
import { readEnrollmentKey } from '../../control-api/enrollment/enrollment-key.ts';
import { catalogOf } from '../../control-api/hub/hub-catalog.ts';
import { HUB_TYPES, hubIndexSchema, type HubItem, keyOf } from '../../control-api/hub/hub-item.ts';
import { difference, type HubChange, planInstall, planRemove } from '../../control-api/hub/hub-plan.ts';
import { Problem } from '../../control-api/http/problem.ts';
import type { InstalledFile } from '../../control-api/hub/installed-files.ts';

const SEED = 20_260_622;

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({
    unit: fc.constantFrom('level=', 'msg=', 'time="x" ', '"', '\\', '\n', '{', '}', 'Error: ', 'cscli ', 'a', ' '),
    maxLength: 14,
  }),
);

describe('what cscli prints', () => {
  it('is one message for each line that is not empty, whatever is in it', () => {
    fc.assert(
      fc.property(text, (output) => {
        const messages = cscliMessages(output);
        expect(messages).toHaveLength(output.split('\n').filter((line) => line.trim() !== '').length);
        for (const message of messages) expect(message.text.length).toBeLessThanOrEqual(2_000);
        expect(failureText(messages)).toBeTypeOf('string');
        expect(readCrowdsecVersion(output)?.text).not.toBe('');
      }),
      { numRuns: 3_000, seed: SEED },
    );
  });

  it('is read as it was meant from each of its forms, on one line', () => {
    const level = fc.constantFrom('info', 'warning', 'error', 'fatal');
    const said = fc.string({
      unit: fc.constantFrom('a', 'ä', '"', '\\', ' ', '\n', '\t', '\u001b', '=', 'n', '…'),
      maxLength: 12,
    });
    fc.assert(
      fc.property(level, said, (level, said) => {
        const shown = said.replaceAll(/\p{Cc}/gu, ' ').trim();
        const logfmt = `time="2026-01-01T00:00:00Z" level=${level} msg=${goQuoted(said)} type=x`;
        expect(cscliMessages(logfmt)).toEqual([{ level, text: shown }]);
        expect(cscliMessages(JSON.stringify({ level, msg: said }))).toEqual([{ level, text: shown }]);
      }),
      { numRuns: 1_000, seed: SEED },
    );
  });
});

/** As Go's `%q`, which logrus writes messages with. */
function goQuoted(message: string): string {
  const escapes: Readonly<Record<string, string>> = {
    '\n': '\\n',
    '\t': '\\t',
    '"': '\\"',
    '\\': '\\\\',
    '\u001b': '\\x1b',
  };
  return `"${message.replaceAll(/["\\\p{Cc}]/gu, (found) => escapes[found] ?? '')}"`;
}

describe('a command line', () => {
  it('gives back the words that were quoted', () => {
    const quoted = (word: string) =>
      word
        .split("'")
        .map((part) => `'${part}'`)
        .join(`"'"`);
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 8 }), { minLength: 1, maxLength: 5 }), (words) => {
        expect(commandWords(words.map(quoted).join('  '))).toEqual(words);
      }),
      { numRuns: 1_000, seed: SEED },
    );
  });

  it('is words or none, whatever it is', () => {
    fc.assert(
      fc.property(text, (line) => {
        expect(commandWords(line)?.length ?? 1).toBeGreaterThan(0);
      }),
      { numRuns: 1_000, seed: SEED },
    );
  });
});

describe('an enrollment key', () => {
  it('is a word of the key’s alphabet, or is not repeated', () => {
    const pasted = fc.oneof(
      text,
      fc.string({
        unit: fc.constantFrom('cscli console enroll ', '-e ', '--name ', 'k3y', '-', '"', ' ', '\n', 'Z'),
        maxLength: 12,
      }),
    );
    fc.assert(
      fc.property(pasted, (pasted) => {
        const result = readEnrollmentKey(pasted);
        if (result.kind === 'ok') {
          expect(result.key.reveal()).toMatch(/^[A-Za-z0-9][A-Za-z0-9-]{9,63}$/);
          expect(pasted.replaceAll(/["'`]/g, '')).toContain(result.key.reveal());
        } else if (/\S{12}/.test(pasted)) expect(result.message).not.toContain(pasted.trim());
      }),
      { numRuns: 3_000, seed: SEED },
    );
  });
});

describe('a cursor', () => {
  const place = fc.record({
    column: fc.constantFrom(...COLUMNS),
    isDescending: fc.boolean(),
    key: fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((key) => key + 0),
    ),
    id: fc.nat(),
  });

  it('leads back to where it was made, and any other text is refused in words', () => {
    fc.assert(
      fc.property(place, (place) => {
        expect(decodeCursor(encodeCursor(place), place)).toEqual(place);
      }),
      { numRuns: 1_000, seed: SEED },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)).toString('base64url')),
        ),
        place,
        (text, place) => {
          expect(() => decodeCursor(text, place)).toThrow(Problem);
        },
      ),
      { numRuns: 1_000, seed: SEED },
    );
  });
});

const NAMES = ['a/one', 'a/two', 'a/three', 'a/four'] as const;
const TYPES = ['collections', 'parsers', 'scenarios'] as const;

/** A small Hub in which collections name one another at random, in circles too. */
const hub = fc
  .record(
    Object.fromEntries(
      TYPES.map((type) => [
        type,
        fc.dictionary(
          fc.constantFrom(...NAMES),
          type === 'collections'
            ? fc.record(Object.fromEntries(TYPES.map((part) => [part, fc.subarray([...NAMES], { maxLength: 2 })])))
            : fc.constant({}),
          { maxKeys: 4 },
        ),
      ]),
    ),
  )
  .map((types) =>
    hubIndexSchema.parse(
      Object.fromEntries(
        Object.entries(types as Record<string, Record<string, object>>).map(([type, items]) => [
          type,
          Object.fromEntries(
            Object.entries(items).map(([name, parts]) => {
              const path = `${type}/${name}`;
              const versions = { old: { digest: `${path} old` }, new: { digest: `${path} new` } };
              return [name, { path, version: 'new', versions, ...parts }];
            }),
          ),
        ]),
      ),
    ),
  );

const STATES = ['none', 'none', 'new', 'new', 'old', 'by hand'] as const;
const states = fc.array(fc.constantFrom(...STATES), { minLength: 12, maxLength: 12 });
type Index = typeof hub extends fc.Arbitrary<infer Value> ? Value : never;

function filesOf(index: Index, states: readonly string[]): InstalledFile[] {
  return TYPES.flatMap((type, t) =>
    Object.values(index[type]).flatMap(({ path }, i): InstalledFile[] => {
      const state = states[(t * 4 + i) % states.length] ?? 'none';
      return state === 'none' ? [] : [{ type, fileName: path, hubPath: path, digest: `${path} ${state}` }];
    }),
  );
}

/** What a plan does to the files, done by hand. */
function perform(index: Index, files: readonly InstalledFile[], changes: readonly HubChange[]): InstalledFile[] {
  const paths = new Map(changes.map((change) => [index[change.type][change.name]?.path ?? '', change]));
  const kept = files.filter(({ hubPath }) => !paths.has(hubPath ?? ''));
  const made = [...paths].flatMap(([path, { action, type }]): InstalledFile[] =>
    action === 'remove' ? [] : [{ type, fileName: path, hubPath: path, digest: `${path} new` }],
  );
  return [...kept, ...made];
}

const asSet = (changes: readonly HubChange[]) => new Set(changes.map((change) => `${change.action} ${keyOf(change)}`));
const isThere = (item: HubItem | undefined) => item !== undefined && item.status !== 'not_installed';

describe('the index of the Hub', () => {
  it('is read or refused, and never thrown at, whatever is in the file', () => {
    const types = Object.fromEntries(HUB_TYPES.map((type) => [type, fc.jsonValue({ maxDepth: 3 })]));
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.record(types, { requiredKeys: [] })), (json) => {
        const read = hubIndexSchema.safeParse(json);
        if (read.success) expect(catalogOf(read.data, []).size).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 1_000, seed: SEED },
    );
  });

  it('leads to plans that do what they say, and leave nothing to install', () => {
    fc.assert(
      fc.property(hub, states, (index, states) => {
        const files = filesOf(index, states);
        const before = catalogOf(index, files);
        for (const item of before.values()) {
          const plan = planInstall(before, item);
          if (plan.kind !== 'plan') continue;
          const after = catalogOf(index, perform(index, files, plan.changes));
          expect(asSet(difference(before, after))).toEqual(asSet(plan.changes));
          expect(isThere(after.get(keyOf(item)))).toBe(true);
          // An old collection that lacked a part counts as tainted until it is complete, and only then as old.
          const rest = planInstall(after, item);
          expect(rest.kind === 'plan' && rest.changes.every(({ action }) => action === 'update')).toBe(true);
          const parts = item.parts.flatMap((part) => after.get(keyOf(part)) ?? []);
          expect(parts.every(isThere)).toBe(true);
        }
      }),
      { numRuns: 500, seed: SEED },
    );
  });

  it('leads to removals that leave each other collection as it was', () => {
    fc.assert(
      fc.property(hub, states, (index, states) => {
        const files = filesOf(index, states);
        const before = catalogOf(index, files);
        for (const item of before.values()) {
          const plan = planRemove(before, item);
          if (plan.kind !== 'plan') continue;
          const after = catalogOf(index, perform(index, files, plan.changes));
          expect(isThere(after.get(keyOf(item)))).toBe(false);
          const gone = asSet(plan.changes);
          for (const [key, other] of before) {
            if (other.type !== 'collections' || gone.has(`remove ${key}`) || !isThere(other)) continue;
            for (const part of other.parts) {
              if (keyOf(part) === keyOf(item)) continue; // asked for by name
              expect(gone, `${key} needs ${keyOf(part)}`).not.toContain(`remove ${keyOf(part)}`);
            }
          }
        }
      }),
      { numRuns: 500, seed: SEED },
    );
  });
});
