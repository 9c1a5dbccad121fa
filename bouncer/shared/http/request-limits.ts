import type { Server, ServerOptions } from 'node:http';

/** How long a client may take to send, and how many may be connected. */
export interface RequestLimits {
  /** From the connection, or from the first byte of a later request, to the end of the headers. */
  readonly headersMs: number;
  /** The same, to the end of the body. */
  readonly requestMs: number;
  /** How often the two above are looked at: a client is cut at most this much later. */
  readonly lookEveryMs: number;
  /** A connection on which nothing moves for so long is cut: its client does not read its answer. */
  readonly stalledMs: number;
  /** More are closed at once: descriptors must be left for Redis, LAPI, Caddy and the lane. */
  readonly connections: number;
}

export function limitedServer({ headersMs, requestMs, lookEveryMs }: RequestLimits): ServerOptions {
  return {
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: lookEveryMs,
    keepAliveTimeout: 5_000,
  };
}

export function limitConnections(server: Server, { connections, stalledMs }: RequestLimits): void {
  server.maxConnections = connections;
  server.setTimeout(stalledMs);
}
