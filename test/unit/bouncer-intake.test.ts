import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createFilter } from '../../bouncer/decisions/filter.ts';
import { DecisionStore } from '../../bouncer/decisions/store.ts';
import { DesiredState } from '../../bouncer/enforce/desired.ts';
import { BouncerMetrics } from '../../bouncer/http/metrics.ts';
import { Intake } from '../../bouncer/intake.ts';
import type { Batch } from '../../bouncer/lapi/batch.ts';
import { systemClock } from '../../bouncer/shared/runtime/clock.ts';
import type { SnapshotKeeper } from '../../bouncer/state/snapshot-keeper.ts';
import { decisionOf } from '../support/fake-decision.ts';
import { batchOf, FAILURE } from '../support/fake-lapi-client.ts';
import { fakeLog } from '../support/fake-log.ts';

function intakeOf(origins: string[] = []) {
  const store = new DecisionStore('ban');
  const desired = new DesiredState(store, {
    settings: () => ({ enabled: true, policy: 'enforce', change: undefined }),
    allowlist: () => [],
    action: { kind: 'abort' },
    logBlocked: 'keep',
  });
  const metrics = new BouncerMetrics({
    decisions: () => store.counts.rows,
    streamAgeSeconds: (): number | undefined => intake.ageSeconds,
    streamRole: () => 'alone',
    laneEntries: () => 0,
  });
  const snapshot = { changed: vi.fn() };
  const logger = fakeLog();
  const intake: Intake = new Intake({
    store,
    desired,
    filter: createFilter({ scopes: [], origins, scenariosContaining: [], scenariosNotContaining: [] }),
    snapshot: snapshot as unknown as SnapshotKeeper,
    metrics,
    clock: systemClock,
    log: logger.log,
    lapiUrl: 'http://lapi',
  });
  return { store, desired, metrics, snapshot, intake, ...logger };
}

type World = ReturnType<typeof intakeOf>;
let world: World;

beforeEach(() => {
  vi.useFakeTimers();
  world = intakeOf();
});
afterEach(() => {
  world.intake.stop();
  vi.useRealTimers();
});

const inMs = (milliseconds: number) => ({ expiresAt: systemClock.monotonic() + milliseconds });
const wait = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);
const enforced = ({ desired }: World) => {
  const bans = desired.current?.ruleset?.bans;
  return bans && [...bans.addresses];
};

describe('a decision that runs out', () => {
  it('is no longer enforced at that moment, although LAPI says nothing', async () => {
    world.intake.onBatch(
      batchOf('full', [decisionOf(1, '192.0.2.1', inMs(5_000)), decisionOf(2, '192.0.2.2', inMs(9_000))]),
    );
    await wait(4_999);
    expect(enforced(world)).toEqual(['192.0.2.1', '192.0.2.2']);
    await wait(1);
    expect(enforced(world)).toEqual(['192.0.2.2']);
    await wait(4_000);
    expect(enforced(world)).toEqual([]);
  });

  it('while a suspicious reply is asked for again is no longer enforced either', () => {
    world.intake.onBatch(batchOf('full', [decisionOf(1, '192.0.2.1', inMs(5_000))]));
    expect(enforced(world)).toEqual(['192.0.2.1']);
    const monotonic = vi.spyOn(systemClock, 'monotonic').mockReturnValue(systemClock.monotonic() + 5_000);
    world.intake.wouldDrop(batchOf('full'));
    world.intake.onFailure(FAILURE, 1);
    expect(enforced(world)).toEqual([]);
    monotonic.mockRestore();
  });

  it('in more than 25 days, which is longer than a timer can wait, is waited for', async () => {
    world.intake.onBatch(batchOf('full', [decisionOf(1, '192.0.2.1', inMs(40 * 86_400_000))]));
    await wait(39 * 86_400_000);
    expect(enforced(world)).toEqual(['192.0.2.1']);
    await wait(86_400_001);
    expect(enforced(world)).toEqual([]);
  });
});

