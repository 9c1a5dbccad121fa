import { beforeEach, describe, expect, it } from 'vitest';
import { CaddyRound } from '../../bouncer/enforce/caddy-round.ts';
import type { LaneKeeper } from '../../bouncer/enforce/lane-keeper.ts';
import { pushWithLane } from '../../bouncer/enforce/push-with-lane.ts';
import { FakeCaddyAdmin } from '../support/fake-caddy-admin.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { fakeDesired } from '../support/fake-desired.ts';

const ROUTES = { root: '/lane', secret: 's', isActive: true };

/** What the lane was told, in order. */
let told: string[];
let admin: FakeCaddyAdmin;
let round: CaddyRound;
const keeper = {
  routes: ROUTES,
  pushing: () => void told.push('pushing'),
  confirmed: () => void told.push('confirmed'),
  abandoned: () => void told.push('abandoned'),
  unknown: () => void told.push('unknown'),
} as unknown as LaneKeeper;

beforeEach(() => {
  told = [];
  admin = new FakeCaddyAdmin();
  round = new CaddyRound(admin.asAdmin, new FakeClock());
});

describe('a push tells the lane', () => {
  it('before it begins, and when Caddy holds it', async () => {
    await pushWithLane(round, keeper, fakeDesired());
    expect(told).toEqual(['pushing', 'confirmed']);
  });

  it.each([
    ['refused it', () => (admin.servers = 'nonsense' as never)],
    ['was not there', () => (admin.fails = { kind: 'unreachable', message: 'gone' })],
    ['has nothing to protect', () => (admin.servers = undefined)],
  ])('that Caddy holds what it held, when it %s', async (_, happens) => {
    happens();
    await pushWithLane(round, keeper, fakeDesired());
    expect(told).toEqual(['pushing', 'abandoned']);
  });

  it('nothing more when nobody heard the answer: Caddy may hold either', async () => {
    admin.beforeWrite = () => (admin.fails = { kind: 'unreachable', message: 'gone' });
    const bans = { addresses: [], ranges: [], exceptions: [] };
    const ruleset = { bans, policy: 'enforce', action: { kind: 'abort' }, logBlocked: 'keep' } as const;
    await pushWithLane(round, keeper, fakeDesired({ ruleset }));
    expect(told).toEqual(['pushing']);
  });

  it('that nobody knows, where rules are only added to what is there', async () => {
    await pushWithLane(round, keeper, fakeDesired({ addOnly: true }));
    expect(told).toEqual(['unknown']);
  });
});
