import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TlsOptions } from 'node:tls';

export const KEY = 'b0unc3r-k3y-that-nobody-may-see';

export const EMPTY = '{"deleted":null,"new":null}';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A LAPI that answers as a test wants it, and remembers what it was asked. */
export class FakeLapi {
  readonly requests: IncomingMessage[] = [];
  readonly #server: Server;
  readonly url: string;
  answer: Answer = (_, response) => void response.end(EMPTY);

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
    server.on('request', ((request, response) => {
      this.requests.push(request);
      this.answer(request, response);
    }) satisfies RequestListener);
  }

  static async http(): Promise<FakeLapi> {
    const server = createServer();
    return new FakeLapi(server, `http://127.0.0.1:${await listen(server)}`);
  }

  static async https(options: TlsOptions): Promise<FakeLapi> {
    const server = createTlsServer(options);
    return new FakeLapi(server, `https://127.0.0.1:${await listen(server)}`);
  }

  /** @param path of its socket. */
  static async unix(path: string): Promise<FakeLapi> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    return new FakeLapi(server, `unix://${path}`);
  }

  /** Answers every request so. */
  says(status: number, body: string | Buffer, headers: Readonly<Record<string, string>> = {}): void {
    this.answer = (_, response) => void response.writeHead(status, headers).end(body);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
