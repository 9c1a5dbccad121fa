import { isLoopbackName } from '../bouncer/shared/http/loopback-name.ts';
import { loadOptions, type LoadRequest } from '../bouncer/shared/config/load.ts';
import type { ConfigProblem, OptionValues } from '../bouncer/shared/config/option.ts';
import type { ConfigResult } from '../bouncer/shared/config/read.ts';
import { OPTIONS } from './options.ts';

export type Config = OptionValues<typeof OPTIONS>;

export interface ConfigRequest extends LoadRequest {
  /** Also what only a server must get right, such as a port of its own; not so for diagnostics. */
  readonly isServing?: boolean;
}

/** Reads the configuration from everywhere; every problem at once. */
export function loadConfig({ flags, environment, configFile, isServing = true }: ConfigRequest): ConfigResult<Config> {
  const result = loadOptions(OPTIONS, { flags, environment: withLowerCaseProxies(environment), configFile });
  if (result.kind === 'invalid') return result;
  const problems = isServing ? contradictions(result.values) : [];
  return problems.length > 0 ? { kind: 'invalid', problems } : result;
}

/** `https_proxy` wins over `HTTPS_PROXY`, as curl, Go and undici have it. */
function withLowerCaseProxies(environment: ConfigRequest['environment']): ConfigRequest['environment'] {
  const merged: Record<string, string | undefined> = { ...environment };
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']) {
    merged[name] = environment[name.toLowerCase()] ?? environment[name];
  }
  return merged;
}

/** Settings that are fine alone and wrong together. */
function contradictions(config: Config): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const listen = config.CONTROL_API_LISTEN;
  if (!listen.isLoopback && config.CONTROL_API_TOKEN === undefined) {
    problems.push({
      setting: 'CONTROL_API_TOKEN',
      message: `is required, because CONTROL_API_LISTEN (${listen.host}:${listen.port}) can be reached from other machines`,
      hint: 'set a token (openssl rand -hex 32), or listen on 127.0.0.1',
    });
  }
  const publicUrl = config.CONTROL_API_PUBLIC_URL.find(({ hostname }) => !isLoopbackName(hostname));
  if (listen.isLoopback && publicUrl !== undefined && config.CONTROL_API_TOKEN === undefined) {
    problems.push({
      setting: 'CONTROL_API_TOKEN',
      message: `is required, because CONTROL_API_PUBLIC_URL (${publicUrl.href}) lets other machines ask`,
      hint: 'set a token (openssl rand -hex 32): without one, reading is open to whoever reaches this API',
    });
  }
  if (isSamePlace(config.CROWDSEC_LAPI_URL, listen)) {
    problems.push({
      setting: 'CONTROL_API_LISTEN',
      message: `uses port ${listen.port}, which CROWDSEC_LAPI_URL (${config.CROWDSEC_LAPI_URL}) says is CrowdSec's`,
      hint: 'give one of the two another port; LAPI takes its own from api.server.listen_uri in config.yaml',
    });
  }
  if (config.CROWDSEC_ENGINE === 'managed' && config.CROWDSEC_PID !== undefined) {
    problems.push({
      setting: 'CROWDSEC_PID',
      message: 'is for a CrowdSec that somebody else runs, and CROWDSEC_ENGINE is managed',
      hint: 'leave it out: a managed engine is told to reload anyway',
    });
  }
  for (const [one, other] of [
    ['CROWDSEC_MACHINE_ID', 'CROWDSEC_MACHINE_PASSWORD'],
    ['CROWDSEC_CERT_FILE', 'CROWDSEC_KEY_FILE'],
  ] as const) {
    if ((config[one] === undefined) === (config[other] === undefined)) continue;
    const [missing, given] = config[one] === undefined ? [one, other] : [other, one];
    problems.push({ setting: missing, message: `is required with ${given}`, hint: 'give both or neither' });
  }
  return problems;
}

/** The same port on another host (a container's, say) is no clash. */
function isSamePlace(lapiUrl: string, listen: Config['CONTROL_API_LISTEN']): boolean {
  if (lapiUrl.startsWith('unix:')) return false;
  const { hostname, port, protocol } = new URL(lapiUrl);
  const lapiPort = Number(port || (protocol === 'https:' ? 443 : 80));
  const isLocal = hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
  return lapiPort === listen.port && (isLocal || hostname === listen.host);
}
