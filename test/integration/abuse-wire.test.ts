/** Bytes that two programs in a row could read in two ways, to both HTTP servers as they are run. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_PREFIX } from '../../scripts/servers/sidecar.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { exchange, head, portOf } from './abuse-http.ts';

const TOKEN = 'a-token-of-the-operator-0123456789';
const SWITCH_OFF = '{"enabled":false}';

let stack: Stack;
let api: number;
let bouncer: number;

beforeAll(async () => {
  stack = await startStack({
    caddy: 'newest',
    bouncer: { BOUNCER_TOKEN: TOKEN },
    controlApi: { CONTROL_API_TOKEN: TOKEN, BOUNCER_TOKEN: TOKEN },
    banned: ['198.18.0.1'],
  });
  api = portOf(stack.controlApi.url);
  bouncer = portOf(stack.bouncer.url);
  await waitFor(async () => (await isEnabled()) === true, {
    what: 'the API to say that protection is on',
    withinMs: 60_000,
  });
});

afterAll(() => stack.stop());

async function isEnabled(): Promise<unknown> {
  const answers = await exchange(api, head(`GET ${API_PREFIX}/status`, { Authorization: `Bearer ${TOKEN}` }));
  return (JSON.parse(answers[0]?.body ?? '{}') as { enabled?: unknown }).enabled;
}

/** A change with the right token, whose body is framed by `framing`. */
const change = (path: string, framing: string, body: string) =>
  `${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\n${framing}\r\n\r\n${body}`;

/** The request that must not be found inside of another one. */
const HIDDEN = change(`PUT ${API_PREFIX}/enabled`, `Content-Length: ${SWITCH_OFF.length}`, SWITCH_OFF);
const CHUNKED = `${SWITCH_OFF.length.toString(16)}\r\n${SWITCH_OFF}\r\n0\r\n\r\n`;

/** RFC 9112 §6.3, §7.1.1, §11.2. Each is followed by `HIDDEN` on the same connection. */
const SMUGGLING: readonly (readonly [name: string, framing: string, body: string])[] = [
  ['Content-Length and Transfer-Encoding', 'Content-Length: 5\r\nTransfer-Encoding: chunked', '0\r\n\r\n'],
  ['Transfer-Encoding and Content-Length', 'Transfer-Encoding: chunked\r\nContent-Length: 5', '0\r\n\r\n'],
  ['two Content-Lengths', 'Content-Length: 2\r\nContent-Length: 200', '{}'],
  ['two equal Content-Lengths', 'Content-Length: 2\r\nContent-Length: 2', '{}'],
  ['a list of Content-Lengths', 'Content-Length: 2, 2', '{}'],
  ['a signed Content-Length', 'Content-Length: +2', '{}'],
  ['a negative Content-Length', 'Content-Length: -2', '{}'],
  ['a hexadecimal Content-Length', 'Content-Length: 0x2', '{}'],
  ['a Content-Length above all numbers', 'Content-Length: 99999999999999999999', '{}'],
  ['an unknown Transfer-Encoding', 'Transfer-Encoding: xchunked', CHUNKED],
  ['chunked that is not last', 'Transfer-Encoding: chunked, identity', CHUNKED],
  ['chunked twice', 'Transfer-Encoding: chunked, chunked', CHUNKED],
  ['a space before the colon', 'Transfer-Encoding : chunked', CHUNKED],
  ['a name with a control character', 'Transfer-Encoding\x0b: chunked', CHUNKED],
  ['a folded line', 'Transfer-Encoding:\r\n chunked', CHUNKED],
  ['a folded line of another header', 'X-Folded: one\r\n two\r\nContent-Length: 2', '{}'],
  ['a line that ends in LF alone', 'X-One: 1\nContent-Length: 2', '{}'],
  ['a line that ends in CR alone', 'X-One: 1\rContent-Length: 2', '{}'],
  ['a NUL in a value', 'X-One: a\0b\r\nContent-Length: 2', '{}'],
  ['a chunk size above all numbers', 'Transfer-Encoding: chunked', 'fffffffffffffffff\r\n'],
  ['a chunk size with a sign', 'Transfer-Encoding: chunked', '+2\r\n{}\r\n0\r\n\r\n'],
  ['a chunk size with 0x', 'Transfer-Encoding: chunked', '0x2\r\n{}\r\n0\r\n\r\n'],
  ['a chunk line that ends in LF alone', 'Transfer-Encoding: chunked', '2\n{}\r\n0\r\n\r\n'],
  ['a chunk extension that ends in LF alone', 'Transfer-Encoding: chunked', '2;a=b\n{}\r\n0\r\n\r\n'],
  ['a chunk extension of 20 KB', 'Transfer-Encoding: chunked', `2;a=${'b'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`],
  ['a chunk that is longer than it says', 'Transfer-Encoding: chunked', '2\r\n{}{}\r\n0\r\n\r\n'],
];

