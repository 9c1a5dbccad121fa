import { ServerResponse } from 'node:http';
import type { Context } from 'hono';
import { familyOf, parseAddress, parsePrefix } from '../net/prefix.ts';

/** The address at the other end of the connection; undefined where there is none, as in a test without a socket. */
export function peerOf(c: Context): string | undefined {
  const env: unknown = c.env;
  const incoming = fieldOf(env, 'incoming');
  const address = fieldOf(fieldOf(incoming, 'socket'), 'remoteAddress');
  return typeof address === 'string' ? address : undefined;
}

/** Whom to count: one IPv4 address, or an IPv6 /64, of which a single machine has every address (RFC 4291 §2.5.4). */
export function callerKey(c: Context): string {
  const address = parseAddress(peerOf(c)?.split('%')[0] ?? '');
  if (address === undefined) return 'unknown';
  return familyOf(address) === 4 ? address : (parsePrefix(`${address}/64`) ?? address);
}

/** Cuts the connection without a word: what waits to be sent is thrown away. */
export function hangUp(c: Context): void {
  const env: unknown = c.env;
  const outgoing = fieldOf(env, 'outgoing');
  if (outgoing instanceof ServerResponse) outgoing.destroy();
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}
