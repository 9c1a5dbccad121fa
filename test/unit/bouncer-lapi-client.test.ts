import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { LapiClient, type PullResult } from '../../bouncer/lapi/client.ts';
import type { LapiLimits } from '../../bouncer/lapi/endpoint.ts';
import type { PullFailure } from '../../bouncer/lapi/failure.ts';
import { Secret } from '../../bouncer/shared/runtime/secret.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { rawDecision } from '../support/fake-decision.ts';
import { EMPTY, FakeLapi, KEY } from '../support/fake-lapi.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function fakeLapi(): Promise<FakeLapi> {
  const lapi = await FakeLapi.http();
  stops.push(() => lapi.stop());
  return lapi;
}

function clientOf(url: string, limits: Partial<LapiLimits> = {}): LapiClient {
  const client = new LapiClient({ url, certificates: {} }, new Secret(KEY), '1.2.3', new FakeClock(), limits);
  stops.push(() => client.close());
  return client;
}

const never = new AbortController().signal;

function failureOf(result: PullResult): PullFailure {
  if (result.kind === 'batch') throw new Error('the pull succeeded');
  expect(JSON.stringify(result)).not.toContain(KEY);
  expect(result.hint).not.toBe('');
  return result;
}

describe('a pull', () => {
  it('asks for everything with startup=true, and never for it when it wants changes', async () => {
    const lapi = await fakeLapi();
    const client = clientOf(lapi.url);
    await client.pull('full', never);
    await client.pull('delta', never);
    expect(lapi.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /v1/decisions/stream?startup=true&dedup=false',
      'GET /v1/decisions/stream?dedup=false',
    ]);
  });

  it('carries the key, and a User-Agent with exactly one slash', async () => {
    const lapi = await fakeLapi();
    await clientOf(lapi.url).pull('full', never);
    const headers = lapi.requests[0]?.headers;
    expect(headers?.['x-api-key']).toBe(KEY);
    expect(headers?.['user-agent']).toMatch(/^[\w-]+\/v1\.2\.3$/);
  });

  it('reads a reply whose bytes arrive one by one', async () => {
    const lapi = await fakeLapi();
    lapi.answer = (_, response) => {
      for (const byte of Buffer.from(JSON.stringify({ new: [rawDecision(1, '1.2.3.4')], deleted: [] })))
        response.write(Buffer.of(byte));
      response.end();
    };
    const result = await clientOf(lapi.url).pull('full', never);
    expect(result.kind === 'batch' && Array.from(result.batch.decisions, ({ prefix }) => prefix)).toEqual(['1.2.3.4']);
  });

  it('counts durations from the moment at which LAPI began to answer', async () => {
    const lapi = await fakeLapi();
    lapi.says(200, JSON.stringify({ new: [rawDecision(1, '1.2.3.4', { duration: '10s' })], deleted: [] }));
    const result = await clientOf(lapi.url).pull('full', never);
    expect(result.kind === 'batch' && result.batch.decisions.at(0)?.expiresAt).toBe(5_000 + 10_000);
  });

  it('may be sent to a URL with a slash at its end', async () => {
    const lapi = await fakeLapi();
    await clientOf(`${lapi.url}//`).pull('delta', never);
    expect(lapi.requests[0]?.url).toBe('/v1/decisions/stream?dedup=false');
  });

  it('goes through a unix socket', async () => {
    const lapi = await FakeLapi.unix(join(temporaryFolder('lapi'), 'lapi.sock'));
    stops.push(() => lapi.stop());
    const result = await clientOf(lapi.url).pull('full', never);
    expect(result.kind).toBe('batch');
    expect(lapi.requests[0]?.headers['x-api-key']).toBe(KEY);
  });
});

