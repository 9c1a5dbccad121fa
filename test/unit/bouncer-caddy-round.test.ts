import { beforeEach, describe, expect, it } from 'vitest';
import { CaddyRound } from '../../bouncer/enforce/caddy-round.ts';
import type { Desired } from '../../bouncer/enforce/desired.ts';
import type { Ruleset } from '../../bouncer/shared/domain/ruleset.ts';
import { ruleset, strangers } from '../support/caddy-enforcer.ts';
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
const wish = (version: number, rules: Ruleset | undefined, changes: Partial<Desired> = {}) =>
  fakeDesired({ version, wishVersion: version, ruleset: rules, ...changes });

const mine = { handle: [{ handler: 'static_response' }] };

describe('a round', () => {
  it('puts three routes before everything else, and reads back that they are there', async () => {
    admin.servers = { srv0: { routes: [mine as object] } };
    const outcome = await round.run(wish(1, rulesFor('192.0.2.1')));
    expect(outcome).toMatchObject({ kind: 'in_sync', pushMs: 0, held: { servers: 1, entries: 1 } });
    expect(admin.idsOf('srv0').map((id) => id?.split('_')[2])).toEqual(['enter', 'block', 'leave', undefined]);
    expect(admin.servers['srv0']?.routes?.[3]).toEqual(mine);
    expect(admin.calls).toEqual(['capabilities', 'read', 'write', 'load', 'ids']);
  });

  it('writes nothing where Caddy holds the rules already, whoever put them there', async () => {
    await round.run(wish(1, rulesFor('192.0.2.1')));
    const other = new CaddyRound(admin.asAdmin, new FakeClock());
    const outcome = await other.run(wish(7, rulesFor('192.0.2.1')));
    expect(outcome.kind).toBe('in_sync');
    expect(outcome).not.toHaveProperty('pushMs');
    expect(admin.written).toHaveLength(1);
  });

  it('writes the same bytes for the same wish', async () => {
    await round.run(wish(1, rulesFor('192.0.2.1', '192.0.2.2')));
    const first = admin.text;
    admin.servers = { srv0: { routes: [] } };
    await round.run(wish(2, rulesFor('192.0.2.1', '192.0.2.2')));
    expect(admin.text).toBe(first);
  });

  it('takes our rules out, and only them, when protection is off', async () => {
    admin.servers = { srv0: { routes: [mine as object] }, srv1: {} };
    const before = admin.text;
    await round.run(wish(1, rulesFor('192.0.2.1')));
    await round.run(wish(2, undefined));
    expect(JSON.parse(admin.text)).toMatchObject(JSON.parse(before) as object);
    expect(admin.text).not.toContain('crowdsec_');
    expect((await round.run(wish(3, undefined))).kind).toBe('in_sync');
    expect(admin.written).toHaveLength(2);
  });

  it('protects every server, also one that was added meanwhile', async () => {
    await round.run(wish(1, rulesFor('192.0.2.1')));
    admin.servers = { ...admin.servers, srv1: { routes: [] } };
    expect(await round.run(wish(1, rulesFor('192.0.2.1')))).toMatchObject({ held: { servers: 2, entries: 2 } });
    expect(admin.idsOf('srv1')).toHaveLength(3);
  });

  it('asks what Caddy can do once, and again after it was gone: it may be another one', async () => {
    await round.run(wish(1, rulesFor('192.0.2.1')));
    await round.run(wish(2, rulesFor('192.0.2.2')));
    admin.fails = { kind: 'unreachable', message: 'gone' };
    expect(await round.isInPlace()).toEqual({ kind: 'unreachable', message: 'gone' });
    admin.fails = undefined;
    await round.run(wish(2, rulesFor('192.0.2.2')));
    expect(admin.calls.filter((call) => call === 'capabilities')).toHaveLength(2);
  });
});

