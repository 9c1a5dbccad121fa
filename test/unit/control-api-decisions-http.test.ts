import { describe, expect, it } from 'vitest';
import { TOKEN, appAlone, json } from './control-api-harness.ts';

const BASE = 'http://127.0.0.1/api/v1/cerberus/crowdsec';
const app = appAlone();

interface ProblemBody {
  readonly code: string;
  readonly hint: string;
  readonly detail: string;
}

async function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = json) {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const reply = await app.request(`${BASE}${path}`, {
    method,
    headers,
    ...(text === undefined ? {} : { body: text }),
  });
  return { status: reply.status, type: reply.headers.get('content-type'), body: (await reply.json()) as ProblemBody };
}

/** Nothing is behind this app: whatever passed the checks would fail with 502 or 503, or answer 200. */
describe('bad input is refused before anything is asked', () => {
  const many = Array.from({ length: 10_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);

  it.each<[string, string, string, unknown, number, string]>([
    ['nothing to ban', 'POST', '/decisions', { values: [] }, 400, 'invalid_request'],
    ['ten thousand values', 'POST', '/decisions', { values: many }, 400, 'invalid_request'],
    ['values of another type', 'POST', '/decisions', { values: '1.2.3.4' }, 400, 'invalid_request'],
    ['a number as a value', 'POST', '/decisions', { values: [16909060] }, 400, 'invalid_request'],
    ['an unknown field', 'POST', '/decisions', { values: ['1.2.3.4'], scope: 'Ip' }, 400, 'invalid_request'],
    ['a bad duration', 'POST', '/decisions', { values: ['1.2.3.4'], duration: 'forever' }, 400, 'invalid_request'],
    ['a negative duration', 'POST', '/decisions', { values: ['1.2.3.4'], duration: '-4h' }, 400, 'invalid_request'],
    ['a hostile type', 'POST', '/decisions', { values: ['1.2.3.4'], type: 'Ban; DROP' }, 400, 'invalid_request'],
    ['a reason of two lines', 'POST', '/decisions', { values: ['1.2.3.4'], reason: 'a\nb' }, 400, 'invalid_request'],
    ['force as text', 'POST', '/decisions', { values: ['1.2.3.4'], force: 'true' }, 400, 'invalid_request'],
    ['an unknown parameter', 'POST', '/decisions?dry=1', { values: ['1.2.3.4'] }, 400, 'invalid_request'],
    ['broken JSON', 'POST', '/decisions', '{"values": [', 400, 'invalid_json'],
    ['JSON that is no object', 'POST', '/decisions', '7', 400, 'invalid_request'],
    ['an id that is a word', 'DELETE', '/decisions/all', undefined, 400, 'invalid_request'],
    ['an id with a sign', 'DELETE', '/decisions/-1', undefined, 400, 'invalid_request'],
    ['a huge id', 'DELETE', '/decisions/99999999999999999999', undefined, 400, 'invalid_request'],
    ['an unban of nothing', 'DELETE', '/decisions', undefined, 400, 'invalid_request'],
    ['an unban of no address', 'DELETE', '/decisions?value=example.com', undefined, 400, 'invalid_value'],
    ['an unban of two lines', 'DELETE', '/decisions?value=1.2.3.4%0a5.6.7.8', undefined, 400, 'invalid_value'],
    ['an unban with a line break', 'DELETE', '/decisions?value=1.2.3.4%0a', undefined, 400, 'invalid_value'],
    ['an unban with more', 'DELETE', '/decisions?value=1.2.3.4&ip=1', undefined, 400, 'invalid_request'],
    ['a bulk unban of nothing', 'POST', '/decisions/delete', {}, 400, 'invalid_request'],
    ['a bulk unban of no ids', 'POST', '/decisions/delete', { ids: [] }, 400, 'invalid_request'],
    ['a bulk unban of everything', 'POST', '/decisions/delete', { filter: {} }, 400, 'invalid_request'],
    [
      'a bulk unban by an empty filter',
      'POST',
      '/decisions/delete',
      { filter: { origin: [] } },
      400,
      'invalid_request',
    ],
    ['a bulk unban both ways', 'POST', '/decisions/delete', { ids: [1], filter: { q: 'x' } }, 400, 'invalid_request'],
    ['ids that are words', 'POST', '/decisions/delete', { ids: ['1'] }, 400, 'invalid_request'],
    ['a filter nobody knows', 'POST', '/decisions/delete', { filter: { ip: '1.2.3.4' } }, 400, 'invalid_request'],
    ['a list sorted by nothing known', 'GET', '/decisions?sort=password', undefined, 400, 'invalid_request'],
    ['a page that is too long', 'GET', '/decisions?limit=201', undefined, 400, 'invalid_request'],
    ['an empty page', 'GET', '/decisions?limit=0', undefined, 400, 'invalid_request'],
    ['a made-up cursor', 'GET', '/decisions?cursor=abc', undefined, 400, 'invalid_cursor'],
    ['a list with unknown parameters', 'GET', '/decisions?page=2', undefined, 400, 'invalid_request'],
    ['a search with a line break', 'GET', '/decisions?q=a%0ab', undefined, 400, 'invalid_request'],
    ['an export of another kind', 'GET', '/decisions/export?format=xml', undefined, 400, 'invalid_request'],
    ['an export without a format', 'GET', '/decisions/export', undefined, 400, 'invalid_request'],
    ['a look-up of a name', 'GET', '/lookup/example.com', undefined, 400, 'invalid_value'],
    ['a look-up of a range', 'GET', '/lookup/10.0.0.0%2f8', undefined, 400, 'invalid_value'],
    ['a look-up with a line break', 'GET', '/lookup/1.2.3.4%0a', undefined, 400, 'invalid_value'],
    ['alerts by unknown filters', 'GET', '/alerts?sql=1', undefined, 400, 'invalid_request'],
    ['another method', 'PUT', '/decisions', { values: ['1.2.3.4'] }, 405, 'method_not_allowed'],
    ['another method on a look-up', 'POST', '/lookup/1.2.3.4', {}, 405, 'method_not_allowed'],
  ])('%s', async (_what, method, path, body, status, code) => {
    const answer = await ask(method, path, body);
    expect(answer).toMatchObject({ status, body: { code } });
    expect(answer.type).toBe('application/problem+json');
    expect(answer.body.hint).not.toBe('');
  });

  it('a body that is too large, or no JSON', async () => {
    const large = await ask('POST', '/decisions', { values: ['1.2.3.4'], reason: 'x'.repeat(2_000_000) });
    expect(large).toMatchObject({ status: 413, body: { code: 'body_too_large' } });
    const form = { authorization: `Bearer ${TOKEN}`, 'content-type': 'text/plain', 'content-length': '2' };
    expect(await ask('POST', '/decisions', '{}', form)).toMatchObject({
      status: 415,
      body: { code: 'unsupported_media_type' },
    });
  });

  it.each(['POST /decisions', 'DELETE /decisions/1', 'DELETE /decisions?value=1.2.3.4', 'POST /decisions/delete'])(
    '%s without the token',
    async (line) => {
      const [method = '', path = ''] = line.split(' ');
      const answer = await ask(method, path, undefined, { 'content-type': 'application/json' });
      expect(answer).toMatchObject({ status: 401, body: { code: 'token_required' } });
    },
  );
});

describe('with nothing behind it', () => {
  it('the list says that nothing is known, which is not that nobody is banned', async () => {
    const answer = await ask('GET', '/decisions');
    expect(answer).toMatchObject({
      status: 200,
      body: {
        decisions: [],
        total: 0,
        table: { state: 'loading' },
        enforcement: { state: 'pending', reason: 'Redis is not available, so no bouncer can be heard' },
      },
    });
    expect(await ask('GET', '/decisions/export?format=csv')).toMatchObject({
      status: 503,
      body: { code: 'decisions_loading' },
    });
  });

  it('a ban and an unban need LAPI alone, and say so', async () => {
    const lapi = {
      status: 502,
      body: { code: 'lapi_unauthorized', detail: expect.stringContaining('/nowhere') as string },
    };
    expect(await ask('POST', '/decisions', { values: ['203.0.113.9'] })).toMatchObject(lapi);
    expect(await ask('DELETE', '/decisions?value=203.0.113.9')).toMatchObject(lapi);
    expect(await ask('POST', '/decisions?preview=true', { values: ['203.0.113.0/24'] })).toMatchObject({
      status: 200,
      body: {
        summary: 'covers 256 addresses',
        notes: ['the allowlist could not be read', 'what is banned already is not known for certain now'],
      },
    });
  });

  it('a look-up says that it does not know, and why', async () => {
    const { status, body } = await ask('GET', '/lookup/8.8.8.8');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      verdict: 'unknown',
      source: 'table',
      country: 'US',
      notes: [
        expect.stringMatching(/^LAPI|machine|credentials|cannot be read/),
        expect.stringMatching(/^BOUNCER_TOKEN is not set here/),
        'the allowlist could not be read',
      ],
    });
  });
});

