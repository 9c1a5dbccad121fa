import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { AddressList, jsonChunks } from '../../caddy/address-list.ts';
import { compile } from '../../caddy/compile.ts';
import { isManagedId, managedIds, markOf, serverKey } from '../../caddy/managed-id.ts';
import { isInPlace, writeJson } from '../../caddy/merge.ts';
import { sameJson } from '../../caddy/same-json.ts';
import { readServers, type LiveServers } from '../../caddy/servers.ts';
import { ruleset, strangers } from '../support/caddy-enforcer.ts';

const NEWEST = { clientIp: true, logAppend: true };

function live(servers: string | object): LiveServers {
  const read = readServers(Buffer.from(typeof servers === 'string' ? servers : JSON.stringify(servers)));
  if (read.kind === 'unreadable') throw new Error(read.reason);
  return read;
}

function pushed(servers: string | object, count: number): string {
  const read = live(servers);
  const wanted = count === 0 ? undefined : ruleset({ addresses: strangers(count) });
  return Buffer.concat([...writeJson(read, compile(wanted, NEWEST, read.servers))]).toString();
}

describe("a user's servers", () => {
  const own = (id = 'mine') => ({ '@id': id, handle: [{ handler: 'static_response' }] });

  it('are the same objects when none of our routes is in them', () => {
    const [server] = live({ srv0: { routes: [own()], errors: { routes: [own('a')] } } }).servers;
    expect(server?.own).toBe(server?.running);
  });

  it('have their own long lists of addresses whole, whatever of ours stands beside them', () => {
    const site = { match: [{ host: strangers(5_000) }], handle: [{ handler: 'static_response', status_code: 200 }] };
    const ours = JSON.parse(pushed({ srv0: { routes: [site] } }, 2_000)) as { srv0: { routes: unknown[] } };
    const read = live({ ...ours, other: { routes: ours.srv0.routes.slice(1), id: '@id' } });
    expect(read.servers.map(({ own }) => own.routes)).toEqual([[site], [site]]);
    expect(read.servers[0]?.running.routes).toContainEqual(site);
    expect([...read.lists.values()].map((list) => JSON.parse(list.toString()) as unknown)).toContainEqual(
      strangers(2_000),
    );
  });

  it('lose our routes wherever they stand, and nothing else', () => {
    const ours = (what: string) => ({ '@id': `crowdsec_0123abcd_${what}`, handle: [] });
    const routes = [
      ours('enter'),
      ours('block'),
      own(),
      ours('leave_x'),
      { handle: [{ handler: 'subroute', routes: [ours('enter'), own('deep')] }] },
      ours('enter'),
    ];
    const errors = { routes: [ours('guard'), own('error')], other: [[ours('block')], 1] };
    expect(live({ srv0: { routes, errors } }).servers[0]?.own).toEqual({
      routes: [own(), { handle: [{ handler: 'subroute', routes: [own('deep')] }] }],
      errors: { routes: [own('error')], other: [[], 1] },
    });
  });

  it.each([
    'crowdsec_0123abcd_enter',
    'crowdsec_0123abcd_leave_',
    'crowdsec_0123abcd_leave_0123456789ab',
    'crowdsec_ffffffff_guard',
  ])('hold our id %s', (id) => expect(isManagedId(id)).toBe(true));
  it.each([
    'crowdsec_',
    'crowdsec_mine',
    'crowdsec_0123abc_enter',
    'crowdsec_0123ABCD_enter',
    'xcrowdsec_0123abcd_enter',
    'crowdsec_0123abcd_enters',
    3,
    null,
    undefined,
    ['crowdsec_0123abcd_enter'],
  ])('hold their own id %s', (id) => expect(isManagedId(id)).toBe(false));

  it('come back as they were, long numbers included', () => {
    const text =
      '{"srv0":{"big":9223372036854775807,"tiny":1.2345678901234567891e-30,"routes":[{"handle":[]}]},"__proto__":{"listen":[":1"],"routes":[]}}';
    expect(pushed(pushed(text, 3), 0)).toBe(text);
    expect(pushed(pushed(text, 200), 0)).toBe(text);
  });

  it('are written as they are where there is nothing to add', () => {
    const text = '{"srv0":{"listen":[":80"]},"srv1":{"errors":{"routes":[]}}}';
    expect(pushed(text, 0)).toBe(text);
    expect(readServers(Buffer.from(text)).kind).toBe('servers');
  });

  it.each(['', '<html>', '[]', '3', '"x"'])('are unreadable as %j', (text) => {
    expect(readServers(Buffer.from(text))).toMatchObject({ kind: 'unreadable' });
  });

  it('are none when Caddy says null', () => expect(live('null').servers).toEqual([]));
});

describe('our rules in a config', () => {
  const key = '0123abcd';
  const leave = (owner: string | undefined) => managedIds(key, { owner, revision: '0123456789ab' }).leave;

  it.each([undefined, 'web-1', 'with_underscores.and-0123456789ab', 'a'])('say that %s wrote them', (owner) => {
    expect(markOf(leave(owner))).toEqual({ owner, revision: '0123456789ab' });
    expect(isManagedId(leave(owner))).toBe(true);
  });

  it('are named as they always were', () => {
    expect(managedIds(key, { owner: 'web-1', revision: 'ab12' })).toEqual({
      enter: 'crowdsec_0123abcd_enter',
      block: 'crowdsec_0123abcd_block',
      leave: 'crowdsec_0123abcd_leave_web-1_ab12',
    });
    expect(leave(undefined)).toBe('crowdsec_0123abcd_leave_0123456789ab');
  });

  it.each([
    'crowdsec_0123abcd_enter',
    'crowdsec_0123abcd_leave_',
    'crowdsec_0123abcd_leave_not hex',
    'crowdsec_0123abcd_leave_ab12 ',
    'xcrowdsec_0123abcd_leave_ab12',
    'leave',
    7,
    null,
    undefined,
    [leave('web-1')],
  ])('do not say it in %j', (id) => expect(markOf(id)).toBeUndefined());
});

