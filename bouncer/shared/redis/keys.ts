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
  batches: `${PREFIX}batches`,
  /** Outside the prefix, so that every version finds it. */
  schema: 'crowdsec:schema',
} as const;
