/**
 * OWASP API Security Top 10 (2023), point by point, with real requests to the daemons as they are run. Proven elsewhere
 * and not repeated: bad input over every route (control-api-bad-input), bytes, hosts and paths (abuse-wire), slow
 * clients and limits on connections (abuse-slow), web pages of others (abuse-browser).
 */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { call, type HttpAnswer } from '../../scripts/servers/http.ts';
import { API_PREFIX } from '../../scripts/servers/sidecar.ts';
import { linkedRedis } from '../support/linked-redis.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';
import { exchange, head, portOf } from './abuse-http.ts';
import { DOCUMENTED } from './control-api-routes.ts';

const TOKEN = 'a-token-of-the-operator-0123456789';
const BOUNCER_TOKEN = 'a-token-of-the-bouncer-0123456789';
const AUTHORIZED = { authorization: `Bearer ${TOKEN}` };
const JSON_BODY = { ...AUTHORIZED, 'content-type': 'application/json' };

let stack: Stack;
let banned: number;

beforeAll(async () => {
  stack = await startStack({
    caddy: 'newest',
    bouncer: { BOUNCER_TOKEN },
    controlApi: { CONTROL_API_TOKEN: TOKEN, BOUNCER_TOKEN },
  });
  banned = await stack.ban('198.18.0.1', { reason: '=HYPERLINK("http://evil.example")<script>alert(1)</script>' });
  await stack.untilBlocked('198.18.0.1', 60_000);
  await waitFor(async () => (await ask('GET', '/decisions', AUTHORIZED)).body.includes('198.18.0.1'), {
    what: 'the decision to be listed',
    withinMs: 60_000,
  });
});

afterAll(() => stack.stop());

/** Below the API's prefix unless the path begins with a dot, which stands for the root. */
function ask(method: string, path: string, headers: Record<string, string> = {}, body?: string, from = '127.0.0.1') {
  const url = `${stack.controlApi.url}${path.startsWith('.') ? path.slice(1) : API_PREFIX + path}`;
  return call({ url, method, headers, localAddress: from, timeoutMs: 30_000, ...(body === undefined ? {} : { body }) });
}

const codeOf = (answer: HttpAnswer) => (JSON.parse(answer.body) as { code?: string }).code;

const IN_PATH: Readonly<Record<string, string>> = {
  type: 'collections',
  author: 'crowdsecurity',
  name: 'caddy',
  ip: '198.18.0.1',
};
const concrete = (path: string) => path.replaceAll(/\{(\w+)\}/g, (_, name: string) => IN_PATH[name] ?? String(banned));
const OPEN = new Set(['/healthz', '/readyz', '/api/v1/session']);