describe.each([
  ['the control API', () => api, `PUT ${API_PREFIX}/policy`],
  ['the bouncer', () => bouncer, 'POST /refresh'],
] as const)('request smuggling at %s', (_name, port, path) => {
  it.each(SMUGGLING)('%s: refused, and nothing behind it is read', async (_shape, framing, body) => {
    const answers = await exchange(port(), change(path, framing, body) + HIDDEN);
    // The bouncer needs no body and may have answered before the chunk that is wrong came.
    const statuses = answers.map(({ status }) => status).filter((status) => status !== 202 || path.startsWith('PUT'));
    expect(statuses.length).toBeLessThanOrEqual(1);
    for (const status of statuses) expect([400, 413]).toContain(status);
    expect(await isEnabled()).toBe(true);
  });

  it('answers pipelined requests in their order, each with its own rights alone', async () => {
    const first = `GET /healthz HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`;
    const second = `${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`;
    const answers = await exchange(port(), first + second + head('GET /nowhere'));
    const last = path.startsWith('PUT') ? 401 : 404;
    expect(answers.map(({ status }) => status)).toEqual([200, 401, last]);
    expect(await isEnabled()).toBe(true);
  });

  it.each([
    ['HTTP/2 without asking', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['the PROXY protocol', `PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n${head('GET /healthz')}`, 400],
    ['a method of its own', head('GETT /healthz'), 400],
    ['TRACE', head('TRACE /healthz', { Authorization: `Bearer ${TOKEN}` }), 405],
    ['CONNECT', head('CONNECT evil.example:443'), undefined],
    ['an upgrade to h2c', head('GET /nowhere', { Connection: 'Upgrade, HTTP2-Settings, close', Upgrade: 'h2c' }), 401],
    ['a WebSocket', head('GET /nowhere', { Connection: 'Upgrade, close', Upgrade: 'websocket' }), 401],
    [
      '2,100 headers before the Host',
      `GET /healthz HTTP/1.1\r\n${'a:b\r\n'.repeat(2_100)}Host: localhost\r\n\r\n`,
      400,
    ],
  ])('takes %s for no request of ours', async (_what, text, status) => {
    const answers = await exchange(port(), text);
    const expected = path.startsWith('PUT') || status === undefined || status === 400 ? status : 404;
    expect(answers.map((answer) => answer.status)).toEqual(expected === undefined ? [] : [expected]);
    for (const { body } of answers) expect(body).not.toContain(TOKEN); // TRACE would send it back
  });
});

/** Values of Host, and what both answer: ours are refused as another name or as no name at all. */
const HOSTS: readonly (readonly [name: string, host: string])[] = [
  ['another name', 'evil.example'],
  ['another name that begins like ours', 'localhost.evil.example'],
  ['another name that begins with an address', '127.0.0.1.evil.example'],
  ['ours before an @', 'localhost@evil.example'],
  ['ours behind an @', 'evil.example@localhost'],
  ['ours before a path', 'localhost/evil'],
  ['ours before a query', 'localhost?evil'],
  ['a placeholder of Caddy', '{http.request.host}'],
  ['ours with braces', 'localhost{x}'],
  ['8 KB', 'a'.repeat(8_192)],
  ['a space', 'local host'],
  ['a comma', 'localhost, evil.example'],
  ['a port above all ports', 'localhost:99999'],
  ['a tab', 'localhost\tevil'],
  ['Latin-1', 'localhöst'],
  ['the address 0.0.0.0, which some systems take for this machine', '0.0.0.0'],
  ['an address of the network', '192.168.1.5'],
  ['a link-local IPv6 address', '[fe80::1]'],
  ['a mapped address', '[::ffff:127.0.0.1]'],
];

describe('the Host header', () => {
  it.each(HOSTS)('that is %s gets nothing from either', async (_name, host) => {
    for (const port of [api, bouncer]) {
      const [answer] = await exchange(port, head('GET /healthz', { Host: host }));
      expect([400, 403]).toContain(answer?.status);
      expect(answer?.body).not.toContain('evil');
    }
  });

  it('that comes twice, empty, with a CR or with an LF in it gets nothing from either', async () => {
    const start = 'GET /healthz HTTP/1.1\r\nConnection: close\r\n';
    const lines = ['Host: localhost\r\nHost: evil.example', 'Host: evil.example\r\nHost: localhost'];
    const broken = ['Host: localhost\nX: y', 'Host: localhost\rX: y', 'Host: localhost\0'];
    for (const port of [api, bouncer]) {
      for (const line of [...lines, ...broken]) {
        const [answer] = await exchange(port, `${start}${line}\r\n\r\n`);
        expect([line, [400, 403].includes(answer?.status ?? 0)]).toEqual([line, true]);
      }
    }
    const [empty] = await exchange(api, `${start}Host:\r\n\r\n`);
    expect(empty?.status).toBe(400);
  });

  it('counts no less than the name in an absolute target', async () => {
    for (const port of [api, bouncer]) {
      for (const text of [
        head('GET http://evil.example/healthz'),
        head('GET http://localhost/healthz', { Host: 'evil.example' }),
      ]) {
        expect((await exchange(port, text))[0]?.status).toBe(403);
      }
      expect((await exchange(port, head('GET http://localhost/healthz')))[0]?.status).toBe(200);
    }
  });

  it('that makes no URL is answered with a problem, as everything is', async () => {
    const [answer] = await exchange(api, head('GET /healthz', { Host: 'localhost@evil.example' }));
    expect(answer?.headers['content-type']).toBe('application/problem+json');
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({ status: 400, code: 'bad_address' });
  });
});

const STATUS = `${API_PREFIX}/status`;

/** Spellings of a path that needs the token, some by way of one that needs none; what it is with the token. */
const PATHS: readonly (readonly [path: string, authorized: number])[] = [
  [`/${STATUS}`, 404],
  [`//evil.example${STATUS}`, 404],
  [`/.${STATUS}`, 200],
  [`/assets/..${STATUS}`, 200],
  [`/assets/%2e%2e${STATUS}`, 200],
  [`/assets/%2E.${STATUS}`, 200],
  [`/healthz/..${STATUS}`, 200],
  [`/healthz%2f..${STATUS}`, 404],
  [`/assets%2f..${STATUS}`, 404],
  [`/assets/..%2f${STATUS.slice(1)}`, 404],
  [`/assets/%252e%252e${STATUS}`, 404],
  [`/assets/..%5c..${STATUS}`, 404],
  [`/assets\\..${STATUS}`, 400],
  [`${STATUS}/`, 404],
  [`${STATUS}%00`, 404],
  [`${STATUS}%00.js`, 404],
  [`${STATUS}.json`, 404],
  [`${STATUS};/healthz`, 404],
  [`${STATUS}/../../../../healthz/..`, 404],
  [`${API_PREFIX}/%73tatus`, 200],
  [`${API_PREFIX}/STATUS`, 404],
  [STATUS.toUpperCase(), 404],
  ['/assets/../../../../../../etc/passwd', 404],
  ['/assets/%2e%2e/%2e%2e/%2e%2e/etc/passwd', 404],
  ['/assets/....//....//etc/passwd', 404],
  ['/assets/%c0%ae%c0%ae/package.json', 404],
];

describe('a path', () => {
  it.each(PATHS)('spelt %s needs the token, and is %i with it', async (path, authorized) => {
    const [refused] = await exchange(api, head(`GET ${path}`));
    // What is below /assets/ once it is resolved needs none, and is one of the page's files or nothing.
    const isOpen = authorized === 400 || new URL(path, 'http://localhost').pathname.startsWith('/assets/');
    expect(refused?.status).toBe(isOpen ? authorized : 401);
    expect(refused?.body).not.toMatch(/"enabled"|root:/);
    const [answer] = await exchange(api, head(`GET ${path}`, { Authorization: `Bearer ${TOKEN}` }));
    expect(answer?.status).toBe(authorized);
    expect(answer?.body).not.toContain('root:');
  });

  it.each([
    '//lookup',
    '/lookup/',
    '/LOOKUP',
    '/%2flookup',
    '/healthz/../lookup',
    '/healthz%2f..%2flookup',
    '/lookup%00',
  ])('of the bouncer spelt %s tells nothing without the token', async (path) => {
    const [answer] = await exchange(bouncer, head(`GET ${path}?ip=198.18.0.1`));
    expect([401, 404]).toContain(answer?.status);
    expect(answer?.body).not.toContain('198.18.0.1');
  });
});
