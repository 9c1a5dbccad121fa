/** A thousand single bans in ten minutes, on a clock that the test moves: how often Caddy is reloaded. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DecisionStore } from '../../bouncer/decisions/store.ts';
import { DesiredState } from '../../bouncer/enforce/desired.ts';
import { LaneKeeper } from '../../bouncer/enforce/lane-keeper.ts';
import { LaneProof } from '../../bouncer/enforce/lane-proof.ts';
import { Reconciler } from '../../bouncer/enforce/reconciler.ts';
import { systemClock } from '../../bouncer/shared/runtime/clock.ts';
import { FakeCaddyRound } from '../support/fake-caddy-round.ts';
import { decisionOf } from '../support/fake-decision.ts';
import { fakeLog } from '../support/fake-log.ts';

const BANS = 1_000;
const MINUTES = 10;
const PUSH_MS = 5_000;

let folder: string;

beforeEach(() => {
  vi.useFakeTimers();
  folder = mkdtempSync(join(tmpdir(), 'lane-'));
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

async function tenMinutes(withLane: boolean): Promise<{ reloads: number; isSettled: boolean }> {
  const caddy = new FakeCaddyRound();
  const { log } = fakeLog();
  const store = new DecisionStore('ban');
  const desired = new DesiredState(store, {
    settings: () => ({ enabled: true, policy: 'enforce', change: undefined }),
    allowlist: () => [],
    action: { kind: 'status', status: 403 },
    logBlocked: 'keep',
  });
  const settings = { root: folder, rootInCaddy: folder, probeUrl: 'http://127.0.0.1:1', secret: 'secret' };
  const lane = withLane
    ? new LaneKeeper(
        settings,
        (address) => desired.blocks(address),
        () => systemClock.monotonic(),
        log,
      )
    : undefined;
  if (lane) store.watch((prefix) => lane.touch(prefix));
  const reconciler = new Reconciler({
    admin: 'http://127.0.0.1:2019',
    round: caddy.asRound,
    lane,
    desired: () => desired.current,
    times: { pushMs: PUSH_MS, driftMs: 1_000 },
    clock: systemClock,
    log,
  });
  desired.on('change', (isUrgent) => reconciler.changed(isUrgent));
  desired.completed();
  reconciler.start();
  await vi.advanceTimersByTimeAsync(30_000); // the first push, and with a lane the one that joins it
  const before = caddy.pushes.length;
  for (let i = 0; i < BANS; i++) {
    store.apply([], [decisionOf(i + 1, `203.0.${i >> 8}.${i & 255}`, { expiresAt: 1e12 })]);
    desired.changed();
    await vi.advanceTimersByTimeAsync((MINUTES * 60_000) / BANS);
  }
  const { isSettled } = reconciler;
  await reconciler.stop();
  return { reloads: caddy.pushes.length - before, isSettled };
}

describe('a thousand single bans in ten minutes', () => {
  it('are at most one reload an interval without the lane', async () => {
    const { reloads } = await tenMinutes(false);
    expect(reloads).toBeGreaterThan(50);
    expect(reloads).toBeLessThanOrEqual((MINUTES * 60_000) / PUSH_MS + 1);
  });

  it('are no reload at all with the lane, though everything is compared every minute', async () => {
    // The probe is real HTTP, which a stopped clock cannot wait for; the integration tests ask a real Caddy.
    vi.spyOn(LaneProof.prototype, 'prove').mockResolvedValue({ kind: 'proven' });
    expect(await tenMinutes(true)).toEqual({ reloads: 0, isSettled: true });
  }, 120_000); // it writes two thousand files, which a busy disk takes its time for
});
