/** What a server's owner is told, word for word: these sentences are all that people see of it. */
import { describe, expect, it } from 'vitest';
import type { Capabilities } from '../../caddy/capabilities.ts';
import { compile } from '../../caddy/compile.ts';
import { serverWarnings, trustsProxies } from '../../caddy/server-facts.ts';
import { ruleset, type RulesetWish } from '../support/caddy-enforcer.ts';

const NEWEST: Capabilities = { clientIp: true, logAppend: true };
const FLOOR: Capabilities = { clientIp: false, logAppend: false };
const PROXIES = { source: 'static', ranges: ['10.0.0.0/8'] };

const told = (server: object, capabilities = NEWEST) =>
  serverWarnings('shop', { ...server }, capabilities).map(({ code, server, message }) => [code, server, message]);

const siteWith = (handler: object) => [{ handle: [{ handler: 'subroute', routes: [{ handle: [handler] }] }] }];

describe('a server', () => {
  it('of which there is nothing to say is not spoken of', () => {
    const server = { listen: [':443'], routes: siteWith({ handler: 'file_server' }) };
    expect(told(server)).toEqual([]);
    expect(told({ ...server, listen: [':80'] }, FLOOR)).toEqual([]);
    expect(told({})).toEqual([]);
  });

  it('that believes any X-Forwarded-For lets banned clients pass', () => {
    const warning = [
      'proxies_not_strict',
      'shop',
      'server "shop": a banned client passes by sending a forged X-Forwarded-For, since Caddy believes its left-most address; add `trusted_proxies_strict` beside `trusted_proxies`',
    ];
    expect(told({ trusted_proxies: PROXIES })).toEqual([warning]);
    expect(told({ trusted_proxies: PROXIES, trusted_proxies_strict: 0 })).toEqual([warning]);
    expect(told({ trusted_proxies: PROXIES, trusted_proxies_strict: 1 })).toEqual([]);
    expect(told({ trusted_proxies_unix: true })).toEqual([warning]);
    expect(told({ trusted_proxies_strict: 0 })).toEqual([]);
  });

  it('behind a proxy is told that an old Caddy sees the proxy alone', () => {
    const proxied = { routes: siteWith({ handler: 'reverse_proxy', trusted_proxies: ['10.0.0.0/8'] }) };
    expect(told(proxied, FLOOR)).toEqual([
      [
        'proxied_on_old_caddy',
        'shop',
        'server "shop": Caddy before 2.7 knows only the address of the proxy or CDN in front of it, not of the client; upgrade Caddy and set `servers { trusted_proxies … }`',
      ],
    ]);
    expect(told(proxied).map(([code]) => code)).toEqual(['websockets_cut']);
  });

  it.each(['unix//run/caddy.sock', 'unixgram//run/x', 'unixpacket/x'])(
    'on %s has clients without an address',
    (socket) => {
      const warning = [
        'unix_listener',
        'shop',
        'server "shop": clients of its unix socket have no address and are never banned; on newer Caddys `trusted_proxies_unix` makes it believe the proxy in front',
      ];
      expect(told({ listen: [':80', socket] })).toEqual([warning]);
      expect(told({ listen: [socket] }, FLOOR)).toEqual([warning]);
      expect(told({ listen: [socket], trusted_proxies_unix: true, trusted_proxies_strict: 1 })).toEqual([]);
    },
  );

  it.each([[[':80']], [['tcp/127.0.0.1:80']], [['x-unix//y']], [[3, null]], ['unix//x']])(
    'that listens on %j has clients with addresses',
    (listen) => expect(told({ listen })).toEqual([]),
  );

  it('whose WebSockets a push cuts is told how to keep them', () => {
    const proxy = { handler: 'reverse_proxy', upstreams: [{ dial: 'app:3000' }] };
    expect(told({ routes: siteWith(proxy) })).toEqual([
      [
        'websockets_cut',
        'shop',
        'server "shop": a reload of Caddy, and so a push of rules, cuts WebSockets through its reverse_proxy; if it has any, set `stream_close_delay 5m` there',
      ],
    ]);
    expect(told({ routes: siteWith({ ...proxy, stream_close_delay: 1 }) })).toEqual([]);
    expect(told({ routes: siteWith(proxy) }, FLOOR)).toEqual([]);
  });

  const named = [{ match: [{ host: ['a.example'] }] }];
  it.each([
    [{ listen: [':443'] }],
    [{ listen: ['127.0.0.1:443'], protocols: ['h1', 'h3'] }],
    [{ listen: [':8443'], tls_connection_policies: [{}], automatic_https: { disable: true } }],
    [{ listen: [':80', ':8443'], routes: named }],
    [{ listen: [':8443'], routes: named, automatic_https: { skip: ['b.example'] } }],
    [{ listen: [':8080'], routes: named }],
  ])('%j may serve HTTP/3, of which an old Caddy keeps the connections and their rules', (server) => {
    expect(told(server, FLOOR)).toEqual([
      [
        'http3_outlives_pushes',
        'shop',
        'server "shop": Caddy before 2.8 serves an open HTTP/3 connection by the rules that it began with, so a client that stays connected is not banned; upgrade Caddy, or set `servers { protocols h1 h2 }`',
      ],
    ]);
    expect(told(server, { clientIp: true, logAppend: false })).toHaveLength(1);
    expect(told(server)).toEqual([]);
  });

  it.each([
    [{ listen: [':443'], protocols: ['h1', 'h2'] }],
    [{ listen: [':80', 'unix//x'], routes: named }],
    [{ listen: [':4430', ':8080', 443] }],
    [{ listen: [':8080'], routes: named, automatic_https: { skip: ['a.example'] } }],
    [{ listen: [':8080'], routes: named, automatic_https: { disable: true } }],
  ])('%j serves none', (server) => {
    expect(told(server, FLOOR).filter(([code]) => code === 'http3_outlives_pushes')).toEqual([]);
  });

  it('with metrics is told that requests count more than once', () => {
    expect(told({ metrics: {} })).toEqual([
      [
        'metrics_count',
        'shop',
        'server "shop": caddy_http_requests_total counts each request once more for each of our three routes',
      ],
    ]);
    expect(told({ metrics: true })).toEqual([]);
  });

  it('trusts proxies only where this Caddy knows what that is', () => {
    expect(trustsProxies({ trusted_proxies: PROXIES }, NEWEST)).toBe(true);
    expect(trustsProxies({ trusted_proxies_unix: true }, NEWEST)).toBe(true);
    expect(trustsProxies({ trusted_proxies: PROXIES }, FLOOR)).toBe(false);
    expect(trustsProxies({ trusted_proxies: null, trusted_proxies_unix: 'true' }, NEWEST)).toBe(false);
  });
});

