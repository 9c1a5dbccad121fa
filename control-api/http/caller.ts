import type { Context } from 'hono';

/** The address at the other end of the connection; undefined where there is none, as in a test without a socket. */
export function peerOf(c: Context): string | undefined {
  const env: unknown = c.env;
  const incoming = fieldOf(env, 'incoming');
  const address = fieldOf(fieldOf(incoming, 'socket'), 'remoteAddress');
  return typeof address === 'string' ? address : undefined;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}
