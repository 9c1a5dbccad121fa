import { rmSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findCaddy, findCrowdsec, findRedis, type Binary } from '../../scripts/servers/binaries.ts';
import { CaddyServer, type CaddyConfig } from '../../scripts/servers/caddy-server.ts';
import { CrowdsecServer, type CrowdsecOptions } from '../../scripts/servers/crowdsec-server.ts';
import { RedisServer, type RedisOptions } from '../../scripts/servers/redis-server.ts';

/** The two Caddys that every integration test has to pass on. */
export const CADDY_VERSIONS = ['2.6.2', 'newest'] as const;
export type CaddyVersion = (typeof CADDY_VERSIONS)[number];

/** When this process ends in any way that lets it act, its folders go; what ran in them is ended before. */
const folders = new Set<string>();
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** A temporary folder and everything that was started in it; `stop` ends all of it, last started first. */
export class Workbench {
  readonly folder: string;
  readonly #stops: (() => Promise<void>)[] = [];
  #count = 0;

  private constructor(folder: string) {
    this.folder = folder;
    folders.add(folder);
  }

  static async open(): Promise<Workbench> {
    const folder = await mkdtemp(join(tmpdir(), 'sidecar-'));
    await chmod(folder, 0o755); // CrowdSec's plugin runs as nobody
    return new Workbench(folder);
  }

  /** A path in the folder that no other call got. */
  path(name: string): string {
    return join(this.folder, `${name}-${++this.#count}`);
  }

  /** Something else to stop: it is stopped before what was started earlier. */
  also<T extends { stop(): Promise<void> }>(started: T): T {
    this.#stops.push(() => started.stop());
    return started;
  }

  async redis(options: Partial<RedisOptions> = {}): Promise<RedisServer> {
    const binary = await findRedis();
    return this.also(await RedisServer.start({ binary, stateDir: this.path('redis'), ...options }));
  }

  async crowdsec(options: Partial<CrowdsecOptions> = {}): Promise<CrowdsecServer> {
    const binaries = await findCrowdsec();
    return this.also(await CrowdsecServer.start({ binaries, stateDir: this.path('crowdsec'), ...options }));
  }

  async caddy(version: CaddyVersion, config: CaddyConfig, adminPort?: number): Promise<CaddyServer> {
    const binary = await caddyBinary(version);
    const admin = adminPort === undefined ? {} : { adminPort };
    return this.also(await CaddyServer.start({ binary, stateDir: this.path('caddy'), config, ...admin }));
  }

  async stop(): Promise<void> {
    const failures: unknown[] = [];
    for (const stop of this.#stops.splice(0).reverse()) await stop().catch((error: unknown) => failures.push(error));
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 }); // what was killed may still have written
    folders.delete(this.folder);
    if (failures.length > 0) throw new AggregateError(failures, 'some servers of this test could not be stopped');
  }
}

export function caddyBinary(version: CaddyVersion): Promise<Binary> {
  return findCaddy(version === '2.6.2' ? 'floor' : 'newest');
}