describe('what a ban must not hit', () => {
  const forwarded = { ...json, 'x-forwarded-for': '203.0.113.200, 198.51.100.1' };

  it.each([
    ['0.0.0.0/0', 'wider than /8'],
    ['::/0', 'wider than /19'],
    ['10.1.2.3', 'a private range'],
    ['10.1.2.3/30', 'a private range'],
    ['127.0.0.1', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::1', 'loopback'],
    ['192.0.0.0/8', 'contains a private range'],
    ['fd00::1', 'a private range'],
    ['100.64.3.4', 'carriers'],
    ['203.0.113.200', 'your own address'],
    ['203.0.113.0/24', 'contains your own address'],
  ])('%s, and nothing else of that list is banned', async (value, reason) => {
    const answer = await ask('POST', '/decisions', { values: ['198.18.5.5', value] }, forwarded);
    expect(answer).toMatchObject({
      status: 422,
      body: {
        code: 'ban_refused',
        errors: [{ path: 'json.values.1', message: expect.stringContaining(reason) as string }],
      },
    });
    expect(answer.body.hint).toContain('"force": true');
    // With force it gets as far as LAPI, of which there is none here.
    const forced = await ask('POST', '/decisions', { values: [value], force: true }, forwarded);
    expect(forced.status).toBe(502);
  });

  it('what is no address stays refused, whatever is forced, and is shown as one short line', async () => {
    for (const value of ['1.2.3.4\n', '1.2.3.4\n5.6.7.8', '999.1.1.1', 'fe80::1%eth0', `${'a'.repeat(90)}\u202e`, '']) {
      const answer = await ask('POST', '/decisions', { values: ['198.18.5.5', value], force: true });
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_value' } });
      expect(answer.body.detail).not.toMatch(/[\n\u202e]/);
      expect(answer.body.detail.length).toBeLessThan(200);
    }
  });
});
