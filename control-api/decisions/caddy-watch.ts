import { setTimeout as sleep } from 'node:timers/promises';
import type { Address } from '../../bouncer/shared/net/prefix.ts';
import type { Clock } from '../../bouncer/shared/runtime/clock.ts';
import type { BouncerClient } from './bouncer-client.ts';

/** When one Caddy came round, from the beginning of the work; absent when it did not. */
export interface CaddyTime {
  readonly admin: string;
  readonly tookMs?: number;
}

interface WatchParts {
  readonly bouncer: Pick<BouncerClient, 'lookup'>;
  readonly clock: Clock;
}

const LOOK_EVERY_MS = 25;

/**
 * Does the work, and asks the bouncer again and again meanwhile, and once after it, whether each Caddy blocks this
 * address. No times where the bouncer cannot be asked.
 */
export async function timedAtCaddies<Result>(
  { bouncer, clock }: WatchParts,
  address: Address,
  wanted: 'yes' | 'no',
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly caddies: readonly CaddyTime[] }> {
  const times = new Map<string, number | undefined>();
  const startedAt = clock.monotonic();
  const over = new AbortController();
  const watch = async () => {
    for (;;) {
      const isLast = over.signal.aborted;
      const answer = await bouncer.lookup(address);
      const tookMs = Math.round(clock.monotonic() - startedAt);
      for (const { admin, enforced } of answer.kind === 'ok' ? answer.value.caddies : []) {
        times.set(admin, enforced === wanted ? (times.get(admin) ?? tookMs) : undefined);
      }
      if (isLast) return;
      await sleep(LOOK_EVERY_MS, undefined, { signal: over.signal }).catch(() => undefined);
    }
  };
  const watching = watch();
  const result = await work().finally(() => over.abort());
  await watching;
  const caddies = [...times].map(([admin, tookMs]) => ({ admin, ...(tookMs === undefined ? {} : { tookMs }) }));
  return { result, caddies };
}
