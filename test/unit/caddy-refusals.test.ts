/** What is not honoured, and why, word for word: the sentence and the hint are all that the user gets to see. */
import { describe, expect, it } from 'vitest';
import { compile } from '../../caddy/compile.ts';
import { readAnnotations } from '../../caddy/directives.ts';
import { classifyErrorRoutes } from '../../caddy/error-routes.ts';
import { isInPlace, writeJson } from '../../caddy/merge.ts';
import { policySteps } from '../../caddy/policy-steps.ts';
import { readServers } from '../../caddy/servers.ts';
import { bothMatch, readMatch } from '../../caddy/site-match.ts';
import { ruleset } from '../support/caddy-enforcer.ts';

const vars = (crowdsec: unknown) => ({ handler: 'vars', crowdsec });
const WHERE = 'write `vars crowdsec …` directly in the site block, outside of handle, route and handle_errors';
const WHAT = 'a policy may depend on the site and on paths only: `vars /path/* crowdsec …`';

describe('a refused annotation', () => {
  const refusals = (...routes: readonly object[]) =>
    readAnnotations('srv0', {
      routes: [
        { match: [{ host: ['a.example'] }], terminal: true, handle: [{ handler: 'subroute', routes }] },
        { handle: [] },
      ],
    }).refused;

  it.each([
    [{ handle: [vars('never')] }, '"never" is no policy', 'use `enforce`, `monitor` or `off`'],
    [
      { handle: [{ handler: 'vars', Crowdsec: 'off' }] },
      'the name is spelled "Crowdsec"',
      'write `crowdsec`, in lower case',
    ],
    [
      { handle: [{ handler: 'vars', ' crowdsec': 'off' }] },
      'the name is spelled " crowdsec"',
      'write `crowdsec`, in lower case',
    ],
    [{ match: [{ method: ['GET'] }], handle: [vars('off')] }, 'the matcher `method` must not decide over a ban', WHAT],
    [{ match: [3], handle: [vars('off')] }, 'a matcher that is no object must not decide over a ban', WHAT],
    [
      { match: [{ path: [] }], handle: [vars('off')] },
      'a `path` matcher that is no list of texts must not decide over a ban',
      WHAT,
    ],
    [
      { match: [{ host: ['a', 3] }], handle: [vars('off')] },
      'a `host` matcher that is no list of texts must not decide over a ban',
      WHAT,
    ],
    [
      { match: [{ path: ['/x', '/{http.request.uri}'] }], handle: [vars('off')] },
      'the placeholder in the path "/{http.request.uri}" must not decide over a ban',
      WHAT,
    ],
    [{ terminal: true, handle: [vars('off')] }, 'its route is one of several that exclude each other', WHERE],
    [{ group: 'one', handle: [vars('off')] }, 'its route is one of several that exclude each other', WHERE],
    [
      { handle: [{ handler: 'subroute', routes: [{ handle: [vars('off')] }] }] },
      'it stands inside a block whose conditions we cannot follow',
      WHERE,
    ],
  ])('%j', (route, reason, hint) => {
    expect(refusals(route)).toMatchObject([{ server: 'srv0', hosts: ['a.example'], reason, hint }]);
  });

  it('is none for a route of a group without a name, which excludes nothing', () => {
    expect(refusals({ group: '', handle: [vars('off')] })).toEqual([]);
  });

  it('is none for a host after a rewrite, which changes no host', () => {
    const rewrite = { handle: [{ handler: 'rewrite', uri: '/x' }] };
    expect(refusals(rewrite, { match: [{ host: ['a.example'] }], handle: [vars('off')] })).toEqual([]);
  });

  it('of a path after a rewrite may be moved before it', () => {
    const rewrite = { handle: [{ handler: 'rewrite', uri: '/x' }] };
    const byPath = { match: [{ path: ['/x'] }], handle: [vars('off')] };
    const refused = {
      path: 'routes[0].handle[0].routes[1].handle[0]',
      reason: 'its path is compared after a rewrite, but a ban is decided before',
      hint: 'put the annotation before the rewrite',
    };
    expect(refusals(rewrite, byPath)).toMatchObject([refused]);
    expect(refusals(byPath, rewrite)).toEqual([]);
    expect(refusals({ handle: [{ handler: 'subroute', routes: [rewrite] }] }, byPath)).toMatchObject([refused]);
  });

  it('after a rewrite on the way to the site is refused too, but not after a site that rewrites for itself', () => {
    const rewrite = { handle: [{ handler: 'rewrite', uri: '/x' }] };
    const site = {
      match: [{ path: ['/x'] }],
      terminal: true,
      handle: [{ handler: 'subroute', routes: [{ match: [{ path: ['/x'] }], handle: [vars('off')] }] }],
    };
    const count = (...routes: readonly object[]) => readAnnotations('srv0', { routes }).refused.length;
    expect(count(rewrite, site)).toBe(1);
    expect(count({ ...rewrite, terminal: true, match: [{ path: ['/y'] }] }, site)).toBe(0);
    expect(count({ handle: [{ handler: 'headers' }] }, site)).toBe(0);
  });

  it('names the hosts of its site, as far as they are any', () => {
    const odd = { match: [{ host: ['a.example', 3] }, 'x', { path: ['/'] }, { host: null }], handle: [vars('never')] };
    expect(readAnnotations('srv0', { routes: [odd] }).refused[0]?.hosts).toEqual(['a.example']);
    expect(readAnnotations('srv0', { routes: [{ handle: [vars('never')] }] }).refused[0]?.hosts).toEqual([]);
  });

  it('elsewhere says where it stands', () => {
    const { refused } = readAnnotations('srv0', {
      errors: { routes: [{ match: [{ host: ['e.example'] }], handle: [vars('off')] }] },
      named_routes: { x: { handle: [vars('off')] } },
      routes: [
        { match: [{ host: ['r.example'] }], handle: [{ handler: 'subroute', routes: [{ handle: [vars('off')] }] }] },
      ],
    });
    expect(refused.map(({ hosts, path, reason, hint }) => [hosts, path, reason, hint])).toEqual([
      [['e.example'], 'errors.routes[0].handle[0]', 'error routes run after the verdict', WHERE],
      [[], 'named_routes.x.handle[0]', 'a named route may be invoked from anywhere', WHERE],
      [
        ['r.example'],
        'routes[0].handle[0].routes[0].handle[0]',
        'it stands inside a block whose conditions we cannot follow',
        WHERE,
      ],
    ]);
  });
});