describe('API1, an object of somebody else', () => {
  it('cannot be told from one that is not there, without the token', async () => {
    const shown = (answer: HttpAnswer) => [answer.status, answer.body.replace(/"request_id":"[^"]*"/, '')];
    for (const path of ['/alerts/', '/decisions/']) {
      const method = path === '/alerts/' ? 'GET' : 'DELETE';
      const [there, gone] = [await ask(method, `${path}${banned}`), await ask(method, `${path}999999999`)];
      expect(shown(there)).toEqual(shown(gone));
      expect(there.status).toBe(401);
    }
  });

  it('is named by an id that is checked, and one that is not there is 404', async () => {
    expect((await ask('GET', '/alerts/999999999', AUTHORIZED)).status).toBe(404);
    for (const id of ['-1', '0x1', '1e3', '1%2F..%2F2', '99999999999999999999', '1;drop', '%2e%2e']) {
      const answer = await ask('GET', `/alerts/${id}`, AUTHORIZED);
      expect([id, answer.status >= 400 && answer.status < 500]).toEqual([id, true]);
    }
  });

  it('a session ends itself and no other', async () => {
    const [mine, theirs] = [await signIn(), await signIn()];
    await ask('DELETE', './api/v1/session', { cookie: mine });
    expect((await ask('GET', '/status', { cookie: mine })).status).toBe(401);
    expect((await ask('GET', '/status', { cookie: theirs })).status).toBe(200);
  });
});

async function signIn(cookie?: string): Promise<string> {
  const headers = { 'content-type': 'application/json', ...(cookie === undefined ? {} : { cookie }) };
  const answer = await ask('POST', './api/v1/session', headers, JSON.stringify({ token: TOKEN }));
  expect(answer.status).toBe(200);
  return answer.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
}

describe('API2, authentication', () => {
  it.each([
    [
      'in a header',
      (guess: string, from: string) => ask('GET', '/status', { authorization: `Bearer ${guess}` }, undefined, from),
    ],
    [
      'at the sign-in',
      (guess: string, from: string) =>
        ask('POST', './api/v1/session', { 'content-type': 'application/json' }, JSON.stringify({ token: guess }), from),
    ],
  ])(
    'limits guesses %s by whom they come from; the right token is taken meanwhile, and others may err',
    async (how, guess) => {
      const guesser = how === 'in a header' ? '127.9.0.1' : '127.9.0.2';
      for (let i = 0; i < 20; i++) expect((await guess(`wrong-token-${i}-0123456789`, guesser)).status).toBe(401);
      const refused = await guess('wrong-token-again-0123456789', guesser);
      expect([refused.status, refused.headers['retry-after'], codeOf(refused)]).toEqual([
        429,
        '60',
        'too_many_failures',
      ]);
      expect((await guess(TOKEN, guesser)).status).toBe(200); // behind a proxy everybody has one address
      expect((await guess(TOKEN, '127.9.0.9')).status).toBe(200);
      expect((await guess('wrong-token-0123456789', '127.9.0.9')).status).toBe(401);
    },
  );

  it('counts guesses together, wherever they are made, and does the same at the bouncer', async () => {
    const from = '127.9.0.3';
    for (let i = 0; i < 10; i++) {
      await ask('GET', '/status', { authorization: 'Bearer wrong' }, undefined, from);
      await ask('POST', './api/v1/session', { 'content-type': 'application/json' }, '{"token":"wrong"}', from);
    }
    expect((await ask('GET', '/status', { authorization: 'Bearer wrong' }, undefined, from)).status).toBe(429);
    const lookup = (token: string, localAddress: string) =>
      call({
        url: `${stack.bouncer.url}/lookup?ip=198.18.0.1`,
        headers: { authorization: `Bearer ${token}` },
        localAddress,
      });
    for (let i = 0; i < 20; i++) expect((await lookup('wrong', from)).status).toBe(401);
    const refused = await lookup('wrong', from);
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '60']);
    expect([(await lookup(BOUNCER_TOKEN, from)).status, (await lookup('wrong', '127.9.0.4')).status]).toEqual([
      200, 401,
    ]);
  });

  it('a session has a name that nobody chose, a new one each time, and none that was signed out', async () => {
    const [name] = (await signIn()).split('=');
    const chosen = `${name}=chosen-by-an-attacker`;
    const first = await signIn(chosen);
    expect(first).toMatch(/^crowdsec_session_[0-9a-f]{12}=[\w-]{43}$/);
    expect(await signIn(first)).not.toBe(first);
    for (const cookie of [chosen, `${name}=`, `${name}=__proto__`, `${name}=${TOKEN}`]) {
      expect((await ask('GET', '/status', { cookie })).status).toBe(401);
    }
  });

  it('takes the token from the Authorization header alone, and once', async () => {
    for (const path of [`/status?token=${TOKEN}`, `/status?access_token=${TOKEN}`])
      expect((await ask('GET', path)).status).toBe(401);
    for (const name of ['x-api-key', 'x-auth-token', 'proxy-authorization', 'cookie']) {
      expect((await ask('GET', '/status', { [name]: `Bearer ${TOKEN}` })).status).toBe(401);
    }
    const twice = head(`GET ${API_PREFIX}/status`, { Authorization: 'Bearer x\r\nAuthorization: Bearer ' + TOKEN });
    expect((await exchange(portOf(stack.controlApi.url), twice))[0]?.status).toBe(401);
  });
});

/** The bouncer's key and the password of the machine, as their files have them. */
async function secretsOfCrowdsec(): Promise<readonly string[]> {
  const key = await readFile(stack.bouncer.spec.env?.['CROWDSEC_BOUNCER_KEY_FILE'] ?? '', 'utf8');
  const credentials = await readFile(stack.crowdsec.folders.credentials, 'utf8');
  return [key.trim(), /password: (\S+)/.exec(credentials)?.[1] ?? ''];
}

async function everythingInRedis(): Promise<string> {
  const redis = await linkedRedis(stack.redis.url);
  const names = await redis.commands.keys('*');
  expect(names).toEqual(expect.arrayContaining(['crowdsec:v1:snapshot']));
  const values = await Promise.all(names.map((name) => valueOf(redis.commands, name)));
  redis.stop();
  return JSON.stringify([names, values]);
}

/** Not DUMP, which compresses. */
async function valueOf(commands: RedisLink['commands'], name: string): Promise<unknown> {
  switch (await commands.type(name)) {
    case 'string':
      return (await commands.getBuffer(name))?.toString('latin1');
    case 'hash':
      return commands.hgetall(name);
    case 'stream':
      return commands.xrange(name, '-', '+');
    case 'zset':
      return commands.zrange(name, '0', '-1');
    case 'set':
      return commands.smembers(name);
    case 'none':
      return undefined; // a look at Redis leaves a key for one second: it ran out between the two questions
    default:
      throw new Error(`no test knows how to read ${name}`);
  }
}

