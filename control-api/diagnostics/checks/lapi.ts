import { lapiHealth } from '../../crowdsec/lapi-health.ts';
import { describeNetworkError } from '../../network-error.ts';
import { type Check, failed, ok, skipped, warning } from '../check.ts';

const WAIT = 'LAPI needs 30 to 60 seconds to start; then check that CrowdSec runs, and CROWDSEC_LAPI_URL.';

export const lapi: Check = {
  id: 'lapi',
  title: 'LAPI',
  group: 'connection',
  run: async ({ transport, config }) => {
    const health = await lapiHealth(transport);
    const { latencyMs } = health;
    if (health.kind === 'healthy') {
      return ok(`LAPI answers at ${config.CROWDSEC_LAPI_URL} (${latencyMs} ms)`, { word: 'healthy', latencyMs });
    }
    const message = `LAPI not available at ${config.CROWDSEC_LAPI_URL}: ${health.error}`;
    return failed(message, health.kind === 'unhealthy' ? 'Correct CROWDSEC_LAPI_URL.' : WAIT, {
      word: health.kind,
      latencyMs,
    });
  },
};

const KEY_CALL_MS = 5_000;

/** Without consuming a delta: `HEAD /v1/decisions?ip=` only checks the key, on every version. */
export const bouncerKey: Check = {
  id: 'bouncer_key',
  title: 'Bouncer key',
  group: 'configuration',
  run: async ({ transport, config, bouncers }) => {
    const key = config.CROWDSEC_BOUNCER_KEY;
    if (key === undefined) return fromBouncers(await bouncers());
    try {
      const headers = { 'x-api-key': key.reveal() };
      const path = '/v1/decisions?ip=127.0.0.1';
      const { status } = await transport.send({ method: 'HEAD', path, headers, timeoutMs: KEY_CALL_MS });
      if (status === 200) return ok('LAPI accepts the bouncer key');
      if (status !== 401 && status !== 403)
        return warning(`LAPI answered ${status} to the bouncer key`, 'See the log of CrowdSec.');
      return failed(
        'LAPI does not accept the bouncer key',
        'Make a new one (cscli bouncers add NAME), and set it as CROWDSEC_BOUNCER_KEY of the bouncer.',
      );
    } catch (error) {
      return skipped(`LAPI could not be asked: ${describeNetworkError(error).message}`);
    }
  },
};

function fromBouncers(bouncers: Awaited<ReturnType<Parameters<Check['run']>[0]['bouncers']>>) {
  if (bouncers === undefined || bouncers.length === 0)
    return skipped('no bouncer is there to tell whether its key is accepted');
  const refused = bouncers.find(
    ({ lapi: { state, error } }) => state === 'down' && /key|forbidden|\b40[13]\b/i.test(error ?? ''),
  );
  if (refused !== undefined) {
    return failed(
      `bouncer ${refused.id}: ${refused.lapi.error ?? 'LAPI does not accept its key'}`,
      refused.lapi.hint ??
        'Make a new key (cscli bouncers add NAME), and set it as CROWDSEC_BOUNCER_KEY of the bouncer.',
    );
  }
  if (bouncers.every(({ lapi: { state } }) => state === 'up')) return ok('LAPI accepts the key of every bouncer');
  return skipped('a bouncer does not reach LAPI, so its key could not be checked');
}

export const machineLogin: Check = {
  id: 'machine_login',
  title: 'Machine account',
  group: 'configuration',
  run: async ({ machine }) => {
    const result = await machine.login();
    if (result.kind === 'ok') return ok('LAPI accepts the machine account (needed to ban, unban and read alerts)');
    if (result.kind === 'unreachable') return skipped(result.message);
    return failed(result.message, result.hint);
  },
};

/** Ten missed polls at the default interval. */
const STALE_AFTER_MS = 100_000;

export const streamAge: Check = {
  id: 'stream_age',
  title: 'Decisions',
  group: 'configuration',
  run: async ({ bouncers, clock }) => {
    const all = await bouncers();
    if (all === undefined || all.length === 0)
      return skipped('no bouncer is there to tell when it last pulled decisions');
    const ages = all.map(({ lapi: { last_pull_at: at } }) =>
      at === undefined ? Number.POSITIVE_INFINITY : clock.wall() - Date.parse(at),
    );
    const oldest = Math.max(...ages);
    const hint = 'Check the bouncer’s log, its key, and that LAPI answers.';
    if (oldest === Number.POSITIVE_INFINITY) return failed('a bouncer has never pulled decisions', hint);
    const age = `${Math.max(0, Math.round(oldest / 1_000))} s ago`;
    return oldest > STALE_AFTER_MS
      ? failed(`decisions were last pulled ${age}: Caddy enforces an old set`, hint)
      : ok(`decisions were pulled ${age}`);
  },
};
