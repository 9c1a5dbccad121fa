/** What a server's own settings mean for bans, and what its owner should know. */
import { contains, hostsOf } from './annotations.ts';
import { isObject, type JsonObject, listOf, type ServerConfig } from './config-types.ts';
import type { Capabilities } from './capabilities.ts';

type WarningCode =
  | 'proxies_not_strict'
  | 'proxied_on_old_caddy'
  | 'unix_listener'
  | 'metrics_count'
  | 'monitor_unmarked'
  | 'error_action_refused'
  | 'unreadable_route'
  | 'websockets_cut'
  | 'http3_outlives_pushes';

/** Something that holds on one server and that its owner may want to change. */
export interface Warning {
  readonly code: WarningCode;
  readonly server: string;
  readonly message: string;
}

/** Whether the client's address may be what a proxy wrote, rather than the peer of the connection. */
export function trustsProxies(server: ServerConfig, capabilities: Capabilities): boolean {
  return capabilities.clientIp && (isObject(server.trusted_proxies) || server.trusted_proxies_unix === true);
}

export function serverWarnings(name: string, server: ServerConfig, capabilities: Capabilities): readonly Warning[] {
  const warnings: Warning[] = [];
  const warn = (code: WarningCode, message: string) =>
    warnings.push({ code, server: name, message: `server "${name}": ${message}` });
  if (trustsProxies(server, capabilities) && Number(server.trusted_proxies_strict ?? 0) <= 0) {
    warn(
      'proxies_not_strict',
      'a banned client passes by sending a forged X-Forwarded-For, since Caddy believes its left-most address; add `trusted_proxies_strict` beside `trusted_proxies`',
    );
  }
  if (!capabilities.clientIp && contains(server.routes, (object) => Object.hasOwn(object, 'trusted_proxies'))) {
    warn(
      'proxied_on_old_caddy',
      'Caddy before 2.7 knows only the address of the proxy or CDN in front of it, not of the client; upgrade Caddy and set `servers { trusted_proxies … }`',
    );
  }
  if (hasUnixListener(server) && server.trusted_proxies_unix !== true) {
    warn(
      'unix_listener',
      'clients of its unix socket have no address and are never banned; on newer Caddys `trusted_proxies_unix` makes it believe the proxy in front',
    );
  }
  if (capabilities.clientIp && contains(server.routes, isProxyWithoutDelay)) {
    warn(
      'websockets_cut',
      'a reload of Caddy, and so a push of rules, cuts WebSockets through its reverse_proxy; if it has any, set `stream_close_delay 5m` there',
    );
  }
  if (keepsHttp3(server, capabilities)) {
    warn(
      'http3_outlives_pushes',
      'Caddy before 2.8 serves an open HTTP/3 connection by the rules that it began with, so a client that stays connected is not banned; upgrade Caddy, or set `servers { protocols h1 h2 }`',
    );
  }
  if (isObject(server.metrics)) {
    warn('metrics_count', 'caddy_http_requests_total counts each request once more for each of our three routes');
  }
  return warnings;
}

/** `stream_close_delay` came with 2.7. */
function isProxyWithoutDelay(handler: JsonObject): boolean {
  return handler['handler'] === 'reverse_proxy' && !Object.hasOwn(handler, 'stream_close_delay');
}

/**
 * Whether clients may come over QUIC: that is on unless `protocols` leaves it out, and needs TLS. Caddy turns TLS on by
 * itself on port 443, and for names that it may get certificates for on any port but 80.
 */
function mayServeHttp3(server: ServerConfig): boolean {
  const protocols = listOf(server['protocols']);
  if (protocols.length > 0 && !protocols.includes('h3')) return false;
  const listensOn = (port: RegExp) => listOf(server.listen).some((address) => port.test(String(address)));
  if (listOf(server['tls_connection_policies']).length > 0 || listensOn(/:443$/)) return true;
  const automatic = isObject(server['automatic_https']) ? server['automatic_https'] : {};
  const skipped = new Set(listOf(automatic['skip']));
  const hosts = listOf(server.routes).flatMap((route) => (isObject(route) ? hostsOf(route) : []));
  return automatic['disable'] !== true && listensOn(/:(?!80$)\d+$/) && hosts.some((host) => !skipped.has(host));
}

/** Since 2.8 a reload ends connections over QUIC. */
function keepsHttp3(server: ServerConfig, capabilities: Capabilities): boolean {
  return !capabilities.logAppend && mayServeHttp3(server);
}

function hasUnixListener(server: ServerConfig): boolean {
  return listOf(server.listen).some((address) => typeof address === 'string' && /^unix(gram|packet)?\//.test(address));
}
