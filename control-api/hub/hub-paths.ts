import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

export interface HubPaths {
  readonly configDir: string;
  readonly hubDir: string;
  readonly indexPath: string;
}

const configSchema = z.object({
  config_paths: z
    .object({ config_dir: z.string().optional(), hub_dir: z.string().optional(), index_path: z.string().optional() })
    .default({}),
});

/** Where CrowdSec's own configuration says that the Hub is; its defaults where it says nothing or cannot be read. */
export async function hubPaths(configDir: string): Promise<HubPaths> {
  const { config_paths: paths } = await readConfig(join(configDir, 'config.yaml'));
  const hubDir = resolve(paths.hub_dir ?? join(configDir, 'hub'));
  return {
    configDir: resolve(paths.config_dir ?? configDir),
    hubDir,
    indexPath: resolve(paths.index_path ?? join(hubDir, '.index.json')),
  };
}

async function readConfig(path: string): Promise<z.infer<typeof configSchema>> {
  try {
    return configSchema.parse(parse(await readFile(path, 'utf8')));
  } catch {
    return { config_paths: {} }; // the configuration's own check says what is wrong with it
  }
}
