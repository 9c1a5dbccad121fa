import { beforeEach, describe, expect, it } from 'vitest';
import { CaddyRound } from '../../bouncer/enforce/caddy-round.ts';
import type { Ruleset } from '../../bouncer/shared/domain/ruleset.ts';
import { ruleset } from '../support/caddy-enforcer.ts';
import { FakeCaddyAdmin } from '../support/fake-caddy-admin.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { fakeDesired } from '../support/fake-desired.ts';

let admin: FakeCaddyAdmin;
let clock: FakeClock;
let round: CaddyRound;

beforeEach(() => {
  admin = new FakeCaddyAdmin();
  clock = new FakeClock();
  round = new CaddyRound(admin.asAdmin, clock);
});

const rulesFor = (...addresses: string[]) => ruleset({ addresses });
const wish = (version: number, rules: Ruleset | undefined) =>
  fakeDesired({ version, wishVersion: version, ruleset: rules });

/** What a look finds, and what Caddy was asked for it. */
async function look(): Promise<string> {
  admin.calls.length = 0;
  const { kind } = await round.isInPlace();
  return `${kind}: ${admin.calls.join()}`;
}

describe('a Caddy that tells when it last loaded a config', () => {
  beforeEach(async () => {
    admin.loaded = '1.7e+09';
    await round.run(wish(1, rulesFor('192.0.2.1')));
  });

  it('is asked nothing else until it loads again', async () => {
    expect(await look()).toBe('in_place: load');
    admin.loaded = '1.8e+09';
    expect(await look()).toBe('in_place_anew: load,ids');
    expect(await look()).toBe('in_place: load');
  });

  it('is looked at closely once it does, and for as long as our rules are gone', async () => {
    [admin.servers, admin.loaded] = [{ srv0: { routes: [] } }, '1.8e+09'];
    expect(await look()).toBe('drifted: load,ids');
    expect(await look()).toBe('drifted: load,ids');
    await round.run(wish(1, rulesFor('192.0.2.1')));
    expect(await look()).toBe('in_place: load');
  });

  it('is looked at again when something loads between the question and the look', async () => {
    admin.loaded = '1.8e+09';
    admin.beforeLook = () => (admin.loaded = '1.9e+09');
    expect(await look()).toBe('in_place_anew: load,ids');
    admin.beforeLook = undefined;
    admin.servers = { srv0: { routes: [] } };
    expect(await look()).toBe('drifted: load,ids');
  });

  it('is looked at closely after other rules were settled, though nothing was loaded for them', async () => {
    await round.run(wish(2, rulesFor('192.0.2.1')));
    expect(await look()).toBe('in_place: load,ids');
  });

  it('says as much without any server, and without any rule', async () => {
    await round.run(wish(2, undefined));
    expect([await look(), await look()]).toEqual(['in_place: load', 'in_place: load']);
    admin.servers = undefined;
    await round.run(wish(3, rulesFor('192.0.2.1')));
    expect([await look(), await look()]).toEqual(['in_place: load,read', 'in_place: load']);
    [admin.servers, admin.loaded] = [{ srv0: {} }, '1.8e+09'];
    expect(await look()).toBe('drifted: load,read');
  });

  it('is gone when that question finds nobody, and is looked at closely when it is back', async () => {
    admin.fails = { kind: 'unreachable', message: 'gone' };
    expect(await look()).toBe('unreachable: load');
    admin.fails = undefined;
    expect(await look()).toBe('in_place: load,ids');
  });
});

describe('a Caddy that does not tell when it last loaded a config', () => {
  it('is looked at closely each time, and asked once a minute whether it tells by now', async () => {
    await round.run(wish(1, rulesFor('192.0.2.1')));
    expect(await look()).toBe('in_place: ids');
    clock.advance(59_999);
    expect(await look()).toBe('in_place: ids');
    clock.advance(1);
    admin.loaded = '1.7e+09';
    expect([await look(), await look()]).toEqual(['in_place: load,ids', 'in_place: load']);
  });

  it('is asked at once when it was away, or our rules were: another may have come', async () => {
    await round.run(wish(1, rulesFor('192.0.2.1')));
    admin.fails = { kind: 'unreachable', message: 'gone' };
    expect(await look()).toBe('unreachable: ids');
    admin.fails = undefined;
    expect(await look()).toBe('in_place: load,ids');
    admin.servers = { srv0: { routes: [] } };
    expect(await look()).toBe('drifted: ids');
    expect(await look()).toBe('drifted: load,ids');
  });

  it('is asked whether it is there at all, where it holds no rule of ours', async () => {
    await round.run(wish(1, undefined));
    expect(await look()).toBe('in_place: load,ping');
    expect(await look()).toBe('in_place: ping');
    admin.fails = { kind: 'unreachable', message: 'gone' };
    expect(await look()).toBe('unreachable: ping');
  });

  it('is looked at closely where it refuses the question', async () => {
    await round.run(wish(1, rulesFor('192.0.2.1')));
    admin.lastLoad = () => Promise.resolve({ kind: 'rejected', status: 404, reason: 'x', message: 'x' });
    clock.advance(60_000);
    expect(await look()).toBe('in_place: ids');
  });
});
