import { setTimeout as sleep } from 'node:timers/promises';
import { bouncerStatusSchema, type BouncerStatus } from '../../../bouncer/shared/domain/status.ts';
import type { BouncerProcess } from '../../../scripts/servers/sidecar.ts';

/** A push may follow the last one after this many times what that one took: see COST_FACTOR of the reconciler. */
const COST_FACTOR = 10;
const SPARE_MS = 50;

export async function bouncerStatus(bouncer: BouncerProcess): Promise<BouncerStatus> {
  return bouncerStatusSchema.parse(JSON.parse((await bouncer.get('/readyz')).body));
}

/** Waits until the bouncer may push again: a ban after a quiet time is measured, not the queue behind another ban. */
export async function untilPushIsFree(bouncer: BouncerProcess, intervalMs: number): Promise<void> {
  const [caddy] = (await bouncerStatus(bouncer)).caddies;
  if (caddy?.last_push_at === undefined) return;
  const pause = Math.max(intervalMs, COST_FACTOR * (caddy.last_push_ms ?? 0)) + SPARE_MS;
  await sleep(Math.max(0, Date.parse(caddy.last_push_at) + pause - Date.now()));
}