describe('a LAPI that refuses', () => {
  it.each([
    [403, '{"message":"access forbidden"}', 'unauthorized', /refuses the bouncer's key.*403.*access forbidden/],
    [401, '', 'unauthorized', /401/],
    [404, '', 'wrong_url', /answers HTTP 404/],
    [301, '', 'wrong_url', /answers HTTP 301/],
    [400, 'Client sent an HTTP request to an HTTPS server.', 'wrong_url', /400.*HTTPS server/],
    [204, '', 'wrong_url', /204/],
    [500, '{"message":"database is locked"}', 'server_error', /500.*database is locked/],
    [503, '<html>', 'server_error', /503/],
  ])('with %i: %s', async (status, body, reason, message) => {
    const lapi = await fakeLapi();
    lapi.says(status, body, { location: '/elsewhere' });
    const failure = failureOf(await clientOf(lapi.url).pull('delta', never));
    expect(failure).toMatchObject({ reason, message: expect.stringMatching(message) as string });
    expect(failure.message).toContain(lapi.url);
    expect(lapi.requests).toHaveLength(1);
  });

  it('is quoted, but not at any length', async () => {
    const lapi = await fakeLapi();
    lapi.says(500, 'x'.repeat(10_000_000));
    expect(failureOf(await clientOf(lapi.url).pull('delta', never)).message.length).toBeLessThan(400);
  });

  it('and repeats the key is quoted without it', async () => {
    const lapi = await fakeLapi();
    lapi.answer = (request, response) =>
      void response.writeHead(403).end(`who is ${String(request.headers['x-api-key'])}?`);
    const failure = failureOf(await clientOf(lapi.url).pull('delta', never));
    expect(failure.message).toContain('who is [secret]?');
  });

  it('names the next step', async () => {
    const lapi = await fakeLapi();
    lapi.says(403, '');
    expect(failureOf(await clientOf(lapi.url).pull('full', never)).hint).toMatch(
      /cscli bouncers add.*CROWDSEC_BOUNCER_KEY/,
    );
    lapi.says(404, '');
    expect(failureOf(await clientOf(lapi.url).pull('full', never)).hint).toContain('CROWDSEC_LAPI_URL');
  });
});

describe('a reply that cannot be used', () => {
  it.each(['<html><title>It works!</title></html>', '{}', '[]', 'null', '', '{"new":[{"id":1}', '{"new":[]}trailing'])(
    'is no batch: 200 with "%s"',
    async (body) => {
      const lapi = await fakeLapi();
      lapi.says(200, body);
      const failure = failureOf(await clientOf(lapi.url).pull('delta', never));
      expect(failure.reason).toBe('not_json');
      expect(failure.message).toContain(`${lapi.url} does not answer as LAPI does`);
      expect(failure.hint).toContain('CROWDSEC_LAPI_URL');
    },
  );

  it('is too large just above the limit, and fine at it', async () => {
    const lapi = await fakeLapi();
    lapi.says(200, EMPTY);
    const { length } = Buffer.from(EMPTY);
    expect((await clientOf(lapi.url, { replyBytes: length }).pull('full', never)).kind).toBe('batch');
    const failure = failureOf(await clientOf(lapi.url, { replyBytes: length - 1 }).pull('full', never));
    expect(failure).toMatchObject({ reason: 'too_large', message: expect.stringContaining(lapi.url) as string });
  });

  it('is nothing when the connection breaks in the middle, however much had come', async () => {
    const lapi = await fakeLapi();
    lapi.answer = (_, response) => {
      response.write(JSON.stringify({ new: [rawDecision(1, '1.2.3.4')] }).slice(0, -2), () => response.destroy());
    };
    expect(failureOf(await clientOf(lapi.url).pull('full', never)).reason).toBe('unreachable');
  });

  it('is nothing when it is shorter than it said', async () => {
    const lapi = await fakeLapi();
    lapi.answer = (_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write(EMPTY, () => response.destroy());
    };
    expect(failureOf(await clientOf(lapi.url).pull('full', never)).reason).toBe('unreachable');
  });
});

describe('a LAPI that does not answer', () => {
  it('is unreachable when nobody listens', async () => {
    const lapi = await FakeLapi.http();
    await lapi.stop();
    const failure = failureOf(await clientOf(lapi.url).pull('full', never));
    expect(failure.reason).toBe('unreachable');
    expect(failure.message).toContain(lapi.url);
    expect(failure.message).toContain('ECONNREFUSED');
    expect(failure.hint).toContain('CROWDSEC_LAPI_URL');
  });

  it('is unreachable when the socket does not exist', async () => {
    const failure = failureOf(await clientOf('unix:///nowhere/lapi.sock').pull('full', never));
    expect(failure).toMatchObject({ reason: 'unreachable', message: expect.stringContaining('ENOENT') as string });
  });

  it('is unreachable when its name does not exist', async () => {
    expect(failureOf(await clientOf('http://lapi.invalid:8080').pull('full', never)).reason).toBe('unreachable');
  });

  it('is too slow when no first byte comes', async () => {
    const lapi = await fakeLapi();
    lapi.answer = () => undefined;
    const failure = failureOf(await clientOf(lapi.url, { firstByteMs: 50 }).pull('full', never));
    expect(failure).toMatchObject({ reason: 'timeout', message: expect.stringContaining(lapi.url) as string });
  });

  it('is too slow when it falls silent in the middle', async () => {
    const lapi = await fakeLapi();
    lapi.answer = (_, response) => void response.write('{"new":[');
    expect(failureOf(await clientOf(lapi.url, { silenceMs: 50 }).pull('full', never)).reason).toBe('timeout');
  });

  it('is too slow when it drips for ever', async () => {
    const lapi = await fakeLapi();
    lapi.answer = (_, response) => {
      response.write('{"new":[');
      const drip = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(drip));
    };
    expect(failureOf(await clientOf(lapi.url, { pullMs: 60 }).pull('full', never)).reason).toBe('timeout');
  });

  it('is something else when it does not speak HTTP', async () => {
    const server = createServer((socket) => void socket.resume().end('-ERR unknown command\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    stops.push(() => new Promise((resolve) => server.close(resolve)));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const failure = failureOf(await clientOf(`http://127.0.0.1:${port}`).pull('full', never));
    expect(failure).toMatchObject({ reason: 'not_json', hint: expect.stringContaining('CROWDSEC_LAPI_URL') as string });
  });

  it('is asked again on a new connection when it closed the old one', async () => {
    const lapi = await fakeLapi();
    const client = clientOf(lapi.url);
    lapi.says(200, EMPTY, { connection: 'close' });
    for (let i = 0; i < 3; i++) expect((await client.pull('delta', never)).kind).toBe('batch');
  });
});

describe('a stop', () => {
  it('ends a pull that waits for its first byte', async () => {
    const lapi = await fakeLapi();
    const stop = new AbortController();
    lapi.answer = () => stop.abort();
    expect(failureOf(await clientOf(lapi.url).pull('full', stop.signal)).reason).toBe('stopped');
  });

  it('ends a pull in the middle of its reply', async () => {
    const lapi = await fakeLapi();
    const stop = new AbortController();
    lapi.answer = (_, response) => void response.write('{"new":[', () => setImmediate(() => stop.abort()));
    expect(failureOf(await clientOf(lapi.url).pull('full', stop.signal)).reason).toBe('stopped');
  });

  it('that came before makes no request', async () => {
    const lapi = await fakeLapi();
    expect(failureOf(await clientOf(lapi.url).pull('full', AbortSignal.abort())).reason).toBe('stopped');
    expect(lapi.requests).toEqual([]);
  });
});
