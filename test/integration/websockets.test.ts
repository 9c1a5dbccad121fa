/** What pushes mean for a WebSocket through a real Caddy: cut by a reload, kept by `stream_close_delay` and the lane. */
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { Workbench } from '../support/servers.ts';
import { siteWith } from '../support/site.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { waitFor } from '../support/wait-for.ts';

let stack: Stack | undefined;
let workbench: Workbench | undefined;

afterEach(async () => {
  await stack?.stop();
  await workbench?.stop();
});

/** A stack in front of a server that upgrades connections and sends back what it hears. */
async function withEcho(options: { lane: boolean; directives: string }): Promise<Stack> {
  workbench = await Workbench.open();
  const echo = createServer((_request, response) => response.end('ok'));
  echo.on('upgrade', (_request, socket: Socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    socket.on('data', (data) => socket.write(data));
    socket.on('error', () => undefined);
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  workbench.also({ stop: () => Promise.resolve(void echo.close()) });
  const { port } = echo.address() as AddressInfo;
  const proxy = `reverse_proxy 127.0.0.1:${port} {\n${options.directives}\n}`;
  stack = await startStack({
    caddy: 'newest',
    config: (site) => siteWith(site, proxy),
    ...(options.lane ? { lane: workbench.path('lane') } : {}),
  });
  return stack;
}

async function openSocket({ site }: Stack): Promise<Socket> {
  const upgrade = request({
    host: '127.0.0.1',
    port: site.port,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    },
  });
  upgrade.end();
  const [, socket] = (await once(upgrade, 'upgrade')) as [unknown, Socket];
  socket.on('error', () => undefined);
  expect(await says(socket, 'hello')).toBe('hello');
  return socket;
}

/** What comes back for `text`, read to its length: TCP keeps no borders, and Go hands a hijacked connection's first byte on alone. */
async function says(socket: Socket, text: string): Promise<string> {
  const isClosed = once(socket, 'close').then(() => undefined);
  let heard = '';
  socket.write(text);
  while (heard.length < text.length) {
    const chunk = (await Promise.race([once(socket, 'data'), isClosed])) as [Buffer] | undefined;
    if (!chunk) return 'closed';
    heard += chunk[0].toString();
  }
  return heard;
}

/** Everything is pulled: a poll that looked while LAPI stored the ban has used up the delta that would have told of it. */
async function ban(stack: Stack, address: string): Promise<void> {
  await stack.ban(address);
  await stack.bouncer.get('/refresh?wait&full', 'POST');
  expect(await stack.requestFrom(address)).toMatchObject({ status: 403 });
}

async function lane(stack: Stack): Promise<string | undefined> {
  const { caddies } = JSON.parse((await stack.bouncer.get('/readyz')).body) as {
    caddies: [{ state: string; lane?: { state: string } }];
  };
  return caddies[0].state === 'in_sync' ? caddies[0].lane?.state : undefined;
}

describe('a WebSocket through Caddy', () => {
  it('is cut by a push, and the status says how to keep it', async () => {
    const stack = await withEcho({ lane: false, directives: '' });
    const socket = await openSocket(stack);
    const isClosed = once(socket, 'close').then(() => 'closed');
    await ban(stack, '127.6.0.1');
    expect(await Promise.race([isClosed, sleep(5_000).then(() => 'still open')])).toBe('closed');
    const { body } = await stack.bouncer.get('/readyz');
    expect(body).toContain('stream_close_delay');
  });

  it('survives a push where the proxy has a stream_close_delay', async () => {
    const stack = await withEcho({ lane: false, directives: 'stream_close_delay 5m' });
    const socket = await openSocket(stack);
    await ban(stack, '127.6.0.1');
    expect(await says(socket, 'still there?')).toBe('still there?');
    socket.destroy();
    expect((await stack.bouncer.get('/readyz')).body).not.toContain('stream_close_delay');
  });

  it('survives any number of single bans with the lane', async () => {
    const stack = await withEcho({ lane: true, directives: '' });
    await waitFor(async () => (await lane(stack)) === 'proven', { what: 'the lane to be proven' });
    const socket = await openSocket(stack);
    for (let i = 1; i <= 10; i++) await ban(stack, `127.6.0.${i}`);
    await stack.unban('127.6.0.3');
    await stack.bouncer.get('/refresh?wait', 'POST');
    expect(await stack.requestFrom('127.6.0.3')).not.toMatchObject({ status: 403 });
    expect(await says(socket, 'still there?')).toBe('still there?');
    socket.destroy();
  });
});
