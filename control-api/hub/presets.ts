import { type HubItem, type HubRef, type HubStatus, isInstalled, keyOf } from './hub-item.ts';

export interface Preset {
  readonly id: string;
  readonly title: string;
  /** What it does, for somebody who has never read a scenario. */
  readonly description: string;
  readonly items: readonly HubRef[];
}

const collection = (name: string): HubRef => ({ type: 'collections', name: `crowdsecurity/${name}` });
const scenario = (name: string): HubRef => ({ type: 'scenarios', name: `crowdsecurity/${name}` });

/** What people who run Caddy install, the first one first. */
export const PRESETS: readonly Preset[] = [
  {
    id: 'caddy',
    title: 'Caddy',
    description: 'Reads Caddy’s access log and finds the common attacks in it. Install this first.',
    items: [collection('caddy')],
  },
  {
    id: 'http-probing',
    title: 'HTTP Probing',
    description: 'Finds those who scan for pages that do not exist, admin panels, backups and secrets.',
    items: [scenario('http-probing'), scenario('http-sensitive-files'), scenario('http-path-traversal-probing')],
  },
  {
    id: 'bad-user-agents',
    title: 'Bad User-Agents',
    description: 'Blocks scanners and bots that tell by their name what they are.',
    items: [scenario('http-bad-user-agent')],
  },
  {
    id: 'cve-exploits',
    title: 'CVE Exploits',
    description: 'Protects against attacks on known vulnerabilities, such as Log4j, Spring4Shell and path traversals.',
    items: [collection('http-cve')],
  },
  {
    id: 'base-http',
    title: 'All of HTTP',
    description: 'Every general scenario for websites: crawling, probing, injections, backdoors, brute force.',
    items: [collection('base-http-scenarios')],
  },
  {
    id: 'brute-force',
    title: 'Login Brute Force',
    description: 'Finds those who try passwords on login forms and basic authentication.',
    items: [scenario('http-generic-bf')],
  },
  {
    id: 'good-actors',
    title: 'Spare the Good Ones',
    description: 'Never bans search engines, CDNs and monitoring services that identify themselves properly.',
    items: [collection('whitelist-good-actors')],
  },
  {
    id: 'wordpress',
    title: 'WordPress',
    description: 'Brute force, user enumeration and probing of WordPress sites.',
    items: [collection('wordpress')],
  },
  {
    id: 'linux',
    title: 'The Server Itself',
    description: 'SSH brute force and the system log of a Linux server.',
    items: [collection('linux')],
  },
  {
    id: 'virtual-patching',
    title: 'Virtual Patching',
    description: 'AppSec rules for known vulnerabilities; needs CrowdSec 1.6 or later and its AppSec component.',
    items: [collection('appsec-virtual-patching')],
  },
];

export type PresetState = 'installed' | 'partly_installed' | 'not_installed' | 'unavailable';

export interface PresetView extends Omit<Preset, 'items'> {
  readonly state: PresetState;
  readonly items: readonly (HubRef & { readonly status: HubStatus | 'unavailable' })[];
}

export function viewPreset(preset: Preset, catalog: ReadonlyMap<string, HubItem>): PresetView {
  const items = preset.items.map((ref) => ({
    ...ref,
    status: catalog.get(keyOf(ref))?.status ?? ('unavailable' as const),
  }));
  const installed = items.filter(({ status }) => status !== 'unavailable' && isInstalled({ status })).length;
  const isMissing = items.some(({ status }) => status === 'unavailable');
  const state = isMissing
    ? 'unavailable'
    : installed === 0
      ? 'not_installed'
      : installed < items.length
        ? 'partly_installed'
        : 'installed';
  return { ...preset, items, state };
}
