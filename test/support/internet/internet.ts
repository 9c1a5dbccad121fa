import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join, normalize } from 'node:path';
import { TLSSocket } from 'node:tls';
import { CentralApi } from './central-api.ts';
import { makeCertificates } from './certificates.ts';

const HOSTS = [
  'api.crowdsec.net',
  'hub-cdn.crowdsec.net',
  'cdn-hub.crowdsec.net',
  'version.crowdsec.net',
  'hub.crowdsec.net',
];

/**
 * The part of the internet that CrowdSec talks to, on loopback: the Central API over plain HTTP for a credentials
 * file that names it, and all of CrowdSec's hosts behind a proxy whose certificates come from a test authority.
 */
export class Internet {
  readonly capi = new CentralApi();
  /** For HTTPS_PROXY. */
  readonly proxyUrl: string;
  /** For SSL_CERT_FILE. */
  readonly caFile: string;
  /** For `url` in online_api_credentials.yaml. */
  readonly capiUrl: string;
  /** Hosts that the proxy does not let anybody reach: 503, as a firewall's proxy says. */
  readonly unreachable = new Set<string>();
  /** Hosts that take the connection and never answer. */
  readonly silent = new Set<string>();
  readonly hubRequests: string[] = [];
  readonly #web: Server;
  readonly #proxy: Server;
  readonly #sockets: Set<Socket>;
  readonly #hubDir: string;

  private constructor(web: Server, proxy: Server, sockets: Set<Socket>, caFile: string, hubDir: string) {
    this.#web = web;
    this.#proxy = proxy;
    this.#sockets = sockets;
    this.#hubDir = hubDir;
    this.caFile = caFile;
    this.capiUrl = `http://127.0.0.1:${(web.address() as AddressInfo).port}/`;
    this.proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  }

  /** `hubDir` is a folder with the Hub's files and its `.index.json`. */
  static async start({ caFile, hubDir }: { caFile: string; hubDir: string }): Promise<Internet> {
    const { authority, certificate, key } = makeCertificates(HOSTS);
    await writeFile(caFile, authority);
    const sockets = new Set<Socket>();
    const web = await listening(sockets);
    const proxy = await listening(sockets);
    const internet = new Internet(web, proxy, sockets, caFile, hubDir);
    web.on('request', (request, response) => void internet.#serve(request, response));
    proxy.on('connect', (request: IncomingMessage, socket: Socket) => {
      const host = (request.url ?? '').replace(/:\d+$/, '');
      if (!HOSTS.includes(host) || internet.unreachable.has(host)) {
        socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n');
        return;
      }
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      if (internet.silent.has(host)) return;
      const secure = new TLSSocket(socket, { isServer: true, cert: certificate, key });
      secure.on('error', () => socket.destroy());
      web.emit('connection', secure);
    });
    return internet;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all([this.#web, this.#proxy].map((server) => new Promise((resolve) => server.close(resolve))));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const host = request.headers.host ?? '';
    if (host.includes('hub')) return this.#hub(request, response);
    if (host.startsWith('version.')) {
      json(response, 200, { name: 'v1.4.6' });
      return;
    }
    if (this.silent.has('capi')) return;
    const body = await bodyOf(request);
    const answer = this.capi.answer({
      method: request.method ?? '',
      path: request.url ?? '',
      authorization: request.headers.authorization,
      userAgent: request.headers['user-agent'],
      body,
    });
    json(response, answer.status, answer.body);
  }

  /** `/<branch>/<path>`, or with the organisation in front. */
  async #hub(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = normalize((request.url ?? '').replace(/^\/(crowdsecurity\/)?[^/]+\//, '/'));
    this.hubRequests.push(path);
    try {
      response.end(await readFile(join(this.#hubDir, path)));
    } catch {
      response.writeHead(404).end();
    }
  }
}

async function listening(sockets: Set<Socket>): Promise<Server> {
  const server = createServer();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? undefined : JSON.parse(text);
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
