import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { whileLocked } from '../../scripts/servers/while-locked.ts';

const LOCKED = new Error('LAPI POST /v1/alerts: 500 {"message":"error while updating decisions: database is locked"}');

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('asks again as long as the database is locked', async () => {
  const act = vi.fn<() => Promise<string>>().mockRejectedValueOnce(LOCKED).mockRejectedValueOnce(LOCKED);
  const answer = whileLocked(act.mockResolvedValue('stored'));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await answer).toBe('stored');
  expect(act).toHaveBeenCalledTimes(3);
});

it('asks once where something else is wrong, and for a minute where nothing helps', async () => {
  const refused = vi.fn(() => Promise.reject(new Error('LAPI POST /v1/alerts: 403')));
  await expect(whileLocked(refused)).rejects.toThrow('403');
  expect(refused).toHaveBeenCalledOnce();
  const stuck = expect(whileLocked(() => Promise.reject(LOCKED))).rejects.toThrow('database is locked');
  await vi.advanceTimersByTimeAsync(61_000);
  await stuck;
});
