import type { Desired } from './enforce/desired.ts';
import type { BouncerStatus, CaddyStatus } from './shared/domain/status.ts';
import type { EffectiveSettings } from './state/settings-keeper.ts';

/** What the state in one word is made of. */
export interface StateFacts {
  readonly settings: EffectiveSettings;
  readonly desired: Desired | undefined;
  readonly isComplete: boolean;
  /** Another process runs with the same BOUNCER_ID. */
  readonly hasDouble: boolean;
  /** The filter of the bouncer that pulls for all, in the words of the settings, where it is another than ours. */
  readonly otherFilter: { readonly leader: string; readonly leaders: string; readonly own: string } | undefined;
  /** Why a follower cannot read what its leader writes. */
  readonly followTrouble: string | undefined;
  readonly lapi: BouncerStatus['lapi']['state'];
  readonly lapiError: string | undefined;
  readonly caddies: readonly {
    readonly admin: string;
    readonly state: CaddyStatus['state'];
    readonly trouble: string | undefined;
    /** But for addresses that are on their way. */
    readonly isFollowing: boolean;
  }[];
}

/** The state in one word, whether that is "ready", and in sentences what is not well. */
export function summarise(facts: StateFacts): Pick<BouncerStatus, 'state' | 'ready' | 'reasons'> {
  const reasons = reasonsOf(facts);
  const isSettled = facts.caddies.every(({ trouble }) => trouble === undefined);
  const isKnown = facts.isComplete || !facts.settings.enabled;
  return { state: stateOf(facts), ready: isSettled && isKnown, reasons };
}

function stateOf(facts: StateFacts): BouncerStatus['state'] {
  const isBroken = facts.caddies.some(
    ({ state }) => state === 'unreachable' || state === 'rejected' || state === 'foreign',
  );
  if (isBroken) return 'degraded';
  if (!facts.settings.enabled) return 'off';
  if (facts.lapi === 'down') return facts.desired === undefined ? 'starting' : 'stale';
  if (facts.desired === undefined) return 'starting';
  // A ban on its way to Caddy is no reason to call in question the many that are there.
  const isFollowed = facts.caddies.every(({ trouble, isFollowing }) => trouble === undefined || isFollowing);
  if (!facts.isComplete || !isFollowed) return 'syncing';
  return facts.settings.policy === 'enforce' ? 'enforcing' : facts.settings.policy === 'monitor' ? 'monitoring' : 'off';
}

function reasonsOf(facts: StateFacts): string[] {
  const { settings, isComplete, hasDouble, otherFilter, followTrouble, desired, lapiError, caddies } = facts;
  const reasons: string[] = [];
  if (settings.enabled && !isComplete) {
    reasons.push(
      desired === undefined
        ? 'LAPI has not yet told all decisions, so nothing is changed in Caddy'
        : 'LAPI has not yet told all decisions; the last snapshot is enforced meanwhile',
    );
  }
  if (hasDouble) reasons.push('another process runs with this BOUNCER_ID: give each bouncer one of its own');
  if (otherFilter !== undefined) {
    const { leader, leaders, own } = otherFilter;
    const inWords = (filter: string) => (filter === '' ? 'takes every decision' : `takes ${filter}`);
    reasons.push(
      `bouncer "${leader}", which pulls for all on this Redis, ${inWords(leaders)}, and this one ${inWords(own)}: what the other leaves out is missing here, so give both the same`,
    );
  }
  if (followTrouble !== undefined)
    reasons.push(
      `what the bouncer that pulls from LAPI writes to Redis cannot be read, so new decisions do not come in here: ${followTrouble}`,
    );
  if (lapiError !== undefined) reasons.push(lapiError);
  for (const { trouble } of caddies) if (trouble !== undefined) reasons.push(trouble);
  return reasons;
}
