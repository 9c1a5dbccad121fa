/** The routes that Caddy is given, compared as a whole: what one of them lacks, a banned client would find. */
import { describe, expect, it } from 'vitest';
import type { LaneRoutes } from '../../bouncer/shared/domain/ruleset.ts';
import { AddressList } from '../../caddy/address-list.ts';
import type { Capabilities } from '../../caddy/capabilities.ts';
import { compile } from '../../caddy/compile.ts';
import { managedIds, serverKey } from '../../caddy/managed-id.ts';
import { banMatcher } from '../../caddy/matchers.ts';
import { ruleset, type RulesetWish, strangers } from '../support/caddy-enforcer.ts';

const NEWEST: Capabilities = { clientIp: true, logAppend: true };
const FLOOR: Capabilities = { clientIp: false, logAppend: false };

const LANE: LaneRoutes = { root: '/run/lane', secret: '5ec4e7', isActive: true };
const KEY = '01234567';

const rulesFor = (wish: RulesetWish | undefined, own: object = {}, capabilities = NEWEST) => {
  const servers = [{ name: 'srv0', key: KEY, own: { ...own } }];
  const { servers: rules } = compile(wish && ruleset(wish), capabilities, servers, wish?.lane);
  const found = rules.get('srv0');
  if (found === undefined) throw new Error('the server was not compiled');
  return found;
};
const siteOf = (host: string, crowdsec: string) => ({
  match: [{ host: [host] }],
  terminal: true,
  handle: [{ handler: 'vars', crowdsec }],
});
const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;

const BANNED = '203.0.113.9';
const UNCACHED = { 'Cache-Control': ['no-store'] };
const ANSWER = [
  { handler: 'log_append', key: 'crowdsec', value: 'ban' },
  { handler: 'static_response', status_code: 403, headers: UNCACHED },
];
const RESTORED = { Host: ['{http.request.header.X-Ccs-Host}'] };