describe('API3, properties of an object', () => {
  it('that are secret are in no answer of either daemon, no line of a log and no key of Redis', async () => {
    const secrets = [TOKEN, BOUNCER_TOKEN, ...(await secretsOfCrowdsec())];
    for (const secret of secrets) expect(secret.length).toBeGreaterThan(15);
    const reading = DOCUMENTED.filter(({ method, path }) => method === 'GET' && !path.endsWith('/events'));
    expect(reading.length).toBeGreaterThan(12);
    const answers = [
      ...(await Promise.all(reading.map(({ path }) => ask('GET', `.${concrete(path)}`, AUTHORIZED)))),
      ...(await Promise.all(
        ['/readyz', '/metrics', '/lookup?ip=198.18.0.1', '/export'].map((path) => stack.bouncer.get(path)),
      )),
    ];
    for (const { body } of answers) for (const secret of secrets) expect(body).not.toContain(secret);
    for (const secret of secrets)
      expect(stack.controlApi.logs(5_000) + stack.bouncer.logs(5_000)).not.toContain(secret);
    for (const secret of secrets) expect(await everythingInRedis()).not.toContain(secret);
  });

  it.each(['__proto__', 'constructor', 'admin', 'change', 'by', 'enabled '])(
    'that nobody may set are refused: %s',
    async (name) => {
      const answer = await ask('PUT', '/enabled', JSON_BODY, `{"enabled":true,"${name}":{"enabled":false}}`);
      expect([200, 400]).toContain(answer.status); // JSON.parse makes __proto__ a field like any other
      expect((JSON.parse((await ask('GET', '/status', AUTHORIZED)).body) as { enabled: boolean }).enabled).toBe(true);
      if (name !== '__proto__') expect(codeOf(answer)).toBe('invalid_request');
    },
  );
});

describe('API4, what a request may cost', () => {
  const chunked = (body: string) =>
    exchange(
      portOf(stack.controlApi.url),
      `${head(`PUT ${API_PREFIX}/enabled`, { ...JSON_BODY, 'Transfer-Encoding': 'chunked' })}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    );

  it('a body ends at 512 KB, also one that does not say how long it is', async () => {
    expect((await chunked(`{"enabled":"${'x'.repeat(600_000)}"}`))[0]?.status).toBe(413);
  });

  it('half a megabyte of brackets is only wrong, and compressed bodies are not unpacked', async () => {
    expect((await chunked('['.repeat(500_000)))[0]?.status).toBe(400);
    const packed = await ask('PUT', '/enabled', { ...JSON_BODY, 'content-encoding': 'gzip' }, '\x1f\x8b\x08');
    expect(packed.status).toBe(400);
  });

  it('pages, exports and look-ups have a largest size', async () => {
    for (const path of [
      '/decisions?limit=201',
      '/decisions?limit=1e9',
      `/decisions?q=${'x'.repeat(5_000)}`,
      '/events?replay=99999',
    ])
      expect([path, (await ask('GET', path, AUTHORIZED)).status]).toEqual([path, 400]);
  });

  it('a flood from one address is 429 for it alone, and the operator goes on', async () => {
    const one = `GET ${API_PREFIX}/nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    const flood = one.repeat(1_100) + head(`GET ${API_PREFIX}/nowhere`);
    const answers = await exchange(portOf(stack.controlApi.url), flood, { localAddress: '127.9.1.1' });
    expect(answers.length).toBe(1_101);
    expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThan(50);
    expect((await ask('GET', '/status', AUTHORIZED, undefined, '127.9.1.1')).status).toBe(200);
    expect((await ask('GET', '/nowhere', {}, undefined, '127.9.1.2')).status).toBe(401);
  });
});

describe('API5, functions', () => {
  it('each needs the token, by every method', async () => {
    for (const { method, path } of DOCUMENTED.filter((route) => !OPEN.has(route.path))) {
      const answers = [await ask(method, `.${concrete(path)}`), await ask('HEAD', `.${concrete(path)}`)];
      expect([method, path, ...answers.map(({ status }) => status)]).toEqual([method, path, 401, 401]);
    }
  });

  it('no header makes another method of one', async () => {
    for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override', 'x-original-method']) {
      expect((await ask('GET', '/enabled', { ...AUTHORIZED, [name]: 'PUT' })).status).toBe(405);
    }
  });

  it('no header makes a stranger a neighbour or another path', async () => {
    for (const header of [
      'x-forwarded-for: 127.0.0.1',
      'x-real-ip: 127.0.0.1',
      'x-original-url: /healthz',
      'x-rewrite-url: /healthz',
      'forwarded: for=127.0.0.1',
    ]) {
      const [name = '', value = ''] = header.split(': ');
      expect([header, (await ask('GET', '/status', { [name]: value })).status]).toEqual([header, 401]);
    }
  });
});