describe('another Caddy in the place of the one that was asked', () => {
  const asked = () => admin.calls.filter((call) => call === 'capabilities').length;

  it('so quickly that nobody saw it gone, is asked what it can do: its config lacks our rules', async () => {
    await round.run(wish(1, rulesFor('192.0.2.1')));
    admin.servers = { srv0: { routes: [] } };
    expect(await round.isInPlace()).toEqual({ kind: 'drifted' });
    await round.run(wish(1, rulesFor('192.0.2.1')));
    expect(asked()).toBe(2);
  });

  it('that kept our rules is asked within a minute', async () => {
    await round.run(wish(1, rulesFor('192.0.2.1')));
    clock.advance(59_999);
    await round.run(wish(1, rulesFor('192.0.2.1')));
    expect(asked()).toBe(1);
    clock.advance(1);
    await round.run(wish(1, rulesFor('192.0.2.1')));
    expect(asked()).toBe(2);
  });

  it('that is older and refuses what it does not know gets what it knows, though its config is the same', async () => {
    admin.refusesWrites = 'unknown matcher client_ip';
    expect((await round.run(wish(1, rulesFor('192.0.2.1')))).kind).toBe('rejected');
    admin.capable = { clientIp: false, logAppend: false };
    admin.refusesWrites = undefined;
    expect((await round.run(wish(1, rulesFor('192.0.2.1')))).kind).toBe('in_sync');
    expect(admin.text).not.toContain('client_ip');
  });
});

describe('whether Caddy may have taken what a round sent', () => {
  it.each([
    ['took it', () => undefined, true],
    ['refused it', () => (admin.refusesWrites = 'no'), false],
    ['was gone before', () => (admin.fails = { kind: 'unreachable', message: 'gone' }), false],
    [
      'was gone before it answered',
      () => (admin.beforeWrite = () => (admin.fails = { kind: 'unreachable', message: 'gone' })),
      true,
    ],
  ])('is told when it %s', async (_, happens, may) => {
    happens();
    await round.run(wish(1, rulesFor('192.0.2.1')));
    expect(round.mayHaveTaken).toBe(may);
  });

  it('is told when it took it, and refused it after somebody else wrote', async () => {
    admin.beforeLook = () => {
      admin.beforeLook = undefined;
      admin.servers = { srv0: { routes: [mine as object] } };
      admin.refusesWrites = 'no';
    };
    expect((await round.run(wish(1, rulesFor('192.0.2.1')))).kind).toBe('rejected');
    expect(round.mayHaveTaken).toBe(true);
  });

  it('is forgotten at the next round', async () => {
    await round.run(wish(1, rulesFor('192.0.2.1')));
    await round.run(wish(1, rulesFor('192.0.2.1')));
    expect(round.mayHaveTaken).toBe(false);
  });
});

describe('somebody who writes at the same time', () => {
  it('is not overwritten: the config is read again, and their change stays', async () => {
    let isFirst = true;
    admin.beforeWrite = () => {
      if (isFirst) admin.servers = { srv0: { routes: [mine as object] } };
      isFirst = false;
    };
    expect((await round.run(wish(1, rulesFor('192.0.2.1')))).kind).toBe('in_sync');
    expect(admin.servers?.['srv0']?.routes).toHaveLength(4);
    expect(admin.calls.filter((call) => call === 'read')).toHaveLength(2);
  });

  it('all the time wins: after five tries the round gives way', async () => {
    let count = 0;
    admin.beforeWrite = () => (admin.servers = { [`srv${count++}`]: {} });
    expect(await round.run(wish(1, rulesFor('192.0.2.1')))).toEqual({ kind: 'busy' });
    expect(count).toBe(5);
    expect(admin.written).toEqual([]);
  });

  it('right after our write makes the round start anew', async () => {
    let looks = 0;
    admin.beforeLook = () => {
      if (looks++ === 0) admin.servers = { srv0: { routes: [mine as object] } };
    };
    expect((await round.run(wish(1, rulesFor('192.0.2.1')))).kind).toBe('in_sync');
    expect(admin.idsOf('srv0')).toHaveLength(4);
  });
});

describe('a Caddy that refuses', () => {
  beforeEach(() => (admin.refusesWrites = 'unknown module'));

  it('is told the same thing once', async () => {
    const first = await round.run(wish(1, rulesFor('192.0.2.1')));
    const second = await round.run(wish(1, rulesFor('192.0.2.1')));
    expect([first, second]).toEqual([
      { kind: 'rejected', message: 'Caddy refused: unknown module', isNew: true },
      { kind: 'rejected', message: 'Caddy refused: unknown module', isNew: false },
    ]);
    expect(admin.calls.filter((call) => call === 'write')).toHaveLength(1);
  });

  it.each([
    ['the wish', () => undefined, 2],
    ['the config', () => (admin.servers = { other: {} }), 1],
  ])('is told again when %s changed', async (_, change, version) => {
    await round.run(wish(1, rulesFor('192.0.2.1')));
    change();
    await round.run(wish(version, rulesFor('192.0.2.1')));
    expect(admin.calls.filter((call) => call === 'write')).toHaveLength(2);
  });

  it('a config that cannot be read is not written over', async () => {
    admin.servers = 'nonsense' as never;
    expect((await round.run(wish(1, rulesFor('192.0.2.1')))).kind).toBe('rejected');
    expect(admin.calls).not.toContain('write');
  });
});

