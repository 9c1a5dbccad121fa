/** Between the bouncer and LAPI goes wrong what can go wrong on a network, while a real Caddy is asked who gets in. */
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BouncerStatus } from '../../bouncer/shared/domain/status.ts';
import type { HttpAnswer } from '../../scripts/servers/http.ts';
import { type Fault, FaultProxy, GARBAGE, httpReply } from '../support/fault-proxy.ts';
import { FaultDrill } from '../support/fault-drill.ts';
import { makeCertificates } from '../support/internet/certificates.ts';
import { Workbench } from '../support/servers.ts';
import { startStack, type Stack } from '../support/stack.ts';

/** A half-open connection is told after fifteen seconds, and a machine may be slow. */
const LONG_MS = 150_000;

const HERE = makeCertificates(['localhost']);
/** Of an authority that the bouncer trusts, too: only the name is wrong. */
const ELSEWHERE = makeCertificates(['elsewhere.example'], 'another authority');
const UNKNOWN = makeCertificates(['localhost']);

let files: Workbench;
let stack: Stack;
let proxy: FaultProxy;
let drill: FaultDrill;

beforeAll(async () => {
  files = await Workbench.open();
  const caFile = files.path('ca.pem');
  await writeFile(caFile, HERE.authority + ELSEWHERE.authority);
  stack = await startStack({
    caddy: 'newest',
    bouncer: { CROWDSEC_POLL_INTERVAL: '300ms', CROWDSEC_CA_FILE: caFile },
    reroute: async (_, { CROWDSEC_LAPI_URL = '' }) => {
      proxy = files.also(await FaultProxy.before(CROWDSEC_LAPI_URL, { certificates: HERE }));
      return { CROWDSEC_LAPI_URL: proxy.url };
    },
  });
  drill = new FaultDrill(stack, 'bouncer ↔ LAPI (over TLS)');
});

afterAll(async () => {
  drill.report();
  await stack.stop();
  await files.stop();
});

/** The last set stays, and everybody can read why it is the last. */
const isStale = (why: RegExp) => (status: BouncerStatus) =>
  status.state === 'stale' && status.lapi.state === 'down' && why.test(status.lapi.error ?? '');

const answers = (body: string, length?: number): Fault =>
  httpReply(200, { body, ...(length === undefined ? {} : { length }) });

describe('between the bouncer and LAPI', () => {
  it.each<{ fault: string; is: Fault; says: RegExp }>([
    { fault: 'cut at once', is: { kind: 'cut', afterBytes: 0 }, says: /cannot be reached/ },
    { fault: 'cut in the middle of an answer', is: { kind: 'cut', afterBytes: 150 }, says: /cannot be reached/ },
    { fault: 'garbage', is: { kind: 'answer', bytes: GARBAGE, then: 'stay' }, says: /does not answer as LAPI does/ },
    { fault: 'a web page', is: answers('<html>It works!</html>'), says: /does not answer as LAPI does/ },
    { fault: 'a shorter answer than said', is: answers('{"new":null', 900), says: /cannot be reached/ },
    { fault: 'a longer answer than said', is: answers('{"new":[],"deleted":[]}', 9), says: /ends in the middle/ },
    { fault: 'half an answer, of the right length', is: answers('{"new":[],"dele'), says: /ends in the middle/ },
    { fault: '429', is: httpReply(429, { headers: { 'retry-after': '1' } }), says: /asked too often/ },
    { fault: '500', is: httpReply(500, { body: '{"message":"database is locked"}' }), says: /500.*database is locked/ },
    { fault: '503', is: httpReply(503, { headers: { 'retry-after': '1' } }), says: /HTTP 503/ },
  ])('$fault: the last decisions stay, and it says why', async ({ fault, is, says }) => {
    await drill.run({ fault, begin: () => proxy.set(is), end: () => proxy.heal(), told: isStale(says) });
  });

  it.each([
    { fault: 'TLS with a certificate for another name', is: ELSEWHERE, says: /TLS.*does not match/ },
    { fault: 'TLS with a certificate of an unknown authority', is: UNKNOWN, says: /TLS.*failed/ },
  ])('$fault: refused and told', async ({ fault, is, says }) => {
    await drill.run({ fault, begin: () => proxy.present(is), end: () => proxy.present(HERE), told: isStale(says) });
  });

  it('slow answers and answers byte by byte are still answers', async () => {
    for (const slow of [
      { kind: 'delay', ms: 700 },
      { kind: 'drip', everyMs: 1 },
    ] satisfies Fault[]) {
      await drill.run({
        fault: slow.kind === 'delay' ? 'answers 0.7 s late' : 'answers byte by byte',
        begin: () => proxy.set(slow),
        end: () => proxy.heal(),
        enforcesMeanwhile: true,
      });
    }
  });

  it(
    'half-open: hits a time limit, holds up nobody who asks meanwhile, queues nothing',
    { timeout: LONG_MS },
    async () => {
      let refreshed: Promise<HttpAnswer> | undefined;
      await stack.ban('127.8.0.9', { duration: '10s' });
      await stack.untilBlocked('127.8.0.9');
      await drill.run({
        fault: 'half-open',
        begin: () => {
          proxy.set({ kind: 'half_open' });
          refreshed = stack.bouncer.get('/refresh?wait', 'POST');
        },
        end: () => proxy.heal(),
        told: isStale(/did not answer in time/),
        meanwhile: async () => {
          expect(JSON.parse((await refreshed)?.body ?? '')).toEqual({
            confirmed: false,
            missing: [expect.stringMatching(/has not answered for 8 s|did not answer in time/)],
          });
          expect((await stack.bouncer.get('/healthz')).status).toBe(200);
          expect((await stack.bouncer.get('/metrics')).body).toContain(
            'crowdsec_stream_errors_total{reason="timeout"}',
          );
          expect(proxy.open).toBeLessThanOrEqual(1);
          await stack.untilServed('127.8.0.9', LONG_MS); // it has run out, and nobody had to say so
        },
      });
    },
  );

  it('a LAPI that is stopped in its tracks goes on where it was', async () => {
    // Decisions can only be made through LAPI itself, which is the part that stands still: so none is made meanwhile.
    await stack.ban('127.8.0.1');
    await stack.untilBlocked('127.8.0.1');
    await stack.crowdsec.kill('SIGSTOP');
    await sleep(1_000); // three polls
    expect(await stack.requestFrom('127.8.0.1')).toMatchObject({ status: 403 });
    expect(await stack.requestFrom('127.8.0.2')).toMatchObject({ status: 200 });
    await stack.crowdsec.kill('SIGCONT');
    await drill.converges('SIGSTOP, then SIGCONT', async () => {
      await stack.ban('127.8.0.2');
      await stack.unban('127.8.0.1');
      await stack.untilBlocked('127.8.0.2', LONG_MS);
      await stack.untilServed('127.8.0.1', LONG_MS);
    });
  });

  it('a LAPI that is killed and comes back is heard again', async () => {
    await drill.run({
      fault: 'killed (SIGKILL), and started again after a while',
      begin: async () => {
        await stack.crowdsec.kill('SIGKILL');
        await stack.crowdsec.start(); // behind a proxy that does not let the bouncer see that yet
        proxy.set({ kind: 'cut', afterBytes: 0 });
      },
      end: () => proxy.heal(),
      told: isStale(/cannot be reached/),
    });
  });
});
