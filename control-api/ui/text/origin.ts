/** Where decisions come from, in words that people understand. */
export type OriginKind = 'local' | 'community' | 'lists';

export function originKind(origin: string): OriginKind {
  const lower = origin.toLowerCase();
  if (lower === 'capi') return 'community';
  return lower === 'lists' || lower.startsWith('lists:') ? 'lists' : 'local';
}

/** What LAPI calls its origins says nothing to most people. */
export function originName(origin: string): string {
  switch (origin.toLowerCase()) {
    case 'capi':
      return 'Community';
    case 'crowdsec':
      return 'CrowdSec';
    case 'cscli':
      return 'By hand';
    case 'cscli-import':
      return 'Imported';
    default:
      return origin;
  }
}

export function originCounts(facet: Readonly<Record<string, number>>): Readonly<Record<OriginKind | 'all', number>> {
  const counts = { local: 0, community: 0, lists: 0, all: 0 };
  for (const [origin, value] of Object.entries(facet)) {
    counts[originKind(origin)] += value;
    counts.all += value;
  }
  return counts;
}
