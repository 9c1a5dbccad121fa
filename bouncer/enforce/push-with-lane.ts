import type { BanSet } from '../shared/domain/ruleset.ts';
import type { CaddyRound, RoundOutcome } from './caddy-round.ts';
import type { Desired } from './desired.ts';
import type { LaneKeeper } from './lane-keeper.ts';

const NO_BANS: BanSet = { addresses: [], ranges: [], exceptions: [] };

/** One round, with the lane told before and after it what Caddy may hold. */
export async function pushWithLane(
  round: CaddyRound,
  keeper: LaneKeeper | undefined,
  desired: Desired,
): Promise<RoundOutcome> {
  if (keeper === undefined) return round.run(desired);
  const bans = desired.ruleset?.bans ?? NO_BANS;
  const { routes } = keeper;
  // Added to what is there: what Caddy then holds besides is not known.
  if (desired.addOnly) keeper.unknown();
  else keeper.pushing(bans);
  const outcome = await round.run(desired, routes);
  if (desired.addOnly) return outcome;
  if (outcome.kind === 'in_sync') keeper.confirmed(bans, routes);
  else if (!round.mayHaveTaken) keeper.abandoned();
  return outcome;
}