describe('error routes', () => {
  const risk = (...handle: readonly unknown[]) => {
    const found = classifyErrorRoutes({ routes: [{ handle: [{ handler: 'headers' }] }, { handle }] });
    return found.kind === 'risky' ? found.why : found.kind;
  };

  it('are none where there are none', () => {
    for (const errors of [undefined, null, {}, { routes: null }, { routes: [] }, []])
      expect(classifyErrorRoutes(errors)).toEqual({ kind: 'none' });
  });

  it.each([
    [[{ handler: 'reverse_proxy' }], 'it runs `reverse_proxy`'],
    [[{ handler: 'static_response', status_code: 200 }], 'its `static_response` sets the status 200'],
    [[{ handler: 'file_server', status_code: '200' }], 'its `file_server` sets the status "200"'],
    [[{}], 'it holds a handler without a name'],
    [['text'], 'it holds a handler without a name'],
    [[{ handler: 'subroute', routes: [{ handle: [{ handler: 'push' }] }] }], 'it runs `push`'],
    [[{ handler: 'subroute', errors: { routes: ['x'] } }], 'no route'],
    [[{ handler: 'static_response' }, { handler: 'static_response', status_code: '' }], 'harmless'],
    [[{ handler: 'static_response', status_code: '{http.error.status_code}' }], 'harmless'],
    [
      [
        { handler: 'templates' },
        { handler: 'encode' },
        { handler: 'vars' },
        { handler: 'rewrite' },
        { handler: 'log_append' },
        { handler: 'file_server' },
      ],
      'harmless',
    ],
    [[{ handler: 'subroute', routes: [], errors: 3 }], 'harmless'],
  ])('%j: %s', (handle, why) => expect(risk(...handle)).toBe(why));
});

describe('two conditions', () => {
  const [host, path, other] = [{ host: ['a'] }, { path: ['/x'] }, { path: ['/y'] }];

  it('hold both: in one set where they can, else by not-of-not', () => {
    expect(bothMatch([], [path])).toEqual([path]);
    expect(bothMatch([host], [])).toEqual([host]);
    expect(bothMatch([host], [path, other])).toEqual([
      { ...host, ...path },
      { ...host, ...other },
    ]);
    expect(bothMatch([path], [other])).toEqual([{ ...path, not: [{ not: [other] }] }]);
    // One condition of the same kind is enough: else the site's own host would be lost, and the policy be another site's.
    const elsewhere = { host: ['b.example'], ...other };
    expect(bothMatch([host], [elsewhere])).toEqual([{ ...host, not: [{ not: [elsewhere] }] }]);
  });

  it('are read from a route, of which an empty set matches everything', () => {
    expect(readMatch(undefined)).toEqual({ kind: 'match', sets: [] });
    expect(readMatch([host, path])).toEqual({ kind: 'match', sets: [host, path] });
    expect(readMatch([host, {}])).toEqual({ kind: 'match', sets: [] });
    expect(readMatch([{ host: ['{env.A}.{env.B}'] }]).kind).toBe('match');
    expect(readMatch([{ host: ['{env.A}.{x}'] }]).kind).toBe('unreadable');
  });
});

