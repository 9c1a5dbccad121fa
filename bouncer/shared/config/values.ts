import { isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { parseDuration } from '../domain/duration.ts';
import { type Prefix, parsePrefix } from '../net/prefix.ts';
import { Secret } from '../runtime/secret.ts';

/** Readers of what users write; each message says what is expected. */

export const text = z.string();

/** Empty is no secret: a file that was never filled must not become a token that everybody has. */
export const secret = z
  .string()
  .trim()
  .min(1, 'is empty')
  .transform((value) => new Secret(value));

/** The shortest token that cannot be guessed over a network. */
export const TOKEN_LENGTH = 16;

/** A secret of our own, which travels in an HTTP header. */
export const token = z
  .string()
  .trim()
  .min(TOKEN_LENGTH, `a token has at least ${TOKEN_LENGTH} characters`)
  .regex(/^[\x21-\x7e]+$/, 'a token has no spaces and only ASCII characters')
  .transform((value) => new Secret(value));

/** Milliseconds, from `10s`, `1m30s`, `500ms`. */
export function duration(leastMs: number, mostMs: number) {
  return z.string().transform((value, context) => {
    const milliseconds = parseDuration(value);
    if (milliseconds !== undefined && milliseconds >= leastMs && milliseconds <= mostMs) return milliseconds;
    const range = `between ${leastMs / 1_000}s and ${mostMs / 1_000}s`;
    context.addIssue({ code: 'custom', message: `"${value}" is not a duration ${range}, such as 10s or 5m` });
    return z.NEVER;
  });
}

/** Words between commas, trimmed; an empty text is an empty list. */
export const list = z.string().transform((value) =>
  value
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== ''),
);

export const prefixList = list.transform((words, context) => {
  const prefixes: Prefix[] = [];
  for (const word of words) {
    const prefix = parsePrefix(word);
    if (prefix === undefined) context.addIssue({ code: 'custom', message: `"${word}" is not an IP address or range` });
    else prefixes.push(prefix);
  }
  return prefixes;
});

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /** Only this machine can reach it. */
  readonly isLoopback: boolean;
}

/** `127.0.0.1:8090`, `[::1]:8090`, `:8090` (every interface). */
export const listenAddress = z.string().transform((value, context): ListenAddress => {
  const [, bracketed, name = '', digits] = /^(?:\[([^[\]]+)\]|([\w.-]*)):(\d{1,5})$/.exec(value) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535 || (bracketed !== undefined && !isIPv6(bracketed))) {
    context.addIssue({ code: 'custom', message: `"${value}" is not host:port, such as 127.0.0.1:8090` });
    return z.NEVER;
  }
  const host = bracketed ?? (name === '' ? '::' : name);
  return { host, port, isLoopback: isLoopback(host) };
});

/** Only what needs no name server to be sure of. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
