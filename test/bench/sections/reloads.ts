import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../scripts/servers/ports.ts';
import { enforce } from '../../support/caddy-enforcer.ts';
import { Workbench } from '../../support/servers.ts';
import { blocklist } from '../measure/blocklist.ts';
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
    const upstream = context.also(await startEndlessDownload());
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
  const open: { stop(): void }[] = [];
  for (let i = 1; i <= pushes; i++) {
    await enforce(server, { addresses: list.slice(0, DECISIONS + i) });
    if (downloads) open.push(await startDownload(port));
    memory.push(memoryOf(server.pid ?? 0).residentMb);
  }
  await sleep(SETTLE_MS);
  const { residentMb, peakMb } = memoryOf(server.pid ?? 0);
  for (const download of open) download.stop();
  await workbench.stop();
  const row: Row = {
    name: `after ${pushes} pushes, ${name}`,
    value: residentMb,
    unit: 'MB',
    detail: `${Math.round(memory[0]!)} MB after the first, at most ${Math.round(peakMb)} MB`,
    figures: { pushes, afterFirstMb: memory[0]!, peakMb },
  };
  return row;
}

/** An upstream whose answers never end: a little each second. */
async function startEndlessDownload(): Promise<{ readonly address: string; stop(): Promise<void> }> {
  const server = createServer((_request, response) => {
    response.write('begin');
    const timer = setInterval(() => response.write('more'), MORE_EVERY_MS);
    response.on('close', () => clearInterval(timer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { address: `127.0.0.1:${port}`, stop };
}

/** Resolves when the first bytes are there: from then on Caddy has an open request. */
function startDownload(port: number): Promise<{ stop(): void }> {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, agent: false }, (response) => {
      response.on('error', () => undefined); // cut by a grace period
      response.once('data', () => resolve({ stop: () => void request.destroy() }));
    });
    request.on('error', reject);
  });
}
