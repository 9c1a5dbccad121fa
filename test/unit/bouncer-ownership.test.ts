import { beforeEach, describe, expect, it } from 'vitest';
import { markOf } from '../../caddy/managed-id.ts';
import { CaddyRound } from '../../bouncer/enforce/caddy-round.ts';
import type { Desired } from '../../bouncer/enforce/desired.ts';
import { Ownership } from '../../bouncer/enforce/ownership.ts';
import type { BouncerStatus } from '../../bouncer/shared/domain/status.ts';
import { ruleset } from '../support/caddy-enforcer.ts';
import { FakeCaddyAdmin } from '../support/fake-caddy-admin.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { fakeDesired } from '../support/fake-desired.ts';

let admin: FakeCaddyAdmin;
let clock: FakeClock;
/** What Redis knows: the revisions that each live bouncer says its Caddys hold. */
let alive: Map<string, string[]>;

beforeEach(() => {
  admin = new FakeCaddyAdmin();
  clock = new FakeClock();
  alive = new Map();
});

function roundOf(id: string): CaddyRound {
  const statusOf = (other: string) => {
    const revisions = alive.get(other);
    const caddies = revisions?.map((revision) => ({ revision }));
    return Promise.resolve(caddies && ({ caddies } as unknown as BouncerStatus));
  };
  return new CaddyRound(admin.asAdmin, clock, new Ownership({ id, statusOf, clock }));
}

let version = 0;
function wish(address: string): Desired {
  version++;
  return fakeDesired({ version, wishVersion: version, ruleset: ruleset({ addresses: [address] }) });
}

const mark = () => markOf(admin.idsOf('srv0')[2]);

describe('rules in a Caddy', () => {
  it('name their owner and their revision, whatever the owner is called', async () => {
    for (const id of ['edge', 'edge_1.x-y', 'a_0123456789ab']) {
      await roundOf(id).run(wish('192.0.2.1'));
      expect(mark()?.owner).toBe(id);
      expect(mark()?.revision).toMatch(/^[0-9a-f]{12}$/);
    }
  });

  it('of a bouncer that is alive are left alone, with the reason and what to do', async () => {
    await roundOf('a').run(wish('192.0.2.1'));
    alive.set('a', [mark()?.revision ?? '']);
    const outcome = await roundOf('b').run(wish('192.0.2.2'));
    expect(outcome).toMatchObject({
      kind: 'foreign',
      message: expect.stringMatching(/"a" looks after.*CADDY_ADMIN/) as string,
    });
    expect(mark()?.owner).toBe('a');
    expect((await roundOf('a').run(wish('192.0.2.3'))).kind).toBe('in_sync');
  });

  it('are left alone also when protection is off', async () => {
    await roundOf('a').run(wish('192.0.2.1'));
    alive.set('a', [mark()?.revision ?? '']);
    expect((await roundOf('b').run({ ...wish('192.0.2.2'), ruleset: undefined })).kind).toBe('foreign');
    expect(mark()?.owner).toBe('a');
  });

  it('of a bouncer that is gone, and of a version that named none, are taken over', async () => {
    await new CaddyRound(admin.asAdmin, clock).run(wish('192.0.2.1'));
    expect(mark()?.owner).toBeUndefined();
    await roundOf('a').run(wish('192.0.2.1'));
    expect(mark()?.owner).toBe('a');
    await roundOf('b').run(wish('192.0.2.1'));
    expect(mark()?.owner).toBe('b');
  });

  it('of a bouncer that lives, but looks after this Caddy no more, are taken over in a while', async () => {
    await roundOf('a').run(wish('192.0.2.1'));
    alive.set('a', ['0123456789ab']);
    const b = roundOf('b');
    expect((await b.run(wish('192.0.2.2'))).kind).toBe('foreign');
    clock.advance(9_000);
    expect((await b.run(wish('192.0.2.2'))).kind).toBe('foreign');
    clock.advance(1_000);
    expect((await b.run(wish('192.0.2.2'))).kind).toBe('in_sync');
  });

  it('that come back again and again are given up, so that nobody reloads Caddy without end', async () => {
    const [a, b] = [roundOf('a'), roundOf('b')]; // which share no Redis
    await a.run(wish('192.0.2.1'));
    const written = () => admin.written.length;
    const fight = async (minutes: number) => {
      const before = written();
      for (let i = 0; i < minutes * 60; i++) {
        await b.run(wish('192.0.2.2'));
        await a.run(wish('192.0.2.1'));
        clock.advance(1_000);
      }
      return written() - before;
    };
    expect(await fight(1)).toBeLessThanOrEqual(8);
    expect(await fight(60)).toBeLessThanOrEqual(40);
    const { owner } = mark() ?? {};
    const winner = owner === 'a' ? a : b;
    expect((await winner.run(wish('192.0.2.3'))).kind).toBe('in_sync'); // one of them is up to date
    expect(mark()?.owner).toBe(owner);
  });

  it('can all be removed by whoever has no name', async () => {
    await roundOf('a').run(wish('192.0.2.1'));
    alive.set('a', [mark()?.revision ?? '']);
    await new CaddyRound(admin.asAdmin, clock).run({ ...wish('192.0.2.1'), ruleset: undefined });
    expect(admin.idsOf('srv0')).toEqual([]);
  });
});