describe('the routes of a server', () => {
  it('with few bans compare the client’s address', () => {
    const { routes, errorRoutes, ids, entries } = rulesFor({ addresses: [BANNED], ranges: ['198.51.100.0/24'] });
    expect(ids).toEqual(managedIds(KEY, { owner: undefined, revision: ids?.leave.split('_').at(-1) ?? '' }));
    expect(routes).toEqual([
      { '@id': 'crowdsec_01234567_enter', handle: [] },
      {
        '@id': 'crowdsec_01234567_block',
        match: [{ client_ip: { ranges: [BANNED, '198.51.100.0/24'] } }],
        handle: ANSWER,
      },
      { '@id': ids?.leave, handle: [] },
    ]);
    expect(ids?.leave).toMatch(/^crowdsec_01234567_leave_[0-9a-f]{12}$/);
    expect(errorRoutes).toEqual([]);
    expect(entries).toEqual({ addresses: 1, ranges: 1, exceptions: 0, mapped: 0 });
  });

  it('with many bans look Host up, while it holds the address, and give it back', () => {
    const addresses = strangers(101);
    const { routes } = rulesFor({ addresses });
    const list = new AddressList([...addresses]);
    expect(plain(routes)).toMatchObject([
      {
        handle: [
          {
            handler: 'headers',
            request: { set: { Host: ['{http.vars.client_ip}'], 'X-Ccs-Host': ['{http.request.hostport}'] } },
          },
        ],
      },
      {
        match: [{ not: [{ not: [{ host: plain(list) }, { client_ip: { ranges: [] } }] }] }],
        handle: [{ handler: 'headers', request: { set: RESTORED } }, ...ANSWER],
      },
      { handle: [{ handler: 'headers', request: { set: RESTORED, delete: ['X-Ccs-Host'] } }] },
    ]);
    const old = plain(rulesFor({ addresses }, {}, FLOOR).routes);
    expect(old).toMatchObject([
      { handle: [{ request: { set: { Host: ['{http.request.remote.host}'] } } }] },
      { match: [{ not: [{ not: [{ host: plain(list) }] }] }] },
      {},
    ]);
  });

  it('without bans are there, and do nothing', () => {
    const { routes, entries } = rulesFor({});
    expect(routes.map(({ handle, match }) => ({ handle, match }))).toEqual([
      { handle: [], match: undefined },
      { handle: [], match: undefined },
      { handle: [], match: undefined },
    ]);
    expect(entries).toEqual({ addresses: 0, ranges: 0, exceptions: 0, mapped: 0 });
  });

  it('are none where nothing is enforced, or protection is off', () => {
    const nothing = { routes: [], errorRoutes: [], ids: undefined };
    expect(rulesFor(undefined)).toMatchObject(nothing);
    expect(rulesFor({ addresses: [BANNED], policy: 'off' })).toMatchObject(nothing);
    expect(rulesFor({ addresses: [BANNED], policy: 'monitor' }, {}, FLOOR)).toMatchObject(nothing);
    expect(rulesFor({ addresses: [BANNED], policy: 'off' }).entries.addresses).toBe(0);
    // Sites that differ, and of which none has any effect.
    const watched = { routes: [siteOf('a.example', 'monitor')] };
    expect(rulesFor({ addresses: [BANNED], policy: 'off' }, watched, FLOOR)).toMatchObject(nothing);
    expect(rulesFor({ addresses: [BANNED], policy: 'off' }, watched).routes).toHaveLength(3);
  });

  it('ask each site’s policy in turn, and leave out a last one that lets go on', () => {
    const routes = [siteOf('a.example', 'enforce')];
    const [, block] = rulesFor({ addresses: [BANNED], policy: 'off' }, { routes }).routes;
    const first = { group: 'crowdsec_policy', match: [{ host: ['a.example'] }], handle: ANSWER };
    expect(block?.handle).toEqual([{ handler: 'subroute', routes: [first] }]);
    const [, both] = rulesFor({ addresses: [BANNED], policy: 'monitor' }, { routes }).routes;
    const mark = { handler: 'log_append', key: 'crowdsec', value: 'monitor' };
    expect(both?.handle).toEqual([
      { handler: 'subroute', routes: [first, { group: 'crowdsec_policy', handle: [mark] }] },
    ]);
    const two = { routes: [...routes, siteOf('b.example', 'monitor')] };
    const second = { group: 'crowdsec_policy', match: [{ host: ['b.example'] }], handle: [mark] };
    expect(rulesFor({ addresses: [BANNED], policy: 'off' }, two).routes[1]?.handle).toEqual([
      { handler: 'subroute', routes: [first, second] },
    ]);
  });

  it('guard error routes that could let a failed request through, where anybody can be banned', () => {
    const own = { errors: { routes: [{ handle: [{ handler: 'reverse_proxy' }] }] } };
    const { routes, errorRoutes } = rulesFor({ addresses: [BANNED] }, own);
    expect(errorRoutes).toEqual([
      {
        '@id': 'crowdsec_01234567_guard',
        match: [{ not: [{ vars: { crowdsec_verdict: ['passed'] } }] }],
        handle: [{ handler: 'static_response', status_code: '{http.error.status_code}' }],
      },
    ]);
    const passed = { handler: 'vars', crowdsec_verdict: 'passed' };
    expect(routes[2]?.handle).toEqual([passed]);
    expect(rulesFor({ addresses: strangers(101) }, own).routes[2]?.handle).toEqual([
      { handler: 'headers', request: { set: RESTORED, delete: ['X-Ccs-Host'] } },
      passed,
    ]);
    expect(rulesFor({}, own).errorRoutes).toEqual([]);
    expect(rulesFor({ lane: LANE }, own).errorRoutes).toHaveLength(1);
    expect(rulesFor({ addresses: [BANNED], policy: 'monitor' }, own).errorRoutes).toEqual([]);
    const oneSite = { ...own, routes: [siteOf('a.example', 'enforce')] };
    expect(rulesFor({ addresses: [BANNED], policy: 'monitor' }, oneSite).errorRoutes).toHaveLength(1);
    expect(rulesFor({ addresses: [BANNED] }, { errors: { routes: [] } }).errorRoutes).toEqual([]);
  });

  it('hand a ban to the site’s own error routes only where they cannot undo it', () => {
    const error = { handler: 'error', status_code: 451, error: 'the address is banned' };
    const wish: RulesetWish = { addresses: [BANNED], action: { kind: 'error', status: 451 } };
    expect(rulesFor(wish).routes[1]?.handle.at(-1)).toEqual(error);
    const own = { errors: { routes: [{ handle: [{ handler: 'reverse_proxy' }] }] } };
    expect(rulesFor(wish, own).routes[1]?.handle.at(-1)).toEqual({
      handler: 'static_response',
      status_code: 451,
      headers: UNCACHED,
    });
  });
});

it('a compilation has a list for its servers only where they look addresses up', () => {
  const servers = ['a', 'b'].map((name) => ({ name, key: KEY, own: {} }));
  const listsFor = (count: number) => compile(ruleset({ addresses: strangers(count) }), NEWEST, servers).lists.length;
  expect([0, 100, 101].map(listsFor)).toEqual([0, 0, 1]);
});

