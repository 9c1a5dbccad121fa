import type { BouncerStatus, CaddyStatus } from '../../bouncer/shared/domain/status.ts';

const TIME = '2026-01-01T00:00:00.000Z';

export function caddyStatus(changes: Partial<CaddyStatus> = {}): CaddyStatus {
  return {
    admin: 'http://caddy:2019',
    state: 'in_sync',
    servers: 1,
    entries: 0,
    pushes: 1,
    drifts: 0,
    warnings: [],
    sites: [],
    refused: [],
    ...changes,
  };
}

/** A bouncer as it describes itself in Redis; `change` is the settings that it follows. */
export function bouncerStatus({
  change,
  ...changes
}: Partial<BouncerStatus> & { change?: string } = {}): BouncerStatus {
  return {
    id: 'one',
    version: '0.0.0',
    started_at: TIME,
    updated_at: TIME,
    state: 'enforcing',
    ready: true,
    reasons: [],
    settings: { enabled: true, policy: 'enforce', ...(change === undefined ? {} : { change }) },
    decisions: { total: 0, local: 0, community: 0, lists: 0 },
    enforced: { addresses: 0, ranges: 0, exceptions: 0 },
    lapi: { url: 'http://lapi', state: 'up', rejected: {} },
    redis: { state: 'up' },
    caddies: [],
    ...changes,
  };
}
