import { join, resolve } from 'node:path';
import { readCrowdsecConfig } from '../crowdsec/crowdsec-config.ts';

export interface HubPaths {
  readonly configDir: string;
  readonly hubDir: string;
  readonly indexPath: string;
}

/** Where CrowdSec's own configuration says that the Hub is; its defaults where it says nothing or cannot be read. */
export async function hubPaths(configDir: string): Promise<HubPaths> {
  const said = await readCrowdsecConfig(configDir);
  const hubDir = resolve(said.hubDir ?? join(configDir, 'hub'));
  return {
    configDir: resolve(said.configDir ?? configDir),
    hubDir,
    indexPath: resolve(said.indexPath ?? join(hubDir, '.index.json')),
  };
}
