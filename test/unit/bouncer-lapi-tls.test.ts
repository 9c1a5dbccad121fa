import { afterEach, describe, expect, it } from 'vitest';
import { LapiClient, type PullResult } from '../../bouncer/lapi/client.ts';
import type { LapiEndpoint } from '../../bouncer/lapi/endpoint.ts';
import { Secret } from '../../bouncer/shared/runtime/secret.ts';
import { AUTHORITY, CLIENT, ELSEWHERE, SERVER } from '../support/fake-certificates.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeLapi, KEY } from '../support/fake-lapi.ts';
import { temporaryFile } from '../support/temporary-folder.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function fakeLapi(...options: Parameters<typeof FakeLapi.https>): Promise<FakeLapi> {
  const lapi = await FakeLapi.https(...options);
  stops.push(() => lapi.stop());
  return lapi;
}

async function pull(url: string, certificates: LapiEndpoint['certificates'], key?: Secret): Promise<PullResult> {
  const client = new LapiClient({ url, certificates }, key, '1.2.3', new FakeClock());
  stops.push(() => client.close());
  return client.pull('full', new AbortController().signal);
}

const authority = { caFile: temporaryFile(AUTHORITY) };
const client = { ...authority, certFile: temporaryFile(CLIENT.cert), keyFile: temporaryFile(CLIENT.key) };
const reasonOf = (result: PullResult) => (result.kind === 'failed' ? result.reason : 'batch');

describe('LAPI over TLS', () => {
  it('is trusted by the authority that CROWDSEC_CA_FILE names', async () => {
    const lapi = await fakeLapi(SERVER);
    expect(reasonOf(await pull(lapi.url, authority, new Secret(KEY)))).toBe('batch');
    expect(lapi.requests[0]?.headers['x-api-key']).toBe(KEY);
  });

  it('is not trusted without it, gets no key, and the message says which setting is missing', async () => {
    const lapi = await fakeLapi(SERVER);
    const result = await pull(lapi.url, {}, new Secret(KEY));
    expect(result).toMatchObject({ reason: 'tls', hint: expect.stringContaining('CROWDSEC_CA_FILE') as string });
    expect(lapi.requests).toEqual([]);
  });

  it('is not trusted under another name', async () => {
    const lapi = await fakeLapi(ELSEWHERE);
    const result = await pull(lapi.url, authority, new Secret(KEY));
    expect(result).toMatchObject({ reason: 'tls', message: expect.stringContaining(lapi.url) as string });
  });

  it('is a TLS failure when what answers speaks plain HTTP', async () => {
    const lapi = await FakeLapi.http();
    stops.push(() => lapi.stop());
    expect(reasonOf(await pull(lapi.url.replace('http:', 'https:'), authority, new Secret(KEY)))).toBe('tls');
  });

  it('lets in a client certificate instead of a key', async () => {
    const lapi = await fakeLapi({ ...SERVER, ca: AUTHORITY, requestCert: true, rejectUnauthorized: true });
    expect(reasonOf(await pull(lapi.url, client))).toBe('batch');
    expect(lapi.requests[0]?.headers).not.toHaveProperty('x-api-key');
  });

  it('keeps out whoever has no client certificate, and says where', async () => {
    const lapi = await fakeLapi({ ...SERVER, ca: AUTHORITY, requestCert: true, rejectUnauthorized: true });
    const result = await pull(lapi.url, authority, new Secret(KEY));
    // With TLS 1.3 the refusal comes after the handshake, as an alert or as a closed connection.
    expect(['tls', 'unreachable']).toContain(reasonOf(result));
    expect(result).toMatchObject({ message: expect.stringContaining(lapi.url) as string });
    expect(lapi.requests).toEqual([]);
  });

  it('fails at once, and not at the first pull, when a certificate file cannot be read', () => {
    const endpoint = { url: 'https://127.0.0.1:1', certificates: { caFile: '/nowhere/ca.pem' } };
    expect(() => new LapiClient(endpoint, undefined, '1.2.3', new FakeClock())).toThrow('/nowhere/ca.pem');
  });
});
