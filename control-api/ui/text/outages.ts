import type { Status } from '../api/wire.ts';

/** A part that is gone: what it means for visitors, and what to do. */
export interface Outage {
  readonly part: 'api' | 'redis' | 'bouncer' | 'lapi' | 'caddy';
  readonly title: string;
  readonly detail: string;
}

interface Seen {
  readonly apiIsGone: boolean;
  readonly redisIsGone: boolean;
  readonly status: Status | undefined;
}

/** The first is the one to mend: what stands on it cannot be known while it is gone. */
export function outages({ apiIsGone, redisIsGone, status }: Seen): readonly Outage[] {
  if (apiIsGone) {
    return [
      {
        part: 'api',
        title: 'The control API does not answer',
        detail: 'Caddy keeps blocking meanwhile. Check that the control API runs; this page goes on by itself.',
      },
    ];
  }
  if (redisIsGone) {
    return [
      {
        part: 'redis',
        title: 'Redis does not answer',
        detail: 'Caddy keeps blocking meanwhile. Changes have to wait: start Redis, or correct REDIS_URL.',
      },
    ];
  }
  if (status === undefined) return [];
  return [...bouncerOutage(status), ...lapiOutage(status), ...caddyOutages(status)];
}

function bouncerOutage({ bouncer }: Status): Outage[] {
  if (bouncer.state === 'unknown') {
    return [
      {
        part: 'redis',
        title: 'Redis takes no writes',
        detail: 'Caddy keeps blocking meanwhile. Changes have to wait: raise its maxmemory, or make room on its disk.',
      },
    ];
  }
  if (bouncer.state !== 'offline') return [];
  return [
    {
      part: 'bouncer',
      title: 'The bouncer does not answer',
      detail: 'Caddy keeps its last rules. Start it (bouncer run): it goes on where it was.',
    },
  ];
}

function lapiOutage({ engine }: Status): Outage[] {
  if (engine.state !== 'unreachable' && engine.state !== 'crashed') return [];
  return [
    {
      part: 'lapi',
      title: 'CrowdSec’s LAPI does not answer',
      detail: `${engine.error === undefined ? '' : `${engine.error}. `}What was known stays in force until it runs out. Start CrowdSec, or correct CROWDSEC_LAPI_URL.`,
    },
  ];
}

function caddyOutages({ bouncer }: Status): Outage[] {
  return bouncer.caddies
    .filter(({ state }) => state === 'unreachable')
    .map(({ admin, hint }) => ({
      part: 'caddy' as const,
      title: `Caddy at ${admin} does not answer`,
      detail: hint ?? 'Start Caddy, and check that its admin API is on.',
    }));
}
