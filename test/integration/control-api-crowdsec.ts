import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { type Config, loadConfig } from '../../control-api/config.ts';
import type { CrowdsecServer } from '../../scripts/servers/crowdsec-server.ts';
import { Internet } from '../support/internet/internet.ts';
import type { Workbench } from '../support/servers.ts';
import type { Stack } from '../support/stack.ts';

/** What the control API is told of a real CrowdSec. */
export function settingsFor(crowdsec: CrowdsecServer): Record<string, string> {
  const { LD_LIBRARY_PATH: libraries, ...settings } = crowdsec.controlEnvironment;
  // cscli gets it from our own environment, as it would from a service's.
  if (libraries !== undefined) process.env['LD_LIBRARY_PATH'] = libraries;
  return { CROWDSEC_LAPI_URL: crowdsec.url, ...settings };
}

/** What a control API is told of everything in a stack, the bouncer's token included. */
export async function settingsBeside(stack: Stack): Promise<Record<string, string>> {
  const { crowdsec, redis, caddy, bouncer, workbench } = stack;
  const token = (await readdir(workbench.folder)).find((name) => name.startsWith('bouncer-token'));
  if (token === undefined) throw new Error('this stack has no token of a bouncer');
  return {
    ...settingsFor(crowdsec),
    REDIS_URL: redis.url,
    CADDY_ADMIN: caddy.admin,
    BOUNCER_URL: bouncer.url,
    BOUNCER_TOKEN_FILE: join(workbench.folder, token),
  };
}

export function configFor(crowdsec: CrowdsecServer, more: Readonly<Record<string, string>> = {}): Config {
  const environment = { CONTROL_API_LISTEN: '127.0.0.1:0', ...settingsFor(crowdsec), ...more };
  const result = loadConfig({ flags: {}, environment });
  if (result.kind === 'invalid') throw new Error(JSON.stringify(result.problems));
  return result.values;
}

/** The internet's stand-in, with this CrowdSec's Hub files as the Hub. */
export async function startInternet(workbench: Workbench, crowdsec: CrowdsecServer): Promise<Internet> {
  const hubDir = workbench.path('hub');
  await cp(crowdsec.folders.hub, hubDir, { recursive: true });
  const internet = workbench.also(await Internet.start({ caFile: workbench.path('ca.pem'), hubDir }));
  process.env['SSL_CERT_FILE'] = internet.caFile; // as a user behind an inspecting proxy would set it
  return internet;
}

/** Gives CrowdSec an empty file for its Central API account, as Debian's package does; it is not registered yet. */
export async function withCentralApi(crowdsec: CrowdsecServer): Promise<string> {
  const path = join(crowdsec.folders.etc, 'online_api_credentials.yaml');
  await writeFile(path, '# not registered\n');
  const config = parse(await readFile(crowdsec.folders.config, 'utf8')) as { api: { server: Record<string, unknown> } };
  config.api.server['online_client'] = { credentials_path: path };
  await writeFile(crowdsec.folders.config, stringify(config));
  return path;
}
