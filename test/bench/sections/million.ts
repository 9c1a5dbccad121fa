import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../scripts/servers/ports.ts';
import { BouncerProcess } from '../../../scripts/servers/sidecar.ts';
import { Workbench } from '../../support/servers.ts';
import { BANNED_CLIENT, blocklist } from '../measure/blocklist.ts';
import { untilPushIsFree } from '../measure/bouncer-status.ts';
import { FakeLapi } from '../measure/fake-lapi.ts';
import { firstAnswer, type Client } from '../measure/first-answer.ts';
import { memoryOf } from '../measure/process-figures.ts';
import { atMost, type Row, type Target } from '../run/row.ts';
import type { Section } from '../run/section.ts';

const MILLION = 1_000_000;
const QUICK_COUNT = 200_000;
const LIMIT_MS = 180_000;
/** Snapshots are written within 10 s, and take seconds at this size. */
const SETTLE_MS = 20_000;
const PUSH_MS = 5_000;
const LATE_CLIENT = '127.23.0.1';
const TOKEN = 'token-of-a-bench';

export const millionSection: Section = {
  name: 'million',
  title: 'a million decisions on one Caddy, from a server that answers like LAPI',
  async run(context): Promise<Row[]> {
    const count = context.quick ? QUICK_COUNT : MILLION;
    context.doing(`writing ${count.toLocaleString('en')} decisions`);
    const lapi = context.also(await FakeLapi.start(blocklist(count)));
    const workbench = context.also(await Workbench.open());
    const port = await freePort();
    const sites = `http://:${port} {\n\tbind 127.0.0.1\n\trespond "ok"\n}`;
    const caddy = await workbench.caddy('newest', { kind: 'caddyfile', sites });
    const bouncer = await makeBouncer(workbench, lapi, caddy.admin);
    context.doing('starting the bouncer');
    const enforcedMs = await startUntilBlocked(bouncer, { port, address: BANNED_CLIENT });
    const startPeak = memoryOf(bouncer.pid ?? 0).peakMb;
    // A push that took long makes the next one wait ten times as long: meanwhile memory settles.
    context.doing('waiting until the bouncer may push again');
    await Promise.all([sleep(SETTLE_MS), untilPushIsFree(bouncer, PUSH_MS)]);
    const settled = memoryOf(bouncer.pid ?? 0);
    const caddyMemory = memoryOf(caddy.pid ?? 0);
    context.doing('one more decision');
    const deltaMs = await addOne(bouncer, lapi, { port, address: LATE_CLIENT });
    const afterDelta = memoryOf(bouncer.pid ?? 0);
    await workbench.stop();
    const judged = (...targets: Target[]) => (context.quick ? [] : targets);
    const size = count.toLocaleString('en');
    return [
      {
        name: `process start → ${size} decisions enforced`,
        value: enforcedMs / 1_000,
        unit: 's',
        targets: judged(atMost(25)),
        detail: `LAPI's reply has ${Math.round(lapi.bytes / 1e6)} MB`,
      },
      {
        name: `bouncer's memory at ${size} decisions`,
        value: settled.residentMb,
        unit: 'MB',
        targets: judged(atMost(450)),
        detail: 'resident, after the snapshot was written',
      },
      {
        name: `bouncer's peak memory at ${size} decisions`,
        value: afterDelta.peakMb,
        unit: 'MB',
        detail: `${Math.round(startPeak)} MB until enforced; start, snapshot and one more push in all`,
        figures: { startPeakMb: startPeak },
      },
      { name: `ban, POST /refresh → 403 at ${size} decisions`, value: deltaMs / 1_000, unit: 's' },
      {
        name: `Caddy's memory at ${size} decisions`,
        value: caddyMemory.residentMb,
        unit: 'MB',
        detail: `its peak was ${Math.round(caddyMemory.peakMb)} MB`,
      },
    ];
  },
};

async function makeBouncer(workbench: Workbench, lapi: FakeLapi, admin: string): Promise<BouncerProcess> {
  const redis = await workbench.redis();
  const env = {
    CROWDSEC_LAPI_URL: lapi.url,
    CROWDSEC_BOUNCER_KEY: lapi.key,
    CADDY_ADMIN: admin,
    REDIS_URL: redis.url,
    BOUNCER_TOKEN: TOKEN,
    STATE_DIR: workbench.path('bouncer-state'),
    PUSH_INTERVAL: `${PUSH_MS}ms`,
  };
  return workbench.also(new BouncerProcess({ port: await freePort(), token: TOKEN, env }));
}

async function startUntilBlocked(bouncer: BouncerProcess, client: Client): Promise<number> {
  const began = performance.now();
  const [blockedAt] = await Promise.all([firstAnswer(client, 403, LIMIT_MS), bouncer.start('alive')]);
  return blockedAt - began;
}

async function addOne(bouncer: BouncerProcess, lapi: FakeLapi, client: Client): Promise<number> {
  const began = performance.now();
  lapi.add(client.address);
  await bouncer.refresh();
  return (await firstAnswer(client, 403, LIMIT_MS)) - began;
}
