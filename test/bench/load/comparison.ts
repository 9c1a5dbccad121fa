import type { CaddyServer } from '../../../scripts/servers/caddy-server.ts';
import { freePort } from '../../../scripts/servers/ports.ts';
import type { Workbench } from '../../support/servers.ts';
import { BANNED_CLIENT } from '../measure/blocklist.ts';
import { firstAnswer } from '../measure/first-answer.ts';
import { cpuSeconds, memoryOf } from '../measure/process-figures.ts';
import { configOf, type Places, type Variant } from './variants.ts';
import { load, type Wrk } from './wrk.ts';

/** What one variant cost, round by round. */
export interface VariantCost {
  readonly variant: Variant;
  /** CPU of Caddy a request, microseconds. */
  readonly cpuUs: number[];
  /** The same with the program that Caddy asks, where it asks one. */
  readonly allCpuUs: number[];
  /** Requests a second. */
  readonly throughput: number[];
  /** Of Caddy after the last round. */
  memoryMb: number;
}

export interface Effort {
  readonly rounds: number;
  readonly secondsEach: number;
}

type Running = VariantCost & { readonly server: CaddyServer; readonly port: number };

const READY_MS = 20_000;

/** The same load on each variant in turns, so that all meet the same weather. The first round only warms up. */
export async function compare(
  workbench: Workbench,
  wrk: Wrk,
  variants: readonly Variant[],
  places: Omit<Places, 'port'>,
  effort: Effort,
): Promise<VariantCost[]> {
  const running: Running[] = [];
  for (const variant of variants) running.push(await start(workbench, variant, places));
  for (const one of running) await measure(wrk, one, 1, 0);
  for (const { cpuUs, allCpuUs, throughput } of running) cpuUs.length = allCpuUs.length = throughput.length = 0;
  for (let round = 1; round <= effort.rounds; round++) {
    // Another one begins each time: what comes right after a heavy one must not always be the same.
    const first = round % running.length;
    const turns = [...running.slice(first), ...running.slice(0, first)];
    for (const one of turns) await measure(wrk, one, effort.secondsEach, round);
  }
  for (const one of running) one.memoryMb = memoryOf(pidOf(one.server)).residentMb;
  for (const { server } of running) await server.stop();
  return running;
}

async function start(workbench: Workbench, variant: Variant, places: Omit<Places, 'port'>): Promise<Running> {
  const port = await freePort();
  const server = await workbench.caddy(places.caddy, configOf(variant, { ...places, port }));
  await variant.protect?.(server);
  // A variant that does not block would be fast.
  await firstAnswer({ port, address: BANNED_CLIENT }, variant.bannedStatus, READY_MS);
  return { variant, cpuUs: [], allCpuUs: [], throughput: [], memoryMb: 0, server, port };
}

async function measure(wrk: Wrk, { variant, server, port, ...cost }: Running, seconds: number, seed: number) {
  const pids = [pidOf(server), ...(variant.asksUs === true ? [process.pid] : [])];
  const before = pids.map(cpuSeconds);
  const { requests, seconds: took } = await load(wrk, `http://127.0.0.1:${port}/`, seconds, seed);
  const [caddy = 0, ours = 0] = pids.map((pid, i) => ((cpuSeconds(pid) - before[i]!) / requests) * 1e6);
  cost.cpuUs.push(caddy);
  cost.allCpuUs.push(caddy + ours);
  cost.throughput.push(requests / took);
}

function pidOf(server: CaddyServer): number {
  if (server.pid === undefined) throw new Error(`${server.spec.name} has ended:\n${server.logs(10)}`);
  return server.pid;
}
