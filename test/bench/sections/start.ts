import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { startStack, type Stack } from '../../support/stack.ts';
import { siteWith } from '../../support/site.ts';
import { BANNED_CLIENT, blocklist } from '../measure/blocklist.ts';
import { bouncerStatus } from '../measure/bouncer-status.ts';
import { firstAnswer } from '../measure/first-answer.ts';
import { memoryOf } from '../measure/process-figures.ts';
import { median } from '../measure/statistics.ts';
import { waitFor } from '../../support/wait-for.ts';
import { atMost, type Row } from '../run/row.ts';
import type { BenchContext, Section } from '../run/section.ts';

const FIRST = 50_000;
const ALL = 100_000;
const LIMIT_MS = 60_000;
/** The snapshot is written within 10 s of a change; memory is asked for when that is over. */
const SETTLE_MS = 13_000;
const SETTINGS = { CROWDSEC_POLL_INTERVAL: '10s', PUSH_INTERVAL: '5s', LOG_LEVEL: 'info' };

export const startSection: Section = {
  name: 'start',
  title: 'from the start of the bouncer until everything is enforced, and its memory',
  async run(context): Promise<Row[]> {
    context.doing(`LAPI, Redis and Caddy with ${FIRST} decisions`);
    const list = blocklist(ALL);
    const stack = await openStack(context, list.slice(-FIRST));
    context.doing('cold starts');
    const cold: number[] = [];
    for (let i = 0; i < (context.quick ? 1 : 3); i++) cold.push(await coldStart(stack));
    const warm = await warmStart(stack);
    context.doing(`${ALL} decisions; letting memory settle`);
    await stack.crowdsec.import(list.slice(0, ALL - FIRST).map((value) => ({ value })));
    const memory = await memoryAt(stack, ALL);
    await stack.stop();
    return [
      {
        name: `process start → ${FIRST.toLocaleString('en')} decisions enforced`,
        value: median(cold) / 1_000,
        unit: 's',
        targets: [atMost(2)],
        detail: `nothing known before; median of ${cold.length}`,
      },
      { name: 'the same with the snapshot of the last run', value: warm / 1_000, unit: 's' },
      {
        name: `bouncer's memory at ${ALL.toLocaleString('en')} decisions`,
        value: memory.residentMb,
        unit: 'MB',
        targets: [atMost(120)],
        detail: `resident after ${SETTLE_MS / 1_000} s; its peak was ${Math.round(memory.peakMb)} MB`,
        figures: { peakMb: memory.peakMb },
      },
    ];
  },
};

async function openStack({ also }: BenchContext, banned: readonly string[]): Promise<Stack> {
  return also(
    await startStack({
      caddy: 'newest',
      config: (site) => siteWith({ ...site, trustLoopback: '' }, `reverse_proxy ${site.upstream.url}`),
      banned,
      bouncer: SETTINGS,
    }),
  );
}

async function coldStart(stack: Stack): Promise<number> {
  await stack.bouncer.stop();
  await rm(stack.bouncer.spec.env?.['STATE_DIR'] ?? '', { recursive: true, force: true });
  await stack.redis.wipe();
  return startUntilBlocked(stack);
}

async function warmStart(stack: Stack): Promise<number> {
  await stack.bouncer.stop();
  return startUntilBlocked(stack);
}

/** A push is all or nothing, so one banned client that is refused means that all are. */
async function startUntilBlocked(stack: Stack): Promise<number> {
  const client = { port: stack.site.port, address: BANNED_CLIENT };
  await stack.caddy.reload(); // takes our rules away
  await firstAnswer(client, 200, LIMIT_MS);
  const began = performance.now();
  const [blockedAt] = await Promise.all([firstAnswer(client, 403, LIMIT_MS), stack.bouncer.start('alive')]);
  return blockedAt - began;
}

/** A restart, so that nothing of the smaller set counts. */
async function memoryAt(stack: Stack, count: number) {
  await stack.bouncer.restart();
  const isComplete = async () => (await bouncerStatus(stack.bouncer)).decisions.total === count;
  await waitFor(isComplete, { what: `${count} decisions to be known`, withinMs: LIMIT_MS });
  await sleep(SETTLE_MS);
  if (stack.bouncer.pid === undefined) throw new Error('the bouncer has ended');
  return memoryOf(stack.bouncer.pid);
}
