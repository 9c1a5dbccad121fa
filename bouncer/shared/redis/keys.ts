/** Every key of ours in Redis. The prefix carries the schema version; see `schema-version.ts`. */
export const PREFIX = 'crowdsec:v1:';

export const keys = {
  settings: `${PREFIX}settings`,
  status: (bouncerId: string) => `${PREFIX}status:${bouncerId}`,
  statusPattern: `${PREFIX}status:*`,
  commands: `${PREFIX}commands`,
  events: `${PREFIX}events`,
  history: `${PREFIX}history`,
  snapshot: `${PREFIX}snapshot`,
  enrollment: `${PREFIX}enrollment`,
  heartbeat: `${PREFIX}heartbeat`,
  allowlist: `${PREFIX}allowlist`,
  lease: `${PREFIX}lease:stream`,
  /** The last fencing token that was given away. */
  leaseToken: `${PREFIX}lease:stream:token`,
  /** How often somebody said that deltas may have been lost. */
  leaseResync: `${PREFIX}lease:stream:resync`,
  /** Sorted set: id of each bouncer of the fleet → when it was last heard of. */
  members: `${PREFIX}members`,
  batches: `${PREFIX}batches`,
  /** Written to see whether anything can be, and gone after a second. */
  diagnosed: `${PREFIX}diagnosed`,
  /** Outside the prefix, so that every version finds it. */
  schema: 'crowdsec:schema',
} as const;