describe('the lane', () => {
  const proof = {
    '@id': 'crowdsec_01234567_lane',
    match: [{ path: ['/.crowdsec-lane/5ec4e7'] }],
    handle: [
      { handler: 'vars', log_skip: true, skip_log: true },
      {
        handler: 'subroute',
        routes: [
          {
            match: [{ file: { root: '/run/lane/proof', try_files: ['5ec4e7'] } }],
            handle: [{ handler: 'static_response', status_code: 204 }],
          },
          { handle: [{ handler: 'static_response', status_code: 404 }] },
        ],
      },
    ],
  };
  const side = (name: string, client = '{http.vars.client_ip}') => ({
    file: { root: `/run/lane/${name}`, try_files: [client] },
  });

  it('is proven by a route after the three, also while its entries are not asked', () => {
    const { routes } = rulesFor({ addresses: [BANNED], lane: { ...LANE, isActive: false } });
    expect(routes[3]).toEqual(proof);
    expect(routes[1]?.match).toEqual([{ client_ip: { ranges: [BANNED] } }]);
    expect(rulesFor({ addresses: [BANNED] }).routes).toHaveLength(3);
  });

  it('lifts what is compiled, and bans what is not', () => {
    const { routes } = rulesFor({ addresses: [BANNED], exceptions: ['203.0.113.10'], lane: LANE });
    expect(routes[1]?.match).toEqual([
      {
        not: [
          { not: [{ client_ip: { ranges: [BANNED] } }] },
          { client_ip: { ranges: ['203.0.113.10'] } },
          side('allow'),
        ],
      },
      side('ban'),
    ]);
    expect(rulesFor({ lane: LANE }).routes[1]?.match).toEqual([side('ban')]);
    const old = rulesFor({ lane: LANE }, {}, FLOOR).routes[1]?.match;
    expect(old).toEqual([side('ban', '{http.request.remote.host}')]);
  });
});

describe('which matcher', () => {
  const matchFor = (wish: RulesetWish, mapped = false) => banMatcher(ruleset(wish).bans, NEWEST, mapped);
  const ranges = (count: number) => Array.from({ length: count }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);

  it('is a list up to a hundred addresses, and an index above', () => {
    expect(matchFor({}).match.kind).toBe('none');
    expect(matchFor({ addresses: strangers(100) }).match.kind).toBe('list');
    expect(matchFor({ addresses: strangers(101) }).match.kind).toBe('index');
    // Each IPv4 address is written twice where proxies may write it as IPv6.
    expect(matchFor({ addresses: strangers(50) }, true).match.kind).toBe('list');
    expect(matchFor({ addresses: strangers(51) }, true).match.kind).toBe('index');
  });

  it('is one list of both up to 256 entries, and then one for each', () => {
    const sets = (wish: RulesetWish) => {
      const { match } = matchFor(wish);
      return match.kind === 'none' ? [] : match.match.map((set) => set.client_ip?.ranges.length ?? 'tree');
    };
    expect(sets({ addresses: strangers(100), ranges: ranges(156) })).toEqual([256]);
    expect(sets({ addresses: strangers(100), ranges: ranges(157) })).toEqual([100, 157]);
    expect(sets({ ranges: ranges(256) })).toEqual([256]);
    expect(sets({ ranges: ranges(257) })).toEqual(['tree']);
    expect(sets({ addresses: strangers(100), ranges: ranges(257) })).toEqual([100, 'tree']);
  });

  it('has a tree of exceptions when those are many', () => {
    const { match } = matchFor({ addresses: [BANNED], exceptions: ranges(257) });
    expect(match.kind === 'list' && JSON.stringify(match.match[0]?.not?.[1])).toMatch(/^\{"not":/);
    expect(matchFor({ addresses: [BANNED], exceptions: ranges(3) }).entries).toEqual({
      addresses: 1,
      ranges: 0,
      exceptions: 3,
      mapped: 0,
    });
  });

  it('counts what is there twice for proxies', () => {
    const { entries, match } = matchFor(
      { addresses: [BANNED, '2001:db8::1'], ranges: ['198.51.100.0/24'], exceptions: ['198.51.100.7'] },
      true,
    );
    expect(entries).toEqual({ addresses: 3, ranges: 2, exceptions: 2, mapped: 3 });
    expect(JSON.stringify(match)).toContain('"::ffff:198.51.100.0/120"');
  });

  it('has each IPv4 entry twice for proxies, and each IPv6 entry once, in a list and in an index', () => {
    const both = matchFor({ addresses: [BANNED, '2001:db8::1'], ranges: ['2001:db9::/32'] }, true).match;
    expect(both).toEqual({
      kind: 'list',
      match: [{ client_ip: { ranges: [BANNED, '2001:db8::1', '2001:db9::/32', '::ffff:203.0.113.9'] } }],
    });
    const addresses = [...strangers(60), '2001:db8::1'];
    const { match } = matchFor({ addresses }, true);
    const mapped = strangers(60).map((address) => `::ffff:${address}`);
    expect(match.kind === 'index' && [...match.list.values]).toEqual([...addresses, ...mapped]);
  });
});

it('a server’s key is the beginning of its name’s SHA-256', () => {
  expect(serverKey('srv0')).toBe('b684dd4c');
});
