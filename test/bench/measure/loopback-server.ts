import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A small HTTP server of the bench itself. */
export interface LoopbackServer {
  /** host:port */
  readonly address: string;
  stop(): Promise<void>;
}

/** On a free port of 127.0.0.1; idle connections stay open, as they do in the Go servers that it stands in for. */
export async function serve(listener: RequestListener): Promise<LoopbackServer> {
  const server = createServer({ keepAliveTimeout: 0 }, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { address: `127.0.0.1:${port}`, stop: () => close(server) };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
