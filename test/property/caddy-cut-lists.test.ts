import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestIn } from '../../caddy/address-list.ts';
import { cutLists } from '../../caddy/cut-lists.ts';
import { strangers } from '../support/caddy-enforcer.ts';

/** The same value with every list back where it was cut out. */
function whole(text: string, lists: ReadonlyMap<string, Buffer>): unknown {
  return JSON.parse(text, (_, value: unknown) => {
    const list = typeof value === 'string' ? lists.get(digestIn(value) ?? '') : undefined;
    return list === undefined ? value : (JSON.parse(list.toString()) as unknown);
  });
}

const LONG = strangers(1_500);
/** Text that looks like the beginning, the middle or the end of a list. */
const nasty = fc.array(fc.constantFrom('[', ']', '"', ',', ':', '\\', '1.2.3.4', '::1', 'é'), { maxLength: 6 });
const word = nasty.map((parts) => parts.join(''));
const list = fc.oneof(
  fc.integer({ min: 0, max: 1_500 }).map((count) => LONG.slice(0, count)),
  fc.tuple(fc.integer({ min: 990, max: 1_100 }), word).map(([count, last]) => [...LONG.slice(0, count), last]),
  fc.tuple(word, fc.integer({ min: 990, max: 1_100 })).map(([first, count]) => [first, ...LONG.slice(0, count)]),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(word, fc.jsonValue({ maxDepth: 1 }), list),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(word, tie('value'), { maxKeys: 4 }),
  ),
}));

describe('a config without its long lists', () => {
  it('is the same config when they are put back', () => {
    fc.assert(
      fc.property(value, (config) => {
        const json = JSON.stringify(config);
        const { text, lists } = cutLists(Buffer.from(json));
        expect(whole(text, lists)).toEqual(JSON.parse(json));
        for (const cut of lists.values()) expect((JSON.parse(cut.toString()) as string[]).length).toBeGreaterThan(999);
      }),
      { numRuns: 2_000 },
    );
  });

  it('holds none of a thousand addresses, and each of fewer', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 998, max: 1_002 }), { maxLength: 4 }), (sizes) => {
        const config = sizes.map((size) => ({ host: LONG.slice(0, size) }));
        const { text, lists } = cutLists(Buffer.from(JSON.stringify(config)));
        const kept = (JSON.parse(text) as typeof config).map(({ host }) => Array.isArray(host));
        expect(kept).toEqual(sizes.map((size) => size < 1_000));
        expect(lists.size).toBe(new Set(sizes.filter((size) => size >= 1_000)).size);
      }),
    );
  });
});
