import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { ListenAddress } from '../../bouncer/shared/config/values.ts';
import { limitConnections, limitedServer, type RequestLimits } from '../../bouncer/shared/http/request-limits.ts';
import { unanswered, unreadable } from './unreadable-request.ts';

/** A client that sends its request slower than this is not a client; the slowest answers take two minutes to begin. */
const LIMITS: RequestLimits = {
  headersMs: 10_000,
  requestMs: 30_000,
  lookEveryMs: 1_000,
  stalledMs: 300_000,
  connections: 512,
};

/** How long answers under way may take once the process was asked to stop. */
const GRACE_MS = 3_000;

const SWEEP_MS = 25;

export interface Listener {
  /** The port that was really taken: with port 0 the system chose. */
  readonly port: number;
  stop(): Promise<void>;
}

/** @throws Error that names the setting when the address cannot be had. */
export async function listen(
  address: ListenAddress,
  fetch: (request: Request, env: unknown) => Promise<Response> | Response,
  limits = LIMITS,
): Promise<Listener> {
  const answer = getRequestListener(fetch, { errorHandler: unanswered });
  const server = createServer(limitedServer(limits), (request, response) => void answer(request, response));
  limitConnections(server, limits);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (socket.writable && socket.bytesWritten === 0) socket.end(unreadable(error.code));
    else socket.destroy();
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(listenProblem(address, error), { cause: error })),
    );
    server.listen(address.port, address.host, resolve);
  });
  return { port: (server.address() as AddressInfo).port, stop: () => stop(server, sockets) };
}

/**
 * Connections that are idle are closed at once, and those under way as soon as they are; what is left after the grace
 * is cut. Browsers also open connections before they need them: Node counts these as busy until their first byte.
 */
async function stop(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const sweep = setInterval(() => {
    server.closeIdleConnections();
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  }, SWEEP_MS);
  const cut = setTimeout(() => server.closeAllConnections(), GRACE_MS);
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
}

function listenProblem({ host, port }: ListenAddress, error: NodeJS.ErrnoException): string {
  const where = `CONTROL_API_LISTEN ${host}:${port}`;
  if (error.code === 'EADDRINUSE') return `${where} is taken by another program: stop it, or choose another port`;
  if (error.code === 'EACCES') return `${where} needs more rights: choose a port above 1023`;
  if (error.code === 'EADDRNOTAVAIL') return `${where} is not an address of this machine`;
  return `${where}: ${error.message}`;
}
