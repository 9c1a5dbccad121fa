import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PROMISES } from './control-api-seed-promises.ts';
import { TROUBLES } from './control-api-seed-troubles.ts';

describe('the seed document, sentence by sentence', () => {
  it.each([...PROMISES, ...TROUBLES])('$promise', ({ file, test }) => {
    const path = new URL(`../${file}`, import.meta.url);
    expect(existsSync(path)).toBe(true);
    // Not skipped, and with this very title.
    expect(readFileSync(path, 'utf8')).toMatch(new RegExp(`\\bit(\\.each[^]*?\\))?\\(\\s*(['"\`])${escaped(test)}\\2`));
  });
});

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
