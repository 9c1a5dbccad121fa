import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

/** A part that is missing or wrong does not hide the others. */
const lenient = <T extends z.ZodType>(schema: T) => schema.optional().catch(undefined);
const path = lenient(z.string().min(1));

const fileSchema = z.object({
  common: lenient(
    z.object({
      daemonize: lenient(z.union([z.boolean(), z.enum(['true', 'false']).transform((word) => word === 'true')])),
    }),
  ),
  config_paths: lenient(z.object({ config_dir: path, hub_dir: path, index_path: path })),
  api: lenient(
    z.object({ server: lenient(z.object({ online_client: lenient(z.object({ credentials_path: path })) })) }),
  ),
});

/** What of CrowdSec's own configuration says where its things are; what it does not say is undefined. */
export interface CrowdsecConfig {
  readonly daemonize?: boolean;
  readonly configDir?: string;
  readonly hubDir?: string;
  readonly indexPath?: string;
  /** Of its account at the Central API. */
  readonly onlineCredentials?: string;
}

/** Whatever cannot be read says nothing: the configuration's own check tells what is wrong with it. */
export async function readCrowdsecConfig(configDir: string): Promise<CrowdsecConfig> {
  const main = await readOne(join(configDir, 'config.yaml'));
  return { ...main, ...(await readOne(join(configDir, 'config.yaml.local'))) }; // CrowdSec merges it over the first
}

async function readOne(file: string): Promise<CrowdsecConfig> {
  try {
    const { common, config_paths: paths, api } = fileSchema.parse(parse(await readFile(file, 'utf8')));
    const said = {
      daemonize: common?.daemonize,
      configDir: paths?.config_dir,
      hubDir: paths?.hub_dir,
      indexPath: paths?.index_path,
      onlineCredentials: api?.server?.online_client?.credentials_path,
    };
    return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
  } catch {
    return {};
  }
}
