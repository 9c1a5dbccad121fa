import { get, type RequestListener } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../scripts/servers/ports.ts';
import type { CaddyServer } from '../../../scripts/servers/caddy-server.ts';
import { enforce } from '../../support/caddy-enforcer.ts';
import { Workbench } from '../../support/servers.ts';
import { blocklist } from '../measure/blocklist.ts';
import { serve } from '../measure/loopback-server.ts';
import { memoryOf } from '../measure/process-figures.ts';
import type { Row } from '../run/row.ts';
import type { BenchContext, Section } from '../run/section.ts';

const DECISIONS = 20_000;
const PUSHES = 50;
const QUICK_PUSHES = 10;
/** Time for Go to collect what nobody holds any more. */
const SETTLE_MS = 3_000;
const MORE_EVERY_MS = 1_000;

interface Circumstances {
  readonly name: string;
  readonly downloads: boolean;
  readonly globals: string;
}

const CASES: readonly Circumstances[] = [
  { name: 'no open downloads', downloads: false, globals: '' },
  { name: 'one open download for each push', downloads: true, globals: '' },
  { name: 'the same with grace_period 1s', downloads: true, globals: 'grace_period 1s' },
];

/** Each push is a reload of Caddy, and one that still serves a download stays in memory. */
export const reloadSection: Section = {
  name: 'reloads',
  title: `Caddy's memory over many pushes of ${DECISIONS.toLocaleString('en')} decisions`,
  async run(context): Promise<Row[]> {
    const upstream = context.also(await serve(endlessDownload));
    const rows: Row[] = [];
    for (const circumstances of CASES) rows.push(await pushManyTimes(context, upstream.address, circumstances));
    return rows;
  },
};

async function pushManyTimes(context: BenchContext, upstream: string, { name, downloads, globals }: Circumstances) {
  const pushes = context.quick ? QUICK_PUSHES : PUSHES;
  context.doing(`${pushes} pushes, ${name}`);
  const workbench = context.also(await Workbench.open());
  const port = await freePort();
  const sites = `http://:${port} {\n\tbind 127.0.0.1\n\treverse_proxy ${upstream}\n}`;
  const server = await workbench.caddy('newest', { kind: 'caddyfile', globals, sites });
  const list = blocklist(DECISIONS + pushes);
  const memory: number[] = [];
  const open: Download[] = [];
  for (let i = 1; i <= pushes; i++) {
    await enforce(server, { addresses: list.slice(0, DECISIONS + i) });
    if (downloads) open.push(await startDownload(port));
    memory.push(memoryOf(server.pid ?? 0).residentMb);
  }
  await sleep(SETTLE_MS);
  const { residentMb, peakMb } = memoryOf(server.pid ?? 0);
  const heldMb = await heapInUse(server);
  const stillOpen = open.filter(({ isOpen }) => isOpen()).length;
  for (const download of open) download.stop();
  await workbench.stop();
  const row: Row = {
    name: `after ${pushes} pushes, ${name}`,
    value: residentMb,
    unit: 'MB',
    detail: `${Math.round(memory[0]!)} MB after the first; ${Math.round(heldMb)} MB in use after a collection; ${stillOpen} downloads still open`,
    figures: { pushes, afterFirstMb: memory[0]!, peakMb, heapInUseMb: heldMb, stillOpen },
  };
  return row;
}

/** What Go holds right after it has collected: resident memory is given back minutes later, if at all. */
async function heapInUse(server: CaddyServer): Promise<number> {
  const { body } = await server.adminCall('GET', '/debug/pprof/heap?gc=1&debug=1');
  const bytes = /^# HeapInuse = (\d+)$/m.exec(body)?.[1];
  if (bytes === undefined) throw new Error("Caddy's heap profile does not tell HeapInuse");
  return Number(bytes) / 1e6;
}

/** An upstream whose answers never end: a little each second. */
const endlessDownload: RequestListener = (_request, response) => {
  response.write('begin');
  const timer = setInterval(() => response.write('more'), MORE_EVERY_MS);
  response.on('close', () => clearInterval(timer));
};

interface Download {
  readonly isOpen: () => boolean;
  stop(): void;
}

/** Resolves when the first bytes are there: from then on Caddy has an open request. */
function startDownload(port: number): Promise<Download> {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, agent: false }, (response) => {
      let isOpen = true;
      response.on('error', () => undefined); // cut by a grace period
      response.on('close', () => (isOpen = false));
      response.once('data', () => resolve({ isOpen: () => isOpen, stop: () => void request.destroy() }));
    });
    request.on('error', reject);
  });
}
