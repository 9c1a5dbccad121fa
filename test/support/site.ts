import { isIPv6 } from 'node:net';
import type { CaddyConfig } from '../../scripts/servers/caddy-server.ts';
import { call, type HttpAnswer, type HttpCall } from '../../scripts/servers/http.ts';
import { freePort } from '../../scripts/servers/ports.ts';
import type { CaddyVersion } from './servers.ts';
import type { Upstream } from './upstream.ts';

/** What a configuration of Caddy can be made from. */
export interface Site {
  readonly caddy: CaddyVersion;
  /** Where Caddy is to listen, on 127.0.0.1 and ::1. */
  readonly port: number;
  readonly upstream: Upstream;
  /** Global options that let any address be simulated with X-Forwarded-For; empty on 2.6.2, which has none. */
  readonly trustLoopback: string;
}

const TRUST_LOOPBACK = 'servers {\n\ttrusted_proxies static 127.0.0.1/32\n\ttrusted_proxies_strict\n}';

export async function openSite(caddy: CaddyVersion, upstream: Upstream): Promise<Site> {
  return { caddy, upstream, port: await freePort(), trustLoopback: caddy === '2.6.2' ? '' : TRUST_LOOPBACK };
}

/** A site on the port, with these directives: `site.trustLoopback` is on where it exists. */
export function siteWith(site: Site, directives: string): CaddyConfig {
  const body = `bind 127.0.0.1 ::1\n${directives}`.replace(/^/gm, '\t');
  return { kind: 'caddyfile', globals: site.trustLoopback, sites: `http://:${site.port} {\n${body}\n}` };
}

export function plainProxy(site: Site): CaddyConfig {
  return siteWith(site, `reverse_proxy ${site.upstream.url}`);
}

export interface RequestOptions {
  readonly method?: string;
  readonly path?: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * A request to the site as if `address` had sent it. Loopback addresses really do: all of 127/8 is ours, and ::1.
 * Any other one comes through 127.0.0.1 as a trusted proxy, which Caddy 2.6.2 does not know.
 */
export async function requestAs(address: string, site: Site, options: RequestOptions = {}): Promise<HttpAnswer> {
  const request = requestOptions(address, site, options);
  try {
    return await call(request);
  } catch (error) {
    // On a reload Caddy closes its old socket, and with it connections that it has not accepted yet. Nothing of such
    // a request was handled, so it is sent again, as a browser does.
    if (!isReset(error)) throw error;
    return call(request);
  }
}

function isReset(error: unknown): boolean {
  return error instanceof Error && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNRESET';
}

function requestOptions(address: string, site: Site, options: RequestOptions): HttpCall {
  const host = address === '::1' ? '[::1]' : '127.0.0.1';
  return {
    url: `http://${host}:${site.port}${options.path ?? '/'}`,
    ...(address.startsWith('127.') ? { localAddress: address } : {}),
    headers: { ...options.headers, ...forwardedFor(address, site), ...(options.host ? { host: options.host } : {}) },
    ...(options.method === undefined ? {} : { method: options.method }),
    ...(options.body === undefined ? {} : { body: options.body }),
  };
}

function forwardedFor(address: string, site: Site): Record<string, string> {
  if (address.startsWith('127.') || address === '::1') return {};
  if (site.trustLoopback === '') {
    const kind = isIPv6(address) ? '::1' : 'an address in 127.0.0.0/8';
    throw new Error(`Caddy ${site.caddy} has no trusted_proxies, so nothing can come from ${address}: use ${kind}`);
  }
  return { 'x-forwarded-for': address };
}
