/** What this Caddy can do that another cannot. Its admin API tells no version, so it is asked what it understands. */
export interface Capabilities {
  /** 2.7: the `client_ip` matcher and `{http.vars.client_ip}`, which know of trusted proxies. */
  readonly clientIp: boolean;
  /** 2.8: `log_append`, which adds a field to the user's access log. */
  readonly logAppend: boolean;
}

export type CapabilityName = keyof Capabilities;

/** Caddyfiles that adapt only where the capability exists. Adapting loads and reloads nothing. */
export const CAPABILITY_PROBES = {
  clientIp: 'http://localhost:1 {\n\t@us client_ip 192.0.2.1\n\trespond @us 204\n}\n',
  logAppend: 'http://localhost:1 {\n\tlog_append crowdsec monitor\n}\n',
} as const satisfies Record<CapabilityName, string>;

/** The versions of Caddy that have exactly these capabilities, for people to read. */
export function versionGuess(capabilities: Capabilities): string {
  if (!capabilities.clientIp) return '2.6 or older';
  return capabilities.logAppend ? '2.8 or newer' : '2.7';
}
