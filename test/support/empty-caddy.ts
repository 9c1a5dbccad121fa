import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The admin API of a Caddy without a configuration: a bouncer finds nothing there to enforce in. */
export class EmptyCaddy {
  readonly url: string;
  readonly #server;

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<EmptyCaddy> {
    const server = createServer((_, response) => void response.end('null\n'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new EmptyCaddy(server);
  }

  stop(): Promise<void> {
    this.#server.close();
    return Promise.resolve();
  }
}
