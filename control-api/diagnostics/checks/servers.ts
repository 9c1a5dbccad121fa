import type { BouncerStatus, CaddyStatus } from '../../../bouncer/shared/domain/status.ts';
import { parseAdminAddress } from '../../../caddy/admin-address.ts';
import { CaddyAdmin } from '../../../caddy/admin-client.ts';
import { refusalOfWrites } from '../../redis-writes.ts';
import { type Check, type CheckResult, type Diagnosed, failed, ok, skipped } from '../check.ts';

export const redisCheck: Check = {
  id: 'redis',
  title: 'Redis',
  group: 'connection',
  run: async ({ redis, clock }) => {
    const hint = 'Start Redis, or correct REDIS_URL. Blocking goes on meanwhile.';
    if (redis.error !== undefined)
      return failed(`Redis is not available: ${redis.error}`, hint, { word: 'unreachable' });
    const startedAt = clock.monotonic();
    try {
      await redis.commands.ping();
    } catch (error) {
      return failed(`Redis is not available: ${(error as Error).message}`, hint, { word: 'unreachable' });
    }
    const latencyMs = Math.max(1, Math.round(clock.monotonic() - startedAt));
    const refusal = await refusalOfWrites(redis);
    if (refusal !== undefined) {
      const full = 'Raise its maxmemory, or make room on its disk. Blocking goes on meanwhile, with the last settings.';
      return failed(`Redis takes no writes: ${refusal}`, full, { word: 'unwritable', latencyMs });
    }
    return ok(`Redis answers (${latencyMs} ms)`, { word: 'healthy', latencyMs });
  },
};

const CADDY_MS = 5_000;

export const caddyCheck: Check = {
  id: 'caddy',
  title: 'Caddy',
  group: 'connection',
  run: async (diagnosed) => {
    const results = await Promise.all(diagnosed.config.CADDY_ADMIN.map((address) => pingCaddy(address, diagnosed)));
    const worst = results.find(({ status }) => status === 'failed') ?? results[0];
    if (worst === undefined) return failed('no Caddy is named', 'Set CADDY_ADMIN.', { word: 'unreachable' });
    return { ...worst, message: results.map(({ message }) => message).join('; ') };
  },
};

async function pingCaddy(text: string, { clock, bouncers }: Diagnosed): Promise<CheckResult> {
  const parsed = parseAdminAddress(text);
  if (parsed.kind === 'invalid') return failed(parsed.message, 'Correct CADDY_ADMIN.', { word: 'unreachable' });
  const admin = new CaddyAdmin(parsed.address, { connectMs: CADDY_MS, smallCallMs: CADDY_MS });
  const startedAt = clock.monotonic();
  const result = await admin.ping();
  const latencyMs = Math.max(1, Math.round(clock.monotonic() - startedAt));
  await admin.close();
  if (result.kind !== 'ok' && result.kind !== 'no-http-app') {
    const hint = 'Start Caddy, and check that its admin API is on and that CADDY_ADMIN names it.';
    return failed(result.message, hint, { word: 'unreachable', latencyMs });
  }
  const known = (await bouncers())?.flatMap(({ caddies }) => caddies).find((caddy) => caddy.admin === text);
  const version = known?.version === undefined ? '' : ` ${known.version}`;
  return ok(`Caddy${version} answers at ${text} (${latencyMs} ms)`, { word: 'healthy', latencyMs });
}

export const bouncerCheck: Check = {
  id: 'bouncer',
  title: 'Bouncer',
  group: 'connection',
  run: async ({ bouncers, redis }) => {
    const all = await bouncers();
    if (all === undefined) return skipped('Redis is not available, so the bouncers could not be asked');
    if (all.length === 0 && (await refusalOfWrites(redis)) !== undefined) {
      return skipped('Redis takes no writes, so no bouncer can say how it is');
    }
    if (all.length === 0) {
      const hint = 'Start it (bouncer run) with the same REDIS_URL; Caddy keeps its last rules meanwhile.';
      return failed('no bouncer is alive', hint, { word: 'offline' });
    }
    const unwell = all.find(({ ready }) => !ready);
    const states = all.map(
      ({ id, state, reasons }) => `${id} is ${state}${reasons.length > 0 ? ` (${reasons.join('; ')})` : ''}`,
    );
    if (unwell === undefined)
      return ok([states.join(', '), ...fleetSentence(all)].join('; '), { word: all[0]?.state ?? 'ok' });
    return failed(states.join(', '), unwell.lapi.hint ?? 'See the reasons here, and the log of the bouncer.', {
      word: unwell.state,
    });
  },
};

/** Of more than one: who pulls from LAPI. */
function fleetSentence(bouncers: readonly BouncerStatus[]): string[] {
  if (bouncers.length < 2) return [];
  return bouncers.flatMap(({ id, stream }) => {
    if (stream?.role === 'leader') return [`${id} pulls from LAPI for all`];
    return stream?.role === 'alone' ? [`${id} pulls for itself (${stream.reason ?? 'without the others'})`] : [];
  });
}

export const everyCaddy = async ({ bouncers }: Diagnosed): Promise<readonly CaddyStatus[]> =>
  ((await bouncers()) ?? []).flatMap(({ caddies }) => caddies);

export const rulesInPlace: Check = {
  id: 'rules',
  title: 'Rules in Caddy',
  group: 'configuration',
  run: async (diagnosed) => {
    const caddies = await everyCaddy(diagnosed);
    if (caddies.length === 0) return skipped('no bouncer is there to tell whether Caddy holds the rules');
    const bad = caddies.find(({ state }) => state !== 'in_sync');
    if (bad === undefined) {
      const entries = caddies.reduce((sum, caddy) => sum + caddy.entries, 0);
      return ok(`every Caddy holds the newest rules (${entries} entries)`);
    }
    const why = bad.error === undefined ? '' : `: ${bad.error}`;
    return failed(`Caddy ${bad.admin} is ${bad.state}${why}`, bad.hint ?? 'See the log of the bouncer.');
  },
};
