import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../bouncer/shared/runtime/clock.ts';
import { createLogger } from '../../bouncer/shared/runtime/logger.ts';
import { HeartbeatPoller } from '../../control-api/heartbeat/heartbeat-poller.ts';
import type { Heartbeat } from '../../control-api/heartbeat/heartbeat.ts';
import { stateAfter } from '../../control-api/heartbeat/heartbeat-record.ts';
import { InternetClient } from '../../control-api/internet-client.ts';
import { describeNetworkError } from '../../control-api/network-error.ts';
import { waitFor } from '../support/wait-for.ts';

describe('the proxy of a call to the internet', () => {
  const proxy = 'http://user:hunter2@proxy.example:3128';

  it.each([
    ['https://api.crowdsec.net/', { httpsProxy: proxy }, 'http://proxy.example:3128'],
    ['https://api.crowdsec.net/', { httpProxy: proxy }, 'http://proxy.example:3128'],
    ['http://api.crowdsec.net/', { httpsProxy: proxy }, undefined],
    ['https://api.crowdsec.net/', { httpsProxy: proxy, noProxy: '.crowdsec.net' }, undefined],
    ['https://api.crowdsec.net/', { httpsProxy: proxy, noProxy: 'api.crowdsec.net:443' }, undefined],
    ['https://api.crowdsec.net/', { httpsProxy: proxy, noProxy: '*' }, undefined],
    ['https://notcrowdsec.net/', { httpsProxy: proxy, noProxy: 'crowdsec.net' }, 'http://proxy.example:3128'],
    ['http://127.0.0.1:1/', { httpProxy: proxy }, undefined],
    ['https://api.crowdsec.net/', {}, undefined],
  ])('%s with %j is %s, without its password', (url, settings, expected) => {
    const client = new InternetClient(settings);
    onTestFinished(() => client.close());
    expect(client.proxyFor(url)).toBe(expected);
  });
});

describe('a call to the internet', () => {
  it('is not lost on a connection that a firewall has forgotten since the last call', async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections++;
      socket.on('error', () => socket.destroy());
      // Answers once and keeps the connection open, as if what comes next were dropped on the way.
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const client = new InternetClient({});
    onTestFinished(async () => {
      await client.close();
      server.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    for (let call = 1; call <= 2; call++) {
      expect(await client.send({ method: 'GET', url, timeoutMs: 5_000 })).toMatchObject({ status: 200, text: 'hi' });
      expect(connections).toBe(call);
    }
  });
});

describe('how far a connection got', () => {
  const error = (code: string, message = code) => Object.assign(new Error(message), { code });

  it.each([
    [error('ENOTFOUND'), 'dns'],
    [error('ECONNREFUSED'), 'tcp'],
    [new TypeError('fetch failed', { cause: error('ECONNREFUSED') }), 'tcp'],
    [new AggregateError([error('ECONNREFUSED'), error('ENETUNREACH')]), 'tcp'],
    [error('UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unable to verify the first certificate'), 'tls'],
    [error('UND_ERR_CONNECT_TIMEOUT'), 'timeout'],
    [new DOMException('The operation was aborted', 'TimeoutError'), 'timeout'],
    [new Error('Proxy response (503) !== 200 when HTTP Tunneling'), 'http'],
    ['nonsense', 'http'],
  ] as const)('%s: %s', (thrown, stage) => {
    expect(describeNetworkError(thrown).stage).toBe(stage);
  });
});

describe('the heartbeat service', () => {
  it('sends again and again, says when the next is due, survives a failure, and stops', async () => {
    const due: number[] = [];
    let sent = 0;
    const heartbeat = {
      planned: (at: Date) => Promise.resolve(void due.push(at.getTime())),
      send: () => (++sent === 2 ? Promise.reject(new Error('broken')) : Promise.resolve()),
    } as unknown as Heartbeat;
    const log = createLogger('test', 'silent', false);
    const poller = new HeartbeatPoller({ heartbeat, intervalMs: 20, clock: systemClock, log });
    poller.start();
    await waitFor(() => sent >= 4, { what: 'four heartbeats' });
    await poller.stop();
    const after = sent;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(sent).toBe(after);
    expect(due.length).toBeGreaterThanOrEqual(4);
  });

  it.each([
    [0, 'online'],
    [1, 'degraded'],
    [2, 'degraded'],
    [3, 'offline'],
    [30, 'offline'],
  ])('is, after %i failures in a row, %s', (failures, state) => {
    expect(stateAfter(failures)).toBe(state);
  });
});
