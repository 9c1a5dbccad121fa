import { readFile, writeFile } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { RedisLink } from '../../bouncer/shared/redis/client.ts';
import { keys } from '../../bouncer/shared/redis/keys.ts';
import type { CrowdsecServer } from '../../scripts/servers/crowdsec-server.ts';
import type { RedisServer } from '../../scripts/servers/redis-server.ts';
import type { Internet } from '../support/internet/internet.ts';
import { linkedRedis } from '../support/linked-redis.ts';
import { Workbench } from '../support/servers.ts';
import { waitFor } from '../support/wait-for.ts';
import { settingsFor, startInternet, withCentralApi } from './control-api-crowdsec.ts';
import { type ApiUnderTest, startApi } from './control-api-under-test.ts';

const KEY = 'abcdefghijklmnop';

let workbench: Workbench;
let redis: RedisServer;
let crowdsec: CrowdsecServer;
let internet: Internet;
let link: RedisLink;
let api: ApiUnderTest;
const logged: string[] = [];

const log = pino(
  { level: 'debug' },
  new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      logged.push(chunk.toString());
      done();
    },
  }),
);

const messages = () => logged.map((line) => (JSON.parse(line) as { msg: string }).msg);
const enroll = (body: object = {}) => api.post('/console/enroll', { enrollment_key: KEY, ...body });
const status = async () => (await api.get('/console/status')).body;
const heartbeat = () => api.post('/console/heartbeat');
/** As if the last hour had not been. */
const forgetLogins = () => link.commands.del('crowdsec:v1:capi-logins');

beforeAll(async () => {
  workbench = await Workbench.open();
  redis = await workbench.redis();
  crowdsec = await workbench.crowdsec();
  internet = await startInternet(workbench, crowdsec);
  link = await linkedRedis(redis.url);
});

beforeEach(async () => {
  await link.commands.flushdb();
  await withCentralApi(crowdsec);
  internet.capi.reset();
  internet.unreachable.clear();
  internet.silent.clear();
  internet.capi.keys.add(KEY);
  logged.length = 0;
  await start({ enrollmentRetryMs: 10 });
  return () => api.stop();
});

async function start(pace: { readonly enrollmentRetryMs?: number; readonly enrollmentAttemptMs?: number }) {
  const settings = { REDIS_URL: redis.url, HTTPS_PROXY: internet.proxyUrl, ...settingsFor(crowdsec) };
  api = await startApi(workbench, settings, { log, ...pace });
  await waitFor(async () => (await api.get('/status')).status === 200, { what: 'the API to reach Redis' });
}

afterAll(async () => {
  link.stop();
  await workbench.stop();
});