describe('a compilation', () => {
  const warnings = (own: object, wish: RulesetWish, capabilities = NEWEST) => {
    const server = { name: 'shop', key: '01234567', own: { ...own } };
    return compile(ruleset({ addresses: ['203.0.113.9'], ...wish }), capabilities, [server])
      .servers.get('shop')
      ?.warnings.map(({ code, message }) => [code, message]);
  };
  const monitored = [{ handle: [{ handler: 'vars', crowdsec: 'monitor' }] }];
  const risky = { errors: { routes: [{ handle: [{ handler: 'reverse_proxy', stream_close_delay: 1 }] }] } };

  it('says where `monitor` leaves no trace', () => {
    const warning = [
      'monitor_unmarked',
      'server "shop": policy "monitor" leaves no trace here, since Caddy before 2.8 cannot mark its access log',
    ];
    expect(warnings({}, { policy: 'monitor' }, FLOOR)).toEqual([warning]);
    expect(warnings({ routes: monitored }, {}, FLOOR)).toEqual([warning]);
    const oneSite = { ...monitored[0], match: [{ host: ['a.example'] }], terminal: true };
    expect(warnings({ routes: [oneSite] }, {}, FLOOR)).toEqual([warning]);
    expect(warnings({}, { policy: 'enforce' }, FLOOR)).toEqual([]);
    expect(warnings({}, { policy: 'monitor' })).toEqual([]);
  });

  it('says where BAN_ACTION=error is not used, what instead, and why', () => {
    expect(warnings(risky, { action: { kind: 'error', status: 451 } })).toEqual([
      [
        'error_action_refused',
        'server "shop": BAN_ACTION=error is not used here, since its handle_errors could undo a ban (it runs `reverse_proxy`); banned clients get a bare 451',
      ],
    ]);
    expect(warnings({}, { action: { kind: 'error', status: 451 } })).toEqual([]);
    expect(warnings(risky, {})).toEqual([]);
  });

  it('says which site hides the policies of those after it', () => {
    const routes = [
      { match: [{ method: ['GET'] }], terminal: true, handle: [] },
      { match: [{ host: ['a.example'] }], terminal: true, handle: [{ handler: 'vars', crowdsec: 'off' }] },
    ];
    const message =
      'server "shop": routes[0] ends requests by something other than host and path; where it overlaps with a later site that has a `vars crowdsec` policy, that policy holds for it too';
    expect(warnings({ routes }, {})).toEqual([['unreadable_route', message]]);
    expect(warnings({ routes: routes.toReversed() }, {})).toEqual([]);
  });
});
