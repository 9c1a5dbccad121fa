import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import type { Hono } from 'hono';
import type { ListenAddress } from '../shared/config/values.ts';
import type { Service } from '../shared/runtime/service.ts';

/** Open connections get this long to finish before they are closed. */
const GRACE_MS = 1_000;

export class HttpServer implements Service {
  readonly name = 'HTTP';
  readonly #app: Hono;
  readonly #address: ListenAddress;
  readonly #setting: string;
  #server: Server | undefined;

  /** @param setting the name of the setting that chose the address, for the message when it is taken. */
  constructor(app: Hono, address: ListenAddress, setting: string) {
    this.#app = app;
    this.#address = address;
    this.#setting = setting;
  }

  async start(): Promise<void> {
    const { host, port } = this.#address;
    await new Promise<void>((resolve, reject) => {
      const server = serve({ fetch: this.#app.fetch, hostname: host, port }, () => resolve()) as Server;
      server.once('error', (error: NodeJS.ErrnoException) => {
        const reason = error.code === 'EADDRINUSE' ? 'another program has that port' : error.message;
        reject(new Error(`cannot listen on ${host}:${port} (${reason}); give another address in ${this.#setting}`));
      });
      this.#server = server;
    });
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const timer = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    await new Promise<void>((resolve) => server.close(() => resolve()));
    clearTimeout(timer);
  }
}