describe('enrollment', () => {
  it('registers CrowdSec, enrolls it, and waits for somebody to accept it', async () => {
    expect(await status()).toEqual({ state: 'not_enrolled' });
    const answer = await enroll({ name: 'web 1', tags: ['caddy', 'prod'] });
    expect(answer.body).toMatchObject({ state: 'pending_acceptance', name: 'web 1', tags: ['caddy', 'prod'] });
    expect(answer.status).toBe(200);
    expect(internet.capi.enrollments).toEqual([
      { attachment_key: KEY, name: 'web 1', tags: ['caddy', 'prod'], overwrite: false },
    ]);
    expect(internet.capi.machines.size).toBe(1);
    expect(messages()).toContain('[CROWDSEC_ENROLLMENT] enrollment completed');
    expect(await status()).toMatchObject({ state: 'pending_acceptance' });
  });

  it('takes the whole line that the Console offers', async () => {
    expect(
      (await api.post('/console/enroll', { enrollment_key: `sudo cscli console enroll -e context ${KEY}` })).status,
    ).toBe(200);
    expect(internet.capi.enrollments[0]?.attachment_key).toBe(KEY);
  });

  it('says "invalid enrollment key" for a key that the Console does not know, and does not try again', async () => {
    const answer = await enroll({ enrollment_key: 'zzzzzzzzzzzzzzzz' });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      code: 'invalid_enrollment_key',
      detail: expect.stringMatching(/^invalid enrollment key/) as string,
    });
    expect(await status()).toMatchObject({ state: 'failed', reason: 'invalid_enrollment_key', retry_helps: false });
    expect(internet.capi.enrollments).toHaveLength(1);
  });

  it('says "instance already enrolled", and a forced heartbeat puts the local state right', async () => {
    await enroll();
    await api.delete('/console/enrollment');
    expect(await status()).toMatchObject({ state: 'not_enrolled' });
    const again = await enroll();
    expect(again.status).toBe(409);
    expect(again.body).toMatchObject({
      code: 'already_enrolled',
      detail: expect.stringMatching(/^instance already enrolled/) as string,
    });
    expect((await heartbeat()).body).toMatchObject({ enrollment: { state: 'enrolled' } });
    expect(await status()).toMatchObject({ state: 'enrolled' });
  });

  it('moves an engine that is enrolled already when asked to overwrite', async () => {
    await enroll();
    expect((await enroll({ overwrite: true })).body).toMatchObject({ state: 'pending_acceptance' });
  });

  it('tries three times when the Central API is out of order, in these words', async () => {
    await enroll();
    internet.capi.mode = 'broken';
    const answer = await enroll({ overwrite: true });
    expect(answer.status).toBe(502);
    expect(answer.body).toMatchObject({ code: 'capi_unreachable' });
    expect(messages()).toContain('[CROWDSEC_ENROLLMENT] retrying enrollment (attempt 2/3)');
    expect(messages()).toContain('[CROWDSEC_ENROLLMENT] retrying enrollment (attempt 3/3)');
  });

  it('succeeds at a later attempt', async () => {
    await enroll();
    internet.capi.mode = 'broken';
    const answering = enroll({ overwrite: true });
    await waitFor(() => messages().some((message) => message.includes('attempt 2/3')), { what: 'a second attempt' });
    internet.capi.mode = 'up';
    expect((await answering).body).toMatchObject({ state: 'pending_acceptance' });
  });

  it('says what CrowdSec’s own configuration lacks, where registering would fail for ever', async () => {
    const whole = await readFile(crowdsec.folders.config, 'utf8');
    const config = parse(whole) as { api: { server: Record<string, unknown> } };
    delete config.api.server['online_client'];
    await writeFile(crowdsec.folders.config, stringify(config));
    const answer = await enroll();
    await writeFile(crowdsec.folders.config, whole);
    expect(answer.body).toMatchObject({
      status: 409,
      code: 'capi_not_registered',
      hint: expect.stringContaining('api.server.online_client.credentials_path') as string,
    });
  });

  it('says "unauthorized" when the Central API forbids', async () => {
    await enroll();
    internet.capi.mode = 'banned';
    const answer = await enroll({ overwrite: true });
    expect(answer.body).toMatchObject({
      status: 403,
      code: 'unauthorized',
      detail: expect.stringMatching(/^unauthorized/) as string,
    });
  });

  it('says that the network is in the way when registering fails', async () => {
    internet.unreachable.add('api.crowdsec.net');
    const answer = await enroll();
    expect(answer.body).toMatchObject({ status: 502, code: 'capi_unreachable' });
    expect(messages().some((message) => message.startsWith('[CROWDSEC_ENROLLMENT] CAPI registration failed: '))).toBe(
      true,
    );
  });

  it('says so when registering takes too long, in these words', async () => {
    await api.stop();
    await start({ enrollmentAttemptMs: 3_000 });
    internet.silent.add('api.crowdsec.net');
    expect((await enroll()).body).toMatchObject({ status: 504, code: 'timeout' });
    expect(messages()).toContain('[CROWDSEC_ENROLLMENT] CAPI registration failed: timeout');
    expect(await status()).toMatchObject({ state: 'failed', reason: 'timeout', retry_helps: true });
  });

  it('stops before the Central API bans this address: at most ten logins an hour', async () => {
    await enroll();
    internet.capi.mode = 'broken';
    for (let i = 0; i < 3; i++) await enroll({ overwrite: true });
    const answer = await enroll({ overwrite: true });
    expect(answer.body).toMatchObject({ status: 429, code: 'rate_limited' });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(3_000);
    expect(internet.capi.logins.length).toBeLessThanOrEqual(10);
    await forgetLogins();
  });

  it('is one at a time, and one whose process died is given up', async () => {
    await link.commands.set('crowdsec:v1:lease:enrollment', 'somebody', 'PX', 60_000);
    await link.commands.set(keys.enrollment, JSON.stringify({ state: 'enrolling' }));
    expect((await enroll()).body).toMatchObject({ status: 409, code: 'enrollment_under_way' });
    expect(await status()).toMatchObject({ state: 'enrolling' });
    await link.commands.del('crowdsec:v1:lease:enrollment'); // it ran out
    expect(await status()).toMatchObject({ state: 'failed', reason: 'interrupted', retry_helps: true });
    expect((await enroll()).status).toBe(200);
  });

  it('ends with the API that carries it out, which says so and leaves nothing under way', async () => {
    await api.stop();
    await start({ enrollmentAttemptMs: 600_000 });
    internet.silent.add('api.crowdsec.net');
    const answering = enroll();
    await waitFor(() => messages().some((message) => message.endsWith(': registering')), { what: 'cscli to begin' });
    await api.stop();
    expect((await answering).body).toMatchObject({
      code: 'interrupted',
      hint: expect.stringContaining('heartbeat') as string,
    });
    expect(JSON.parse((await link.commands.get(keys.enrollment)) ?? '')).toMatchObject({ reason: 'interrupted' });
    expect(await link.commands.exists('crowdsec:v1:lease:enrollment')).toBe(0);
  });

  it('never logs the key, and never answers with it', async () => {
    const answers = [await enroll(), await enroll(), await enroll({ enrollment_key: 'zzzzzzzzzzzzzzzz' })];
    expect(`${logged.join('')}${JSON.stringify(answers)}`).not.toMatch(/abcdefghijklmnop|zzzzzzzzzzzzzzzz/);
    expect(await link.commands.get(keys.enrollment)).not.toMatch(/abcdefghijklmnop|zzzzzzzzzzzzzzzz/);
  });
});