describe('what is pushed', () => {
  const two = { a: { routes: [] }, b: { trusted_proxies: { source: 'static' }, trusted_proxies_strict: 1 } };

  it('is in place once it was pushed, and not before', () => {
    for (const count of [1, 100, 101, 500]) {
      const read = live(two);
      const compilation = compile(ruleset({ addresses: strangers(count) }), NEWEST, read.servers);
      expect(isInPlace(read, compilation)).toBe(false);
      const after = live(pushed(two, count));
      expect(isInPlace(after, compile(ruleset({ addresses: strangers(count) }), NEWEST, after.servers))).toBe(true);
      expect(isInPlace(after, compile(ruleset({ addresses: strangers(count + 1) }), NEWEST, after.servers))).toBe(
        false,
      );
    }
  });

  it('is not in place while a server is new', () => {
    const read = live(two);
    const compilation = compile(ruleset({}), NEWEST, read.servers.slice(0, 1));
    expect(isInPlace(read, compilation)).toBe(false);
    expect(() => writeJson(read, compilation)).toThrow('"b" was not compiled');
    const off = compile(undefined, NEWEST, read.servers.slice(0, 1));
    expect(isInPlace({ ...read, servers: read.servers.slice(0, 1) }, off)).toBe(true);
    expect(isInPlace(read, off)).toBe(false);
  });

  it('writes a list once, however many servers carry it', () => {
    const read = live({ a: {}, b: {}, c: two.b });
    const compilation = compile(ruleset({ addresses: strangers(500) }), NEWEST, read.servers);
    expect(compilation.lists).toHaveLength(2);
    const chunks = writeJson(read, compilation);
    const json = JSON.stringify([...(compilation.lists[0]?.values ?? [])]);
    const written = chunks.filter((chunk) => chunk.toString() === json);
    expect(written).toHaveLength(2);
    expect(written[0]).toBe(written[1]);
  });

  it('has a revision that follows every change, and no other', () => {
    const leave = (count: number, wish = {}, servers: object = { a: {} }) => {
      const read = live(servers);
      const wanted = ruleset({ addresses: strangers(count), ...wish });
      return compile(wanted, NEWEST, read.servers).servers.get('a')?.ids?.leave;
    };
    expect(leave(500)).toBe(leave(500));
    const revisions = [
      leave(1),
      leave(2),
      leave(500),
      leave(501),
      leave(500, { action: { kind: 'abort' } }),
      leave(500, { logBlocked: 'skip' }),
      leave(500, { ranges: ['10.0.0.0/8'] }),
      leave(500, {}, { a: two.b }),
      leave(500, {}, { a: { errors: { routes: [{ handle: [{ handler: 'reverse_proxy' }] }] } } }),
    ];
    expect(new Set(revisions).size).toBe(revisions.length);
    expect(leave(500)).toMatch(new RegExp(`^crowdsec_${serverKey('a')}_leave_[0-9a-f]{12}$`));
  });

  it.each([0, 1, 16_383, 16_384, 16_385, 50_000])('writes a list of %i as JSON.stringify would, in pieces', (count) => {
    const values = strangers(count);
    const list = new AddressList(values);
    const pieces = jsonChunks(JSON.stringify([list]), [list], new Map());
    expect(pieces.join('')).toBe(JSON.stringify([values]));
    expect(list.digest).toBe(createHash('sha256').update(JSON.stringify(values)).digest('hex'));
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(400_000);
  });

  it('throws rather than push a list that it does not have', () => {
    const list = new AddressList(['1.2.3.4']);
    expect(jsonChunks(JSON.stringify({ list }), [list], new Map()).join('')).toBe('{"list":["1.2.3.4"]}');
    expect(() => jsonChunks(JSON.stringify({ list }), [], new Map())).toThrow('no address list');
  });
});

describe('sameness of JSON', () => {
  it.each([
    [{ a: 1, b: [2] }, { b: [2], a: 1 }, true],
    [{ a: undefined, b: 1 }, { b: 1 }, true],
    [{ a: 1 }, { a: '1' }, false],
    [{ a: 1 }, { b: 1 }, false],
    [[1, 2], [2, 1], false],
    [[1], [1, 1], false],
    [{}, [], false],
    [null, {}, false],
    [{ a: 1 }, { a: 1, b: 2 }, false],
  ])('%j and %j: %s', (a, b, same) => {
    expect(sameJson(a, b)).toBe(same);
    expect(sameJson(b, a)).toBe(same);
  });

  it('holds between a list and what it is written as', () => {
    const pairs: readonly [a: unknown, b: unknown, same: boolean][] = [
      [new AddressList(['x']), ['x'], true],
      [new AddressList(['x']), ['y'], false],
      [new AddressList(['x']), ['x', 'y'], false],
      [new AddressList(['x', 'y']), ['x'], false],
      [new AddressList([]), [], true],
      [new AddressList([]), {}, false],
      [new AddressList(['x']), new AddressList(['x']), true],
      [new AddressList(['x']), new AddressList(['y']), false],
      [new AddressList(['x']), new AddressList(['x']).toJSON(), true],
      [new AddressList(['x']), new AddressList(['y']).toJSON(), false],
    ];
    for (const [a, b, same] of pairs)
      expect([sameJson(a, b), sameJson(b, a)], JSON.stringify([a, b])).toEqual([same, same]);
  });
});
