import type { BouncerSummary } from '../api/wire.ts';

/** Who pulls from LAPI, in a sentence; undefined where there is one bouncer, which pulls for itself. */
export function fleetInWords({ ids, stream }: BouncerSummary): string | undefined {
  if (ids.length < 2) return undefined;
  const leaders = stream.filter(({ role }) => role === 'leader').map(({ id }) => id);
  const followers = stream.filter(({ role }) => role === 'follower').map(({ id }) => id);
  const alone = stream.filter(({ role }) => role === 'alone').map(({ id }) => id);
  const parts = [
    ...(leaders.length === 0 ? [] : [`${listed(leaders)} ${verb(leaders, 'pulls', 'pull')} from LAPI for all`]),
    ...(followers.length === 0 ? [] : [`${listed(followers)} ${verb(followers, 'follows', 'follow')}`]),
    ...(alone.length === 0 ? [] : [`${listed(alone)} ${verb(alone, 'pulls', 'pull')} alone`]),
  ];
  return parts.length === 0 ? undefined : parts.join(', ');
}

/** More than a few are counted: a tile is small. */
const MOST_NAMED = 2;

function listed(ids: readonly string[]): string {
  return ids.length <= MOST_NAMED ? ids.join(' and ') : `${ids[0] ?? ''} and ${ids.length - 1} others`;
}

function verb(ids: readonly string[], one: string, several: string): string {
  return ids.length === 1 ? one : several;
}