describe('the policies of a server', () => {
  const everywhere = (policy: 'enforce' | 'monitor' | 'off') => ({ match: [], rules: [{ match: [], policy }] });
  const site = (host: string, policy: 'enforce' | 'monitor' | 'off') => ({
    match: [{ host: [host] }],
    rules: [{ match: [], policy }],
  });

  it('end with the first that holds for every request', () => {
    expect(policySteps([everywhere('off'), site('a', 'monitor')], 'enforce')).toEqual([{ match: [], policy: 'off' }]);
  });

  it('are merged where neighbours agree, and left out where the last says the same', () => {
    expect(policySteps([site('a', 'off'), site('b', 'off')], 'enforce')).toEqual([
      { match: [{ host: ['a'] }, { host: ['b'] }], policy: 'off' },
      { match: [], policy: 'enforce' },
    ]);
    expect(policySteps([site('a', 'off'), site('b', 'enforce')], 'enforce')).toEqual([
      { match: [{ host: ['a'] }], policy: 'off' },
      { match: [], policy: 'enforce' },
    ]);
    expect(policySteps([site('a', 'enforce')], 'enforce')).toEqual([{ match: [], policy: 'enforce' }]);
  });

  it('of a site go backwards, since in `vars` the last counts, and end at one for all of it', () => {
    const rules = [
      { match: [{ path: ['/hidden'] }], policy: 'monitor' as const },
      { match: [], policy: 'monitor' as const },
      { match: [{ path: ['/x'] }], policy: 'off' as const },
    ];
    expect(policySteps([{ match: [{ host: ['a'] }], rules }], 'enforce')).toEqual([
      { match: [{ host: ['a'], path: ['/x'] }], policy: 'off' },
      { match: [{ host: ['a'] }], policy: 'monitor' },
      { match: [], policy: 'enforce' },
    ]);
  });
});

describe('a config that cannot be served', () => {
  it('is told from one without servers', () => {
    expect(readServers(Buffer.from('rubbish'))).toMatchObject({
      kind: 'unreadable',
      reason: expect.stringMatching(/^Caddy's config is no JSON: SyntaxError/) as string,
    });
    expect(readServers(Buffer.from('[1]'))).toEqual({ kind: 'unreadable', reason: 'apps.http.servers is no object' });
    expect(readServers(Buffer.from('null'))).toEqual({
      kind: 'servers',
      servers: [],
      lossless: false,
      lists: new Map(),
    });
    expect(readServers(Buffer.from('{"a":null}'))).toMatchObject({ servers: [{ name: 'a', running: {}, own: {} }] });
  });

  it('is not written when a server in it was not compiled', () => {
    const live = readServers(Buffer.from('{"a":{},"b":{}}'));
    if (live.kind === 'unreadable') throw new Error(live.reason);
    const compilation = compile(ruleset({}), { clientIp: true, logAppend: true }, live.servers.slice(0, 1));
    expect(() => writeJson(live, compilation)).toThrow('server "b" was not compiled');
    expect(isInPlace(live, compilation)).toBe(false);
  });

  it('keeps what else its error routes hold beside the guard', () => {
    const live = readServers(
      Buffer.from('{"a":{"errors":{"routes":[{"handle":[{"handler":"reverse_proxy"}]}],"x":1}}}'),
    );
    if (live.kind === 'unreadable') throw new Error(live.reason);
    const compilation = compile(
      ruleset({ addresses: ['203.0.113.9'] }),
      { clientIp: true, logAppend: true },
      live.servers,
    );
    const { a } = JSON.parse(Buffer.concat([...writeJson(live, compilation)]).toString()) as {
      a: { errors: { x: 1; routes: readonly { '@id'?: string }[] } };
    };
    expect(a.errors.x).toBe(1);
    expect(a.errors.routes.map((route) => route['@id'] !== undefined)).toEqual([true, false]);
  });
});
