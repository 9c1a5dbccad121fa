import type { Prefix } from '../../bouncer/shared/net/prefix.ts';
import { maskWord } from '../../bouncer/shared/net/words.ts';
import type { DecisionRows } from './decision-rows.ts';
import { shapeOf } from './row-order.ts';

/** One more than the largest shape: family 6, length 128. */
const SHAPES = 0x681;

interface Target {
  readonly prefix: Prefix;
  readonly words: Uint32Array;
  readonly shape: number;
}

/**
 * For each of some prefixes, the rows that cover it or are it, found in one walk along the table: each prefix is
 * noted under every length that rows have, so that a row finds those below it by its own first word.
 */
export function coveringRows(rows: DecisionRows, prefixes: Iterable<Prefix>): Map<Prefix, number[]> {
  const targets = [...new Set(prefixes)].map((prefix): Target => ({ prefix, ...shapeOf(prefix) }));
  const found = new Map(targets.map(({ prefix }) => [prefix, [] as number[]]));
  const byShape = noted(targets, shapesIn(rows));
  for (let slot = 0; slot < rows.size; slot++) {
    const shape = rows.shapes[slot] ?? 0;
    const candidates = byShape[shape]?.get(rows.words[4 * slot] ?? 0);
    if (candidates === undefined) continue;
    for (const target of candidates) if (agrees(rows, slot, target, shape & 0xff)) found.get(target.prefix)?.push(slot);
  }
  return found;
}

/** Whether one of some prefixes covers a row. */
export function coveredBy(rows: DecisionRows, prefixes: readonly Prefix[]): (slot: number) => Prefix | undefined {
  const targets = prefixes.map((prefix): Target => ({ prefix, ...shapeOf(prefix) }));
  const byShape = new Map<number, Map<number, Target[]>>();
  for (const target of targets) {
    const byWord = byShape.get(target.shape) ?? new Map<number, Target[]>();
    byShape.set(target.shape, byWord);
    note(byWord, target.words[0] ?? 0, target);
  }
  const shapes = [...byShape];
  return (slot) => {
    const own = rows.shapes[slot] ?? 0;
    for (const [shape, byWord] of shapes) {
      if (shape >> 8 !== own >> 8 || shape > own) continue;
      const first = maskWord(rows.words[4 * slot] ?? 0, shape & 0xff);
      const match = byWord.get(first)?.find((target) => agrees(rows, slot, target, shape & 0xff));
      if (match !== undefined) return match.prefix;
    }
    return undefined;
  };
}

function shapesIn(rows: DecisionRows): number[] {
  const seen = new Uint8Array(SHAPES);
  for (let slot = 0; slot < rows.size; slot++) seen[rows.shapes[slot] ?? 0] = 1;
  return [...seen.entries()].filter(([, isSeen]) => isSeen === 1).map(([shape]) => shape);
}

function noted(targets: readonly Target[], shapes: readonly number[]): (Map<number, Target[]> | undefined)[] {
  const byShape = new Array<Map<number, Target[]> | undefined>(SHAPES);
  for (const shape of shapes) {
    const byWord = new Map<number, Target[]>();
    for (const target of targets) {
      if (target.shape >> 8 !== shape >> 8 || target.shape < shape) continue;
      note(byWord, maskWord(target.words[0] ?? 0, shape & 0xff), target);
    }
    byShape[shape] = byWord;
  }
  return byShape;
}

function note(byWord: Map<number, Target[]>, word: number, target: Target): void {
  const known = byWord.get(word);
  if (known === undefined) byWord.set(word, [target]);
  else known.push(target);
}

/** Whether the first `length` bits of a row and of a target are the same. */
function agrees(rows: DecisionRows, slot: number, target: Target, length: number): boolean {
  for (let i = 0; 32 * i < length; i++) {
    const bits = length - 32 * i;
    if (maskWord(target.words[i] ?? 0, bits) !== maskWord(rows.words[4 * slot + i] ?? 0, bits)) return false;
  }
  return true;
}
