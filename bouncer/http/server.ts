import { createServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import type { ListenAddress } from '../shared/config/values.ts';
import { isLoopbackName } from '../shared/http/loopback-name.ts';
import { limitConnections, limitedServer, type RequestLimits } from '../shared/http/request-limits.ts';
import type { Service } from '../shared/runtime/service.ts';
import { problem } from './problem.ts';

/** Open connections get this long to finish before they are closed. */
const GRACE_MS = 1_000;

/** Nobody sends it more than a line; few ask it at all. */
const LIMITS: RequestLimits = {
  headersMs: 10_000,
  requestMs: 10_000,
  lookEveryMs: 1_000,
  stalledMs: 60_000,
  connections: 256,
};

export class HttpServer implements Service {
  readonly name = 'HTTP';
  readonly #app: Hono;
  readonly #address: ListenAddress;
  readonly #setting: string;
  readonly #limits: RequestLimits;
  #server: Server | undefined;

  /** @param setting the name of the setting that chose the address, for the message when it is taken. */
  constructor(app: Hono, address: ListenAddress, setting: string, limits = LIMITS) {
    this.#app = app;
    this.#address = address;
    this.#setting = setting;
    this.#limits = limits;
  }

  async start(): Promise<void> {
    const { host, port } = this.#address;
    await new Promise<void>((resolve, reject) => {
      const answer = getRequestListener((request, env) => this.#answer(request, env), {
        hostname: 'localhost', // of a request without Host: HTTP/1.0, as simple health checks send it
      });
      const server = createServer(limitedServer(this.#limits), (asked, reply) => void answer(asked, reply));
      limitConnections(server, this.#limits);
      server.once('error', (error: NodeJS.ErrnoException) => {
        const reason = error.code === 'EADDRINUSE' ? 'another program has that port' : error.message;
        reject(new Error(`cannot listen on ${host}:${port} (${reason}); give another address in ${this.#setting}`));
      });
      this.#server = server;
      server.listen(port, host, resolve);
    });
  }

  /** On loopback it answers to loopback names alone, so that no web page can read it through a name of its own. */
  #answer(request: Request, env: object): Response | Promise<Response> {
    const names = [new URL(request.url).host, request.headers.get('host') ?? ''];
    const isOurs = !this.#address.isLoopback || names.every((name) => name === '' || isLoopbackName(name));
    return isOurs ? this.#app.fetch(request, env) : wrongHost();
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const timer = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    await new Promise<void>((resolve) => server.close(() => resolve()));
    clearTimeout(timer);
  }
}

function wrongHost(): Response {
  return problem(
    403,
    'host_not_allowed',
    'the Host header names somebody else than this machine',
    'ask it as 127.0.0.1 or localhost; a proxy in front has to send that as Host',
  );
}