describe('a batch', () => {
  it('that is full makes what is wanted certain, and replaces what was there', () => {
    world.store.replaceAll([decisionOf(1, '192.0.2.1')]);
    world.desired.restored();
    world.intake.onBatch(batchOf('full', [decisionOf(2, '192.0.2.2')]));
    expect(world.desired.isComplete).toBe(true);
    expect(enforced(world)).toEqual(['192.0.2.2']);
  });

  it('of changes deletes first, then adds', () => {
    world.intake.onBatch(batchOf('full', [decisionOf(1, '192.0.2.1')]));
    world.intake.onBatch(batchOf('delta', [decisionOf(1, '192.0.2.1'), decisionOf(3, '192.0.2.3')], [1, 77]));
    expect(enforced(world)).toEqual(['192.0.2.1', '192.0.2.3']);
  });

  it('keeps out what the filter does not want', () => {
    world = intakeOf(['cscli']);
    world.intake.onBatch(batchOf('full', [decisionOf(1, '192.0.2.1'), decisionOf(2, '192.0.2.2', { origin: 'CAPI' })]));
    expect(enforced(world)).toEqual(['192.0.2.1']);
  });

  it('that would drop decisions is compared with what is wanted of it', () => {
    world.intake.onBatch(
      batchOf(
        'full',
        [1, 2, 3].map((id) => decisionOf(id, `192.0.2.${id}`)),
      ),
    );
    const reply = batchOf('full', [decisionOf(1, '192.0.2.1'), decisionOf(1, '192.0.2.1'), decisionOf(9, '192.0.2.9')]);
    expect(world.intake.wouldDrop(reply)).toEqual({ dropped: 2, known: 3 });
  });

  it('with rejects counts them by reason and shows the first of each in the log once', async () => {
    const rejects: Batch['rejects'] = new Map([['bad_value', { count: 2, sample: '"999.1.1.1"' }]]);
    for (let i = 0; i < 3; i++) world.intake.onBatch({ ...batchOf('full'), rejects });
    expect(world.intake.status.rejected).toEqual({ bad_value: 6 });
    expect(world.warnings()).toHaveLength(1);
    expect(world.lines.at(-1)).toMatchObject({ reason: 'bad_value', sample: '"999.1.1.1"' });
    expect(await world.metrics.registry.metrics()).toContain('crowdsec_decisions_rejected_total{reason="bad_value"} 6');
  });
});

describe('the state of LAPI', () => {
  it('is unknown, up or down, with the reason and what to do', () => {
    expect(world.intake.status).toMatchObject({ url: 'http://lapi', state: 'unknown', last_pull_at: undefined });
    world.intake.onFailure(FAILURE, 1);
    expect(world.intake.status).toMatchObject({ state: 'down', error: 'gone', hint: 'start it' });
    world.intake.onBatch(batchOf('full'));
    expect(world.intake.status).toMatchObject({
      state: 'up',
      error: undefined,
      last_full_pull_at: new Date().toISOString(),
    });
  });

  it('has an age only after a first pull, which counts in seconds', async () => {
    const age = async () => (await world.metrics.registry.metrics()).split('\n').find((line) => line.startsWith("crowdsec_stream_age_seconds ")); // prettier-ignore
    expect(await age()).toBeUndefined();
    world.intake.onBatch(batchOf('full'));
    await wait(2_500);
    expect(await age()).toBe('crowdsec_stream_age_seconds 2.5');
  });

  it('is logged when it changes, and now and then while it stays bad', () => {
    for (let i = 1; i <= 40; i++) world.intake.onFailure(FAILURE, i);
    expect(world.warnings()).toHaveLength(3);
    world.intake.onFailure({ ...FAILURE, reason: 'unauthorized', message: 'refused' }, 41);
    expect(world.warnings()).toHaveLength(4);
    world.intake.onBatch(batchOf('full'));
    expect(world.lines.map(({ msg }) => msg)).toContain('LAPI answers again');
  });
});
