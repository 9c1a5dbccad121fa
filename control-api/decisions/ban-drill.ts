import { type Address, parseAddress } from '../../bouncer/shared/net/prefix.ts';
import type { LapiFailure } from '../crowdsec/machine-client.ts';
import type { Banning } from './banning.ts';
import type { BouncerClient } from './bouncer-client.ts';
import type { Effect } from './effect.ts';
import type { Unbanning } from './unbanning.ts';

/** One half of the drill: when every Caddy said that it holds the change, and what the bouncer says of it then. */
export interface DrillStep extends Effect {
  readonly tookMs: number;
}

export type DrillResult =
  | { readonly kind: 'done'; readonly address: Address; readonly ban: DrillStep; readonly lift: DrillStep }
  | { readonly kind: 'lapi'; readonly failure: LapiFailure };

interface DrillParts {
  readonly banning: Pick<Banning, 'ban'>;
  readonly unbanning: Pick<Unbanning, 'value'>;
  readonly bouncer: Pick<BouncerClient, 'lookup'>;
}

/** If the lift fails, the ban ends by itself. */
const BAN_MS = 60_000;

/** Addresses of documentation (RFC 5737): no visitor has one. */
const NOBODYS = ['192.0.2.', '198.51.100.', '203.0.113.'] as const;

/**
 * All of them.
 * @param random where to begin, from 0 to 1: two drills at once are not to meet.
 */
export function drillAddresses(random: number): readonly Address[] {
  const begin = Math.floor(random * 254);
  const hosts = Array.from({ length: 254 }, (_, step) => 1 + ((begin + step) % 254));
  return NOBODYS.flatMap((net) => hosts.map((host) => parseAddress(`${net}${host}`))).filter(
    (address) => address !== undefined,
  );
}

/**
 * Bans an address that nobody has, waits until every Caddy holds the ban, lifts it and waits again. It shows the way
 * from CrowdSec to Caddy and back; it sends no request, and says nothing of how attacks are found.
 */
export async function banDrill({ banning, unbanning, bouncer }: DrillParts, address: Address): Promise<DrillResult> {
  const banned = await banning.ban({ values: [address], durationMs: BAN_MS, type: 'ban', reason: 'drill' });
  const [refused] = banned.failed;
  if (refused !== undefined) return { kind: 'lapi', failure: refused.failure };
  const ban = await seen(banned, 'yes');
  const lifted = await unbanning.value(address);
  if (lifted.kind === 'lapi') return { kind: 'lapi', failure: lifted.failure };
  const lift =
    lifted.kind === 'unbanned'
      ? await seen(lifted.outcome, 'no')
      : { confirmed: false, missing: ['LAPI no longer had the ban of this drill'], tookMs: 0 };
  return { kind: 'done', address, ban, lift };

  /** The bouncer's own word for this very address, where it can be asked. */
  async function seen({ confirmed, missing, tookMs }: DrillStep, wanted: 'yes' | 'no'): Promise<DrillStep> {
    const answer = confirmed ? await bouncer.lookup(address) : undefined;
    if (answer?.kind !== 'ok') return { confirmed, missing, tookMs };
    const others = answer.value.caddies.filter(({ enforced }) => enforced !== wanted);
    const words = others.map(
      ({ admin }) => `caddy ${admin} ${wanted === 'yes' ? 'does not block' : 'still blocks'} it`,
    );
    return { confirmed: others.length === 0, missing: [...missing, ...words], tookMs };
  }
}
