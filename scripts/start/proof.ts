import { setTimeout as sleep } from 'node:timers/promises';
import type { CrowdsecServer } from '../servers/crowdsec-server.ts';
import { call } from '../servers/http.ts';
import type { BouncerProcess } from '../servers/sidecar.ts';

/** On Linux all of 127/8 is this machine, so a client on loopback can be an address of its own. */
export const TEST_ADDRESS = '127.9.9.9';

const LIMIT_MS = 15_000;
const POLL_MS = 3;

export interface Proof {
  /** From the call that bans in LAPI to the first 403 of Caddy. */
  readonly bannedMs: number;
  /** From the call that lifts it to the first 200. */
  readonly liftedMs: number;
}

export interface Proven {
  readonly siteUrl: string;
  readonly crowdsec: CrowdsecServer;
  readonly bouncer: BouncerProcess;
  readonly bouncerLog: string;
}

/** A real ban through the whole chain: LAPI, bouncer, Caddy, and back. */
export async function prove({ siteUrl, crowdsec, bouncer, bouncerLog }: Proven): Promise<Proof> {
  // While Caddy changes its rules it may drop a connection that nobody has accepted yet: then one asks again.
  const status = () =>
    call({ url: siteUrl, localAddress: TEST_ADDRESS }).then(
      (answer) => answer.status,
      () => 'no answer' as const,
    );
  // A proof that was cut short may have left its ban; this also logs in to LAPI, which is no part of a ban's way.
  await crowdsec.unban(TEST_ADDRESS);
  await bouncer.refresh();
  await until(status, 200, 'before its ban', bouncerLog);
  const bannedMs = await timed(async () => {
    await crowdsec.ban(TEST_ADDRESS, { duration: '10m', reason: 'npm start proves itself' });
    await bouncer.refresh();
    await until(status, 403, 'after its ban', bouncerLog);
  });
  const liftedMs = await timed(async () => {
    await crowdsec.unban(TEST_ADDRESS);
    await bouncer.refresh();
    await until(status, 200, 'after its ban was lifted', bouncerLog);
  });
  return { bannedMs, liftedMs };
}

async function timed(action: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await action();
  return performance.now() - began;
}

async function until(
  status: () => Promise<number | 'no answer'>,
  wanted: number,
  when: string,
  log: string,
): Promise<void> {
  const limit = performance.now() + LIMIT_MS;
  for (;;) {
    const seen = await status();
    if (seen === wanted) return;
    if (performance.now() > limit) {
      throw new Error(
        `${TEST_ADDRESS} got ${seen} from Caddy ${LIMIT_MS / 1_000} s ${when}, and ${wanted} was expected.\n` +
          `The log of the bouncer says why: ${log}`,
      );
    }
    await sleep(POLL_MS);
  }
}
