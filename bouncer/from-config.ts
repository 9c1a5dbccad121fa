import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BouncerConfig } from './config.ts';
import type { DecisionFilter } from './decisions/filter.ts';
import { laneFolderName } from './enforce/lane-folder.ts';
import type { LaneSettings } from './enforce/lane-keeper.ts';
import type { LapiEndpoint } from './lapi/endpoint.ts';
import type { BanAction } from './shared/domain/ruleset.ts';

/** What each part needs of the configuration, in that part's own words. */

/** The lane of one Caddy; undefined where none is configured. */
export function laneSettingsOf(config: BouncerConfig, caddy: number, secret: () => string): LaneSettings | undefined {
  const { LANE_DIR: root, LANE_DIR_CADDY: rootInCaddy, CADDY_PROBE_URL: probes, CADDY_ADMIN: admins } = config;
  const [admin, probeUrl] = [admins[caddy], probes[caddy]];
  if (root === undefined || admin === undefined || probeUrl === undefined) return undefined;
  const name = laneFolderName(admin);
  return { root: join(root, name), rootInCaddy: `${rootInCaddy ?? root}/${name}`, probeUrl, secret: secret() };
}

export function endpointOf(config: BouncerConfig): LapiEndpoint {
  const certificates = {
    caFile: config.CROWDSEC_CA_FILE,
    certFile: config.CROWDSEC_CERT_FILE,
    keyFile: config.CROWDSEC_KEY_FILE,
  };
  return { url: config.CROWDSEC_LAPI_URL, certificates };
}

export function filterOf(config: BouncerConfig): DecisionFilter {
  return {
    scopes: config.CROWDSEC_SCOPES,
    origins: config.CROWDSEC_ORIGINS,
    scenariosContaining: config.CROWDSEC_SCENARIOS_CONTAINING,
    scenariosNotContaining: config.CROWDSEC_SCENARIOS_NOT_CONTAINING,
  };
}

/** The filter in the words of its settings, so that it can be compared; empty where every decision is wanted. */
export function filterInWords(config: BouncerConfig): string {
  const settings = [
    'CROWDSEC_SCOPES',
    'CROWDSEC_ORIGINS',
    'CROWDSEC_SCENARIOS_CONTAINING',
    'CROWDSEC_SCENARIOS_NOT_CONTAINING',
  ] as const;
  const words = (name: (typeof settings)[number]) => config[name].map((word) => word.toLowerCase()).sort();
  return settings.flatMap((name) => (config[name].length === 0 ? [] : `${name}=${words(name).join(',')}`)).join(' ');
}

/** A ban without a status of its own is answered with this one. */
const DEFAULT_STATUS = 403;

export function banActionOf({ BAN_ACTION: action, BAN_BODY_FILE: bodyFile }: BouncerConfig): BanAction {
  if (action === 'abort') return { kind: 'abort' };
  if (action === 'error') return { kind: 'error', status: DEFAULT_STATUS };
  const body = bodyFile === undefined ? {} : { body: readFileSync(bodyFile, 'utf8') };
  return { kind: 'status', status: Number(action), ...body };
}
