import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { findCaddy, findCrowdsec, findRedis } from '../../../scripts/servers/binaries.ts';
import type { CaddyVersion } from '../../support/servers.ts';

/** What the figures were measured on and with. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
  readonly caddy: Readonly<Record<CaddyVersion, string>>;
  readonly crowdsec: string;
  readonly redis: string;
  /** Programs that wanted a core during the minute before. Well above zero, the times below are noise. */
  readonly loadBefore: number;
}

export async function describeMachine(doing: (what: string) => void): Promise<Machine> {
  // One after the other: each may fetch packages, and their progress would mix.
  const floor = await findCaddy('floor', doing);
  const newest = await findCaddy('newest', doing);
  const crowdsec = await findCrowdsec(doing);
  const redis = await findRedis(doing);
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 1e9),
    kernel: `Linux ${release()}`,
    node: process.versions.node,
    caddy: { '2.6.2': floor.version, newest: newest.version },
    crowdsec: crowdsec.version,
    redis: redis.version,
    loadBefore: loadavg()[0] ?? 0,
  };
}