describe('a Caddy without an HTTP app', () => {
  it('needs nothing, and is found out when it gets one', async () => {
    admin.servers = undefined;
    expect(await round.run(wish(1, rulesFor('192.0.2.1')))).toMatchObject({
      kind: 'no_http_app',
      held: { servers: 0 },
    });
    expect(await round.isInPlace()).toEqual({ kind: 'in_place' });
    admin.servers = { srv0: {} };
    expect(await round.isInPlace()).toEqual({ kind: 'drifted' });
  });
});

describe('while nothing is certain', () => {
  const restored = { addOnly: true };

  it('a server without rules of ours gets them, and one that holds some keeps exactly those', async () => {
    await round.run(wish(1, rulesFor('192.0.2.1', '192.0.2.9')));
    const held = admin.servers?.['srv0'];
    admin.servers = { ...admin.servers, srv1: {} };
    const after = new CaddyRound(admin.asAdmin, new FakeClock());
    expect((await after.run(wish(1, rulesFor('192.0.2.1'), restored))).kind).toBe('in_sync');
    expect(admin.servers['srv0']).toEqual(held);
    expect(admin.idsOf('srv1')).toHaveLength(3);
  });

  it('a long list is kept as it stands there, where another server is written anew', async () => {
    await round.run(wish(1, rulesFor(...strangers(2_000), '192.0.2.1')));
    const held = admin.servers?.['srv0'];
    admin.servers = { ...admin.servers, srv1: {} };
    const after = new CaddyRound(admin.asAdmin, new FakeClock());
    expect((await after.run(wish(1, rulesFor(...strangers(3_000)), restored))).kind).toBe('in_sync');
    expect(admin.servers['srv0']).toEqual(held);
    expect(JSON.stringify(held)).toContain(strangers(2_000).at(-1));
    expect(JSON.stringify(admin.servers['srv1'])).toContain(strangers(3_000).at(-1));
  });

  it('says so of rules that were kept, and not of those that are the very ones wanted', async () => {
    await round.run(wish(1, rulesFor('192.0.2.1')));
    const held = admin.servers?.['srv0'];
    const after = new CaddyRound(admin.asAdmin, new FakeClock());
    expect(await after.run(wish(1, rulesFor('192.0.2.2'), restored))).toMatchObject({ held: { isKept: true } });
    expect(await after.run(wish(2, rulesFor('192.0.2.1'), restored))).toMatchObject({
      kind: 'in_sync',
      held: { isKept: false, entries: 1 },
    });
    expect(admin.servers?.['srv0']).toEqual(held);
    expect(await after.run(wish(3, rulesFor('192.0.2.2')))).toMatchObject({ held: { isKept: false } });
  });

  it('rules that were kept are watched like our own, and put back when they go', async () => {
    await round.run(wish(1, rulesFor('192.0.2.1')));
    const after = new CaddyRound(admin.asAdmin, new FakeClock());
    const outcome = await after.run(wish(1, rulesFor(), restored));
    expect(outcome).toMatchObject({ kind: 'in_sync', held: { revision: expect.stringMatching(/^\w+$/) as string } });
    expect(await after.isInPlace()).toEqual({ kind: 'in_place' });
    admin.servers = { srv0: {} };
    expect(await after.isInPlace()).toEqual({ kind: 'drifted' });
    await after.run(wish(1, rulesFor('192.0.2.7'), restored));
    expect(admin.text).toContain('192.0.2.7');
  });

  it('a copy of our rules that protects nothing is no reason to leave a server without any', async () => {
    await round.run(wish(1, rulesFor('192.0.2.1')));
    admin.servers = { srv0: { routes: [mine as object, ...(admin.servers?.['srv0']?.routes ?? [])] } };
    const after = new CaddyRound(admin.asAdmin, new FakeClock());
    await after.run(wish(1, rulesFor('192.0.2.1'), restored));
    expect(admin.idsOf('srv0')[0]).toMatch(/_enter$/);
    expect(admin.idsOf('srv0')).toHaveLength(4);
  });

  it('what is known for certain then replaces it', async () => {
    await round.run(wish(1, rulesFor('192.0.2.1')));
    await round.run(wish(1, rulesFor('192.0.2.2'), restored));
    expect(admin.text).toContain('192.0.2.1');
    await round.run(wish(2, rulesFor('192.0.2.2')));
    expect(admin.text).not.toContain('192.0.2.1');
  });
});
