import { describe, expect, it } from 'vitest';
import { readAnnotations } from '../../caddy/directives.ts';

const vars = (crowdsec: unknown) => ({ handler: 'vars', crowdsec });
const site = (host: string, ...routes: unknown[]) => ({
  match: [{ host: [host] }],
  handle: [{ handler: 'subroute', routes }],
  terminal: true,
});
const read = (...routes: unknown[]) => readAnnotations('srv0', { routes });

describe('annotations of a server', () => {
  it('finds none where there are none, whatever the routes are', () => {
    for (const routes of [undefined, null, [], [null], ['x'], [{ handle: null }], [{ handle: [null, 3] }]]) {
      expect(readAnnotations('srv0', { routes })).toEqual({ sites: [], refused: [], unreadable: undefined });
    }
  });

  it('reads a policy of a site, and one of a path in it', () => {
    const routes = [{ handle: [vars('monitor')] }, { match: [{ path: ['/hook/*'] }], handle: [vars('off')] }];
    expect(read(site('a.example', ...routes))).toMatchObject({
      sites: [
        {
          match: [{ host: ['a.example'] }],
          rules: [
            { match: [], policy: 'monitor' },
            { match: [{ path: ['/hook/*'] }], policy: 'off' },
          ],
        },
      ],
      refused: [],
    });
  });

  it('lists sites that say nothing, since they shadow those after them', () => {
    expect(read(site('a.example'), site('*.example', { handle: [vars('off')] })).sites).toHaveLength(2);
  });

  it('reads handlers that share a route with others, and several in one', () => {
    const shared = { handle: [vars('off'), { handler: 'static_response' }, vars('enforce')] };
    expect(read(site('a.example', shared)).sites[0]?.rules.map(({ policy }) => policy)).toEqual(['off', 'enforce']);
  });

  it('takes annotations before a site for every site after it', () => {
    const { sites } = read(
      { match: [{ path: ['/x'] }], handle: [vars('off')] },
      site('a.example', { handle: [vars('monitor')] }),
      site('b.example'),
    );
    expect(sites.map(({ rules }) => rules.map(({ policy }) => policy))).toEqual([['off', 'monitor'], ['off'], ['off']]);
  });

  it('takes a terminal route without a subroute for a site, too', () => {
    const route = { match: [{ host: ['a.example'] }], handle: [vars('off')], terminal: true };
    expect(read(route).sites).toEqual([{ match: [{ host: ['a.example'] }], rules: [{ match: [], policy: 'off' }] }]);
  });

  it('does not mind numbers and other variables', () => {
    expect(read({ handle: [{ handler: 'vars', root: '/srv', crowdsec_verdict: 'x' }] }).refused).toEqual([]);
  });
});

describe('annotations that are refused', () => {
  it.each([
    ['an unknown word', { handle: [vars('enforced')] }, /"enforced" is no policy/],
    ['another case', { handle: [vars('Off')] }, /"Off" is no policy/],
    ['a number', { handle: [vars(5)] }, /5 is no policy/],
    ['null', { handle: [vars(null)] }, /null is no policy/],
    ['a name in capitals', { handle: [{ handler: 'vars', CrowdSec: 'off' }] }, /spelled "CrowdSec"/],
    ['a method', { match: [{ path: ['/x'], method: ['POST'] }], handle: [vars('off')] }, /`method`/],
    ['a header', { match: [{ header: { 'X-A': ['1'] } }], handle: [vars('off')] }, /`header`/],
    [
      'an address',
      { match: [{ path: ['/x'] }, { remote_ip: { ranges: ['10.0.0.0/8'] } }], handle: [vars('off')] },
      /remote_ip/,
    ],
    ['a negation', { match: [{ not: [{ path: ['/x'] }] }], handle: [vars('off')] }, /`not`/],
    [
      'a placeholder in a path',
      { match: [{ path: ['/{http.request.header.X}'] }], handle: [vars('off')] },
      /placeholder/,
    ],
    ['a group', { group: 'g', handle: [vars('off')] }, /exclude each other/],
    ['a terminal route in a site', { terminal: true, handle: [vars('off')] }, /exclude each other/],
    ['a nested block', { handle: [{ handler: 'subroute', routes: [{ handle: [vars('off')] }] }] }, /cannot follow/],
    [
      'an answer of a proxy',
      { handle: [{ handler: 'reverse_proxy', handle_response: [{ routes: [{ handle: [vars('off')] }] }] }] },
      /cannot follow/,
    ],
  ])('%s', (_, route, reason) => {
    const { sites, refused } = read(site('a.example', route));
    expect(sites.flatMap(({ rules }) => rules)).toEqual([]);
    expect(refused).toHaveLength(1);
    expect(refused[0]).toMatchObject({ server: 'srv0', hosts: ['a.example'], hint: expect.any(String) as string });
    expect(refused[0]?.reason).toMatch(reason);
    expect(refused[0]?.path).toMatch(/^routes\[0\]\.handle\[0\]\.routes\[0\]\.handle\[0\]/);
  });

  it('inside error routes and named routes', () => {
    const { refused } = readAnnotations('srv0', {
      errors: { routes: [{ handle: [vars('off')] }] },
      named_routes: { x: { handle: [vars('off')] } },
    });
    expect(refused.map(({ path }) => path)).toEqual(['errors.routes[0].handle[0]', 'named_routes.x.handle[0]']);
  });

  it('of a site whose own conditions cannot be read', () => {
    const strange = { ...site('a.example', { handle: [vars('off')] }), match: [{ expression: 'true' }] };
    expect(read(strange)).toMatchObject({
      sites: [],
      refused: [{ reason: expect.stringContaining('expression') as string }],
    });
  });

  it('of a path after a rewrite, but not of a whole site', () => {
    const rewrite = { handle: [{ handler: 'rewrite', uri: '/index.html' }] };
    const byPath = { match: [{ path: ['/x'] }], handle: [vars('off')] };
    const { sites, refused } = read(site('a.example', rewrite, byPath, { handle: [vars('monitor')] }));
    expect(refused).toMatchObject([{ reason: expect.stringContaining('rewrite') as string }]);
    expect(sites[0]?.rules).toEqual([{ match: [], policy: 'monitor' }]);
  });

  it('says when an unreadable site comes before an annotated one, and only then', () => {
    const strange = { match: [{ header: { 'X-A': ['1'] } }], terminal: true };
    expect(read(strange, site('a.example', { handle: [vars('off')] })).unreadable).toBe('routes[0]');
    expect(read(site('a.example', { handle: [vars('off')] }), strange).unreadable).toBeUndefined();
    expect(read(strange, site('a.example')).unreadable).toBeUndefined();
  });

  it('allows the environment in hosts and paths, which no client can change', () => {
    expect(read(site('{env.DOMAIN}', { handle: [vars('off')] })).refused).toEqual([]);
  });
});
