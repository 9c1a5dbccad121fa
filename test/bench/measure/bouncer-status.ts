import { setTimeout as sleep } from 'node:timers/promises';
import { bouncerStatusSchema, type BouncerStatus, type CaddyStatus } from '../../../bouncer/shared/domain/status.ts';
import type { BouncerProcess } from '../../../scripts/servers/sidecar.ts';
import { waitFor } from '../../support/wait-for.ts';

/** A push may follow the last one after this many times what that one took: see COST_FACTOR of the reconciler. */
const COST_FACTOR = 10;
const SPARE_MS = 50;
const SETTLED_WITHIN_MS = 120_000;

export async function bouncerStatus(bouncer: BouncerProcess): Promise<BouncerStatus> {
  return bouncerStatusSchema.parse(JSON.parse((await bouncer.get('/readyz')).body));
}

/** Waits until the bouncer may push again: a ban after a quiet time is measured, not the queue behind another ban. */
export async function untilPushIsFree(bouncer: BouncerProcess, intervalMs: number): Promise<void> {
  const caddy = await untilSettled(bouncer);
  if (caddy.last_push_at === undefined) return;
  const pause = Math.max(intervalMs, COST_FACTOR * (caddy.last_push_ms ?? 0)) + SPARE_MS;
  await sleep(Math.max(0, Date.parse(caddy.last_push_at) + pause - Date.now()));
}

/** Caddy enforces a push before the bouncer has confirmed it: until then its status tells of the push before. */
export async function untilSettled(bouncer: BouncerProcess): Promise<CaddyStatus> {
  const settled = async () => (await bouncerStatus(bouncer)).caddies.find(({ state }) => state === 'in_sync');
  return waitFor(settled, { what: 'Caddy to hold the newest rules', withinMs: SETTLED_WITHIN_MS });
}

/** Waits until Caddy was seen to see the lane, and asks it. */
export async function untilLaneIsProven(bouncer: BouncerProcess): Promise<void> {
  const isProven = async () =>
    (await bouncerStatus(bouncer)).caddies.every(({ state, lane }) => state === 'in_sync' && lane?.state === 'proven');
  await waitFor(isProven, { what: 'the lane to be proven', withinMs: SETTLED_WITHIN_MS });
}
