import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../scripts/servers/ports.ts';
import { BouncerProcess } from '../../../scripts/servers/sidecar.ts';
import { Workbench } from '../../support/servers.ts';
import { BANNED_CLIENT, blocklist } from '../measure/blocklist.ts';
import { bouncerStatus, untilLaneIsProven, untilSettled } from '../measure/bouncer-status.ts';
import { FakeLapi } from '../measure/fake-lapi.ts';
import { firstAnswer } from '../measure/first-answer.ts';
import { atMost, type Row } from '../run/row.ts';
import type { BenchContext, Section } from '../run/section.ts';

const DECISIONS = 20_000;
const BANS = 1_000;
const QUICK_BANS = 100;
const LIMIT_MS = 60_000;
const TOKEN = 'token-of-a-bench';
/** As in production. */
const PUSH_MS = 5_000;
/** Between two bans, so that a run without the lane spans several intervals. */
const PAUSE_MS = 10;

/** How often Caddy is reloaded while bans come one by one, each of them told to the bouncer at once. */
export const singleBanSection: Section = {
  name: 'bans',
  title: `reloads of Caddy during ${BANS.toLocaleString('en')} single bans, told one by one`,
  async run(context): Promise<Row[]> {
    return [await banOneByOne(context, false), await banOneByOne(context, true)];
  },
};

async function banOneByOne(context: BenchContext, withLane: boolean): Promise<Row> {
  const count = context.quick ? QUICK_BANS : BANS;
  const how = withLane ? 'with the lane' : 'without the lane';
  context.doing(`${count} single bans, ${how}`);
  const lapi = context.also(await FakeLapi.start(blocklist(DECISIONS)));
  const workbench = context.also(await Workbench.open());
  const port = await freePort();
  const sites = `http://:${port} {\n\tbind 127.0.0.1\n\trespond "ok"\n}`;
  const caddy = await workbench.caddy('newest', { kind: 'caddyfile', sites });
  const lane = { LANE_DIR: workbench.path('lane'), CADDY_PROBE_URL: `http://127.0.0.1:${port}` };
  const env = {
    CROWDSEC_LAPI_URL: lapi.url,
    CROWDSEC_BOUNCER_KEY: lapi.key,
    CADDY_ADMIN: caddy.admin,
    REDIS_URL: 'none',
    BOUNCER_TOKEN: TOKEN,
    STATE_DIR: workbench.path('bouncer-state'),
    PUSH_INTERVAL: `${PUSH_MS}ms`,
    ...(withLane ? lane : {}),
  };
  const bouncer = workbench.also(new BouncerProcess({ port: await freePort(), token: TOKEN, env }));
  await bouncer.start();
  await firstAnswer({ port, address: BANNED_CLIENT }, 403, LIMIT_MS);
  if (withLane) await untilLaneIsProven(bouncer);
  const before = await pushesOf(bouncer);
  const began = performance.now();
  for (let i = 1; i <= count; i++) {
    lapi.add(addressOf(i));
    await bouncer.refresh();
    await sleep(PAUSE_MS);
  }
  await firstAnswer({ port, address: addressOf(count) }, 403, LIMIT_MS);
  const seconds = (performance.now() - began) / 1_000;
  await untilSettled(bouncer); // a push is counted when it is confirmed
  const reloads = (await pushesOf(bouncer)) - before;
  await workbench.stop();
  await lapi.stop();
  return {
    name: `${how}: reloads during ${count.toLocaleString('en')} single bans`,
    value: reloads,
    unit: 'reloads',
    targets: [atMost(withLane ? 0 : Math.floor((seconds * 1_000) / PUSH_MS) + 1)],
    detail: `in ${seconds.toFixed(0)} s, until the last one was refused${withLane ? '' : '; one in 5 s is allowed'}`,
    figures: { seconds },
  };
}

/** On loopback, where a client can have any of these. */
function addressOf(i: number): string {
  return `127.26.${i >> 8}.${i & 255}`;
}

async function pushesOf(bouncer: BouncerProcess): Promise<number> {
  const { caddies } = await bouncerStatus(bouncer);
  return caddies.reduce((sum, { pushes }) => sum + pushes, 0);
}
