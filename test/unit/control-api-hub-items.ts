import { catalogOf } from '../../control-api/hub/hub-catalog.ts';
import { hubIndexSchema, type HubRef, type HubType } from '../../control-api/hub/hub-item.ts';
import type { InstalledFile } from '../../control-api/hub/installed-files.ts';

/** An entry as the Hub's index has it, of which version 0.2 is current and 0.1 was before. */
export function entry(path: string, parts: Readonly<Record<string, readonly string[]>> = {}) {
  const versions = { '0.1': { digest: `${path} 0.1` }, '0.2': { digest: `${path} 0.2` } };
  return { path, version: '0.2', versions, author: 'crowdsecurity', description: `about ${path}`, ...parts };
}

const INDEX = hubIndexSchema.parse({
  collections: {
    'crowdsecurity/caddy': entry('collections/caddy', {
      collections: ['crowdsecurity/base-http'],
      parsers: ['crowdsecurity/caddy-logs'],
    }),
    'crowdsecurity/base-http': entry('collections/base-http', { scenarios: ['crowdsecurity/probing'] }),
    'crowdsecurity/nginx': entry('collections/nginx', { collections: ['crowdsecurity/base-http'] }),
  },
  parsers: { 'crowdsecurity/caddy-logs': entry('parsers/caddy-logs') },
  scenarios: { 'crowdsecurity/probing': entry('scenarios/probing') },
});

export const collection = (name: string): HubRef => ({ type: 'collections', name: `crowdsecurity/${name}` });
export const CADDY = collection('caddy');
export const PROBING: HubRef = { type: 'scenarios', name: 'crowdsecurity/probing' };

export const file = (type: HubType, path: string, version = '0.2'): InstalledFile => ({
  type,
  fileName: `${path}.yaml`,
  hubPath: path,
  digest: `${path} ${version}`,
});

export const catalog = (...files: readonly InstalledFile[]) => catalogOf(INDEX, files);
