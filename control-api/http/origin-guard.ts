import type { MiddlewareHandler } from 'hono';
import { isLoopbackName } from '../../bouncer/shared/http/loopback-name.ts';
import { Problem } from './problem.ts';

/**
 * Answers only to our own names, and only to our own pages.
 *
 * A page of an attacker can reach a loopback server in two ways: by letting its own name resolve to 127.0.0.1
 * (DNS rebinding; the Host header then carries that name), and by sending a request across origins (CSRF; the
 * browser then says so in Origin and Sec-Fetch-Site). Programs such as curl send neither header.
 */
export function originGuard(publicUrls: readonly URL[]): MiddlewareHandler {
  const publicHosts = new Set(publicUrls.map((url) => url.host.toLowerCase()));
  const publicOrigins = new Set(publicUrls.map((url) => url.origin));

  return async (c, next) => {
    // `GET http://name/path` names a host as well, which counts more than the header (RFC 9112 §3.2.2).
    const target = new URL(c.req.url).host;
    const host = (c.req.header('host') ?? target).toLowerCase();
    if (![host, target].every((name) => publicHosts.has(name) || isLoopbackName(name))) throw wrongHost();
    const origin = c.req.header('origin');
    if (origin !== undefined && !publicOrigins.has(origin) && hostOf(origin) !== host) throw wrongOrigin();
    const site = c.req.header('sec-fetch-site');
    const isReading = c.req.method === 'GET' || c.req.method === 'HEAD';
    if (!isReading && origin === undefined && (site === 'cross-site' || site === 'same-site')) throw wrongOrigin();
    await next();
  };
}

/** `null` (a sandboxed page's origin) and rubbish have no host. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host.toLowerCase() : undefined;
}

function wrongHost(): Problem {
  return new Problem({
    status: 403,
    code: 'host_not_allowed',
    title: 'This API does not answer to that name',
    detail: 'The Host header is neither a loopback name nor one of CONTROL_API_PUBLIC_URL.',
    hint: 'Call it as localhost, or add the URL that you use to CONTROL_API_PUBLIC_URL.',
  });
}

function wrongOrigin(): Problem {
  return new Problem({
    status: 403,
    code: 'origin_not_allowed',
    title: 'Requests from other web pages are refused',
    detail: 'The Origin header names a page that is not this API’s own.',
    hint: 'Use the page of this API, or add its public URL to CONTROL_API_PUBLIC_URL.',
  });
}
