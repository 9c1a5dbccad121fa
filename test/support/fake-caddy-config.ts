/**
 * Configurations of Caddy that nobody would write and every Caddy accepts: all that a server may hold beside our
 * routes, thrown together. What only one version knows is left out for the other.
 */
import fc from 'fast-check';
import type { CaddyVersion } from './servers.ts';

export type Json = Readonly<Record<string, unknown>>;

/** Each key of the record is there or not. */
const some = (model: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<Json> =>
  fc.record(model, { requiredKeys: [] });

const HOSTS = [
  'a.example',
  'b.example',
  '*.example',
  '{env.NOBODY}.example',
  'xn--bcher-kva.example',
  '127.0.0.1',
  '*',
];
const PATHS = ['/', '/x', '/x/*', '*.php', '/y*', '*mid*', '/ä/*', '/a%20b/*', '/{env.NOBODY}/*'];

/** One matcher set, mostly with one or two conditions; Caddy takes no host twice. */
function matcherSet(depth: number): fc.Arbitrary<Json> {
  const host = fc
    .uniqueArray(fc.constantFrom(...HOSTS), { minLength: 1, maxLength: 3 })
    .map((hosts) => ({ host: hosts }));
  const path = fc
    .uniqueArray(fc.constantFrom(...PATHS), { minLength: 1, maxLength: 3 })
    .map((paths) => ({ path: paths }));
  const other = fc.constantFrom<Json>(
    { method: ['GET', 'POST'] },
    { header: { 'X-One': ['1'], 'X-None': null } },
    { query: { debug: ['*'] } },
    { protocol: 'https' },
    { remote_ip: { ranges: ['10.0.0.0/8', '2001:db8::1'] } },
    { expression: "{http.request.method} == 'GET'" },
    { vars: { '{http.request.uri}': ['/x'] } },
  );
  const none = fc.array(depth === 0 ? host : matcherSet(depth - 1), { maxLength: 2 }).map((not) => ({ not }));
  const one = fc.oneof({ weight: 3, arbitrary: host }, { weight: 3, arbitrary: path }, other, none);
  return fc.array(one, { maxLength: 2 }).map((conditions): Json => Object.assign({}, ...conditions) as Json);
}

/** What people put after `vars crowdsec`, and what else a JSON may hold there. */
const annotation = fc.constantFrom<unknown>('enforce', 'monitor', 'off', 'Off', '', true, 3, null, {}, ['off']);

const vars = fc.oneof(
  annotation.map((crowdsec) => ({ handler: 'vars', crowdsec })),
  fc.constantFrom<Json>({ handler: 'vars', CrowdSec: 'off' }, { handler: 'vars', other: 1 }),
);

const answer = fc.constantFrom<Json>(
  { handler: 'static_response', body: '{http.request.host}', status_code: '200' },
  { handler: 'static_response', status_code: 404, close: true },
  { handler: 'error', error: 'no', status_code: '500' },
  { handler: 'file_server', root: '/nowhere', hide: ['.git'] },
  { handler: 'reverse_proxy', upstreams: [{ dial: '127.0.0.1:1' }], health_checks: { passive: { fail_duration: 1 } } },
);

const dressing = fc.constantFrom<Json>(
  { handler: 'headers', response: { set: { 'X-Y': ['{http.request.uuid}'] }, deferred: true } },
  { handler: 'headers', request: { delete: ['X-Forwarded-For'] } },
  { handler: 'rewrite', strip_path_prefix: '/x' },
  { handler: 'rewrite', uri: '/index.php?{query}' },
  { handler: 'encode', encodings: { gzip: {} } },
  { handler: 'request_body', max_size: 2 ** 53 },
  { handler: 'templates' },
  { handler: 'map', source: '{http.request.uri}', destinations: ['{m}'], mappings: [{ input: 'x', outputs: ['y'] }] },
);

const onlyNew = fc.constantFrom<Json>(
  { handler: 'log_append', key: 'k', value: 'v' },
  { handler: 'intercept', handle_response: [{ match: { status_code: [4] }, routes: [] }] },
);

function handler(version: CaddyVersion, depth: number): fc.Arbitrary<Json> {
  const flat = [vars, answer, dressing, ...(version === '2.6.2' ? [] : [onlyNew])];
  if (depth === 0) return fc.oneof(...flat);
  const nested = fc.tuple(routes(version, depth - 1), fc.option(routes(version, 0))).map(([inner, errors]): Json => ({
    handler: 'subroute',
    routes: inner,
    ...(errors === null ? {} : { errors: { routes: errors } }),
  }));
  return fc.oneof(...flat, nested, nested);
}

const route = (version: CaddyVersion, depth: number): fc.Arbitrary<Json> =>
  some({
    match: fc.option(fc.array(matcherSet(1), { maxLength: 2 })),
    handle: fc.option(fc.array(handler(version, depth), { maxLength: 3 })),
    group: fc.constantFrom('', 'one', 'crowdsec_policy'),
    terminal: fc.boolean(),
  });

function routes(version: CaddyVersion, depth: number): fc.Arbitrary<readonly Json[]> {
  return fc.array(route(version, depth), { maxLength: depth === 0 ? 2 : 4 });
}

function server(version: CaddyVersion): fc.Arbitrary<Json> {
  const both = {
    routes: fc.option(routes(version, 2)),
    errors: fc.option(some({ routes: fc.option(routes(version, 1)) })),
    read_timeout: fc.constantFrom<unknown>(1e9, 2 ** 53, '1m30s'),
    max_header_bytes: fc.constant(123_456),
    logs: fc.constantFrom<unknown>({ default_logger_name: 'x' }, { skip_hosts: ['a.example'] }, null),
    strict_sni_host: fc.constantFrom(true, null),
  };
  if (version === '2.6.2') return some({ ...both, metrics: fc.constant({}) });
  return some({
    ...both,
    named_routes: fc.constant({ n: { handle: [{ handler: 'vars', crowdsec: 'off' }] } }),
    trusted_proxies: fc.constant({ source: 'static', ranges: ['10.0.0.0/8'] }),
    trusted_proxies_strict: fc.constantFrom(0, 1),
    trusted_proxies_unix: fc.boolean(),
  });
}

/** Names that need care in a URL, in an id, and in an object of JavaScript. */
const name = fc.oneof(
  fc.constantFrom('srv0', '', '.', '..', 'a/b', 'a b', 'a%2Fb', '1', 'ä"\\', 'toString', 'routes', 'crowdsec_enter'),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
);

/** `apps.http.servers`: each server listens on an address of its own, at whatever port is free. */
export function anyServers(version: CaddyVersion): fc.Arbitrary<Json> {
  return fc.uniqueArray(fc.tuple(name, server(version)), { selector: ([key]) => key, maxLength: 4 }).map((entries) =>
    // Not an object literal's own `__proto__`, which no JSON.parse would make either.
    Object.fromEntries(entries.map(([key, own], i) => [key, { ...own, ...listening(i) }])),
  );
}

function listening(i: number): Json {
  return { listen: [`127.66.1.${i + 1}:0`], automatic_https: { disable: true } };
}

const somePaths = fc.uniqueArray(fc.constantFrom('/', '/x', '/x/*', '/y*', '*/end', '*.php', '/A%20b/*', '/x//*'), {
  minLength: 1,
  maxLength: 2,
});
const someHosts = fc.uniqueArray(fc.constantFrom('a.example', 'b.example', '*.example', 'c.other', '*'), {
  minLength: 1,
  maxLength: 2,
});
const siteMatch = fc.option(fc.array(some({ host: someHosts, path: somePaths }), { maxLength: 2 }), { freq: 3 });

const policyHandler = fc.constantFrom('enforce', 'monitor', 'off').map((crowdsec) => ({ handler: 'vars', crowdsec }));
const plainRoute = fc.record({ match: siteMatch, handle: fc.array(policyHandler, { maxLength: 2 }) });

/** Answers with the policy that the annotations came to, as Caddy itself computed it. */
const TELLS: Json = { handle: [{ handler: 'static_response', body: '{http.vars.crowdsec}' }] };

const siteRoute = fc
  .record({ match: siteMatch, routes: fc.array(plainRoute, { maxLength: 3 }) })
  .map(({ match, routes }): Json => ({
    match,
    terminal: true,
    handle: [{ handler: 'subroute', routes: [...routes, TELLS] }],
  }));

/** Sites and annotations of the kind that is honoured, as the Caddyfile adapter or people write them. */
export const anySites = fc
  .array(fc.oneof(plainRoute, siteRoute), { maxLength: 5 })
  .map((routes): readonly Json[] => [...routes, TELLS]);

/** Requests that those sites tell apart, and spellings of them that they should not. */
export const askedOfSites = fc.record({
  host: fc.constantFrom(
    'a.example',
    'A.Example:99',
    'b.example',
    'z.example',
    'a.b.example',
    'c.other',
    'localhost',
    '127.0.0.1:1',
  ),
  path: fc.constantFrom(
    '/',
    '/x',
    '/X',
    '/x/1',
    '/%78/1',
    '/x%2F1',
    '/x//1',
    '/y1',
    '/a%20b/c',
    '/A b/c'.replace(' ', '%20'),
    '/i.php',
    '/z/end?x=/x',
  ),
});
