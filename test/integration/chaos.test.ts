/** `npm run test:chaos` in short: a fixed seed, and a window that a slow machine keeps, too. */
import { describe, expect, it } from 'vitest';
import { reportWrong } from '../chaos/report.ts';
import { runChaos } from '../chaos/run.ts';

const WINDOW_MS = 20_000;

describe('with everything at once', () => {
  it('Caddy answers as it was told within the window, whatever breaks', { timeout: 400_000 }, async () => {
    const options = { seed: 20_261_122, caddy: 'newest', lane: true, durationMs: 25_000, windowMs: WINDOW_MS } as const;
    const { tally, lastSteps, logs } = await runChaos(options);
    expect(tally.wrong, reportWrong(tally, lastSteps, logs)).toEqual([]);
    expect(tally.stepCount).toBeGreaterThan(5);
    expect(tally.faults.size).toBeGreaterThan(0);
    expect(tally.checked).toBeGreaterThan(200);
  });
});
