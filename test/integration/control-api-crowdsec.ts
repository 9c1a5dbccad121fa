import { type Config, loadConfig } from '../../control-api/config.ts';
import type { CrowdsecServer } from '../../scripts/servers/crowdsec-server.ts';

/** The control API's configuration for a real CrowdSec. */
export function configFor(crowdsec: CrowdsecServer, more: Readonly<Record<string, string>> = {}): Config {
  const { LD_LIBRARY_PATH: libraries, ...settings } = crowdsec.controlEnvironment;
  // cscli gets it from our own environment, as it would from a service's.
  if (libraries !== undefined) process.env['LD_LIBRARY_PATH'] = libraries;
  const environment = { CONTROL_API_LISTEN: '127.0.0.1:0', CROWDSEC_LAPI_URL: crowdsec.url, ...settings, ...more };
  const result = loadConfig({ flags: {}, environment });
  if (result.kind === 'invalid') throw new Error(JSON.stringify(result.problems));
  return result.values;
}
