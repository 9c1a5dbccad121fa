import { type Address, parseAddress } from '../../bouncer/shared/net/prefix.ts';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import type { LapiFailure } from '../crowdsec/machine-client.ts';
import type { Banning } from './banning.ts';
import type { BouncerClient } from './bouncer-client.ts';
import { type CaddyTime, timedAtCaddies } from './caddy-watch.ts';
import type { Effect } from './effect.ts';
import type { Unbanning } from './unbanning.ts';

/** One half of the drill: when every Caddy said that it holds the change, and what the bouncer says of it then. */
export interface DrillStep extends Effect {
  readonly tookMs: number;
  /** Each Caddy of the bouncer that was asked; none where it cannot be asked. */
  readonly caddies: readonly CaddyTime[];
}

export type DrillResult =
  | { readonly kind: 'done'; readonly address: Address; readonly ban: DrillStep; readonly lift: DrillStep }
  | { readonly kind: 'lapi'; readonly failure: LapiFailure };

interface DrillParts {
  readonly banning: Pick<Banning, 'ban'>;
  readonly unbanning: Pick<Unbanning, 'value'>;
  readonly bouncer: Pick<BouncerClient, 'lookup'>;
  readonly clock: Clock;
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
export async function banDrill(parts: DrillParts, address: Address): Promise<DrillResult> {
  const { banning, unbanning } = parts;
  const banned = await timedAtCaddies(parts, address, 'yes', () =>
    banning.ban({ values: [address], durationMs: BAN_MS, type: 'ban', reason: 'drill' }),
  );
  const [refused] = banned.result.failed;
  if (refused !== undefined) return { kind: 'lapi', failure: refused.failure };
  const lifted = await timedAtCaddies(parts, address, 'no', () => unbanning.value(address));
  if (lifted.result.kind === 'lapi') return { kind: 'lapi', failure: lifted.result.failure };
  const outcome = lifted.result.kind === 'unbanned' ? lifted.result.outcome : NOTHING_LIFTED;
  return {
    kind: 'done',
    address,
    ban: stepOf(banned.result, banned.caddies, 'does not block it'),
    lift: stepOf(outcome, lifted.caddies, 'still blocks it'),
  };
}

const NOTHING_LIFTED = { confirmed: false, missing: ['LAPI no longer had the ban of this drill'], tookMs: 0 };

/** What the bouncer says of this very address counts more than that everything was pushed. */
function stepOf(
  { confirmed, missing, tookMs }: Effect & { readonly tookMs: number },
  caddies: readonly CaddyTime[],
  otherwise: string,
): DrillStep {
  const others = confirmed ? caddies.filter((caddy) => caddy.tookMs === undefined) : [];
  const words = others.map(({ admin }) => `caddy ${admin} ${otherwise}`);
  return { confirmed: confirmed && others.length === 0, missing: [...missing, ...words], tookMs, caddies };
}
