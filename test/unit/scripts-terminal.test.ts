import { describe, expect, it } from 'vitest';
import { Terminal } from '../../scripts/terminal.ts';

/** What a step writes while it says that it is fetching something, on a terminal of this width. */
async function written(columns: number): Promise<string> {
  let text = '';
  const out = { isTTY: true, columns, write: (piece: string) => (text += piece) };
  await new Terminal(out as unknown as NodeJS.WriteStream).step(
    'programs',
    (doing) => {
      doing('fetching something');
      return Promise.resolve();
    },
    () => 'here',
  );
  return text;
}

describe('a step on a terminal', () => {
  it('shows what it is doing, and how long that takes', async () => {
    expect(await written(100)).toMatch(/… programs +fetching something {2}\d+ ms/);
  });

  it('is cut to the width of the terminal', async () => {
    expect(await written(20)).not.toContain('fetching');
  });

  it('is not cut where the terminal does not know its width', async () => {
    expect(await written(0)).toMatch(/fetching something {2}\d+ ms/);
  });
});
