import { type Capabilities, versionGuess } from '../../caddy/capabilities.ts';
import type { ServerRules } from '../../caddy/compile.ts';
import { markOf } from '../../caddy/managed-id.ts';
import type { CaddyStatus } from '../shared/domain/status.ts';

/** What a Caddy was read back to hold. */
export interface Held {
  readonly revision: string | undefined;
  readonly servers: number;
  readonly entries: number;
  readonly byKind: Readonly<Record<'address' | 'range' | 'exception', number>>;
  readonly version: string;
  readonly warnings: readonly string[];
  readonly sites: CaddyStatus['sites'];
  readonly refused: CaddyStatus['refused'];
  /** Rules of an earlier run stand there that nobody may replace yet: settings of now are not in them. */
  readonly isKept: boolean;
}

/** What Caddy holds once it runs these rules. */
export function describeHeld(rules: readonly ServerRules[], capabilities: Capabilities): Held {
  const byKind = { address: 0, range: 0, exception: 0 };
  for (const { entries } of rules) {
    byKind.address += entries.addresses;
    byKind.range += entries.ranges;
    byKind.exception += entries.exceptions;
  }
  const revisions = rules.flatMap(({ ids }) => markOf(ids?.leave)?.revision ?? []);
  return {
    revision: revisions.length === 0 ? undefined : [...new Set(revisions)].join('+'),
    servers: rules.length,
    entries: byKind.address + byKind.range + byKind.exception,
    byKind,
    version: versionGuess(capabilities),
    warnings: rules.flatMap(({ warnings }) => warnings.map(({ message }) => message)),
    sites: rules.flatMap(sitesOf),
    refused: rules.flatMap(({ refused }) => refused.map(toRefused)),
    isKept: rules.some(({ ids, routes }) => ids !== undefined && routes.length === 0),
  };
}

function toRefused({
  server,
  hosts,
  path,
  reason,
  hint,
}: ServerRules['refused'][number]): CaddyStatus['refused'][number] {
  const site = hosts.length === 0 ? '' : `, site ${hosts.join(', ')}`;
  return { where: `server "${server}"${site}: ${path}`, reason, hint };
}

/** One line for every policy that the Caddyfile gives a site or one of its paths. */
function sitesOf({ name, sites }: ServerRules): CaddyStatus['sites'] {
  return sites.flatMap(({ match, rules }) => {
    const hosts = [...new Set(match.flatMap(({ host = [] }) => host))];
    return rules.map((rule) => ({
      server: name,
      hosts,
      paths: rule.match.flatMap(({ path = [] }) => [...path]),
      policy: rule.policy,
    }));
  });
}