describe('heartbeats', () => {
  it('say what to do while CrowdSec is not registered', async () => {
    const answer = await heartbeat();
    expect(answer.body).toMatchObject({ status: 409, code: 'capi_not_registered' });
    expect((await api.get('/status')).body).toMatchObject({ heartbeat: { state: 'not_registered' } });
  });

  it('make real contact, with the real lists of bouncers and machines, and one login for many', async () => {
    await crowdsec.addBouncer('edge');
    await enroll();
    const before = internet.capi.logins.length;
    const answer = await heartbeat();
    expect(answer.body).toMatchObject({ sent: true, heartbeat: { state: 'online', failures_in_a_row: 0 } });
    expect(internet.capi.metrics).toEqual([
      {
        apil_version: expect.stringMatching(/^v1\.4\.6/) as string,
        bouncers: [expect.objectContaining({ custom_name: 'edge' })],
        machines: [expect.objectContaining({ name: 'caddy-crowdsec-sidecar' })],
      },
    ]);
    const [sent] = internet.capi.requests.filter(({ path }) => path.endsWith('/metrics/'));
    expect(sent).toMatchObject({ path: '/v2/metrics/', userAgent: expect.stringMatching(/^[^/]+\/[^/]+$/) as string });
    await heartbeat();
    await heartbeat();
    expect(internet.capi.logins.length).toBe(before + 2); // of v2, and of v3, which tells of an acceptance
    expect(messages()).toContain('[HEARTBEAT_POLLER] heartbeat sent successfully');
  });

  it('go from online to degraded to offline and back', async () => {
    await enroll();
    await heartbeat();
    internet.capi.mode = 'broken';
    const states: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      expect((await heartbeat()).body).toMatchObject({ status: 502, code: 'capi_refused' });
      states.push(((await api.get('/status')).body as { heartbeat: { state: string } }).heartbeat.state);
    }
    expect(states).toEqual(['degraded', 'degraded', 'offline']);
    internet.capi.mode = 'up';
    expect((await heartbeat()).body).toMatchObject({ heartbeat: { state: 'online', failures_in_a_row: 0 } });
  });

  it('answer 429 when another login would be one too many', async () => {
    await enroll();
    internet.capi.tokenLifetimeMs = 1_000; // too short to be used twice
    for (let i = 0; i < 20; i++) await heartbeat();
    const answer = await heartbeat();
    expect(answer.body).toMatchObject({ status: 429, code: 'rate_limited' });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(3_000);
    expect(internet.capi.logins.length).toBeLessThanOrEqual(10);
  });
});
